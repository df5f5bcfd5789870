-- A message may go out in several parts: how many of them are known to have arrived, and whether the
-- next one may have, too, because the program that sent it died before it heard.
ALTER TABLE outbox ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
