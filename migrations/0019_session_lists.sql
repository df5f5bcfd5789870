-- Conversations of one channel, the newest first, without a look at those of others.
CREATE INDEX sessions_channel ON sessions (channel, touched_ms, id);
