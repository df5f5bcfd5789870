-- Whoever hands a message in may name a URL for the answer, or ask for it later: in the words in which it left.
ALTER TABLE inbox ADD COLUMN callback TEXT;
ALTER TABLE outbox ADD COLUMN said TEXT;
CREATE INDEX outbox_notes ON outbox (channel, conversation, id) WHERE inbox IS NULL AND state = 'sent';
