-- A message may ask a question, known by its id, and carry files: a JSON array of paths.
ALTER TABLE outbox ADD COLUMN question TEXT;
ALTER TABLE outbox ADD COLUMN files TEXT;
