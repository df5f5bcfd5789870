-- Work that made the program panic is set aside after the second time.

-- How often the delivery of a message panicked.
ALTER TABLE outbox ADD COLUMN panics INTEGER NOT NULL DEFAULT 0;
-- Why a job does not run any more: until somebody retries or drops what was set aside.
ALTER TABLE cron_jobs ADD COLUMN set_aside TEXT;
