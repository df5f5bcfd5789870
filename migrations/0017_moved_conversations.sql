-- A conversation of a platform may be given another id: what is sent to the old one goes to the new one.
CREATE TABLE moved_conversations (
    channel TEXT NOT NULL,
    old     TEXT NOT NULL,
    new     TEXT NOT NULL,
    PRIMARY KEY (channel, old)
) STRICT, WITHOUT ROWID;

-- Parts of messages that are being gathered: `state` is held until they are handed in, then joined.
CREATE INDEX inbox_held ON inbox (channel, id) WHERE state = 'held';
