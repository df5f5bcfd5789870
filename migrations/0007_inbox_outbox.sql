-- Messages of channels: what came in, what goes out, and which session belongs to which conversation.

-- `state`: new, answering, done, failed, interrupted. `instance` names the program that answers.
CREATE TABLE inbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    channel      TEXT NOT NULL,
    message      TEXT NOT NULL,
    conversation TEXT NOT NULL,
    user         TEXT NOT NULL,
    text         TEXT NOT NULL,
    state        TEXT NOT NULL,
    instance     TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    UNIQUE (channel, message)
) STRICT;

CREATE INDEX inbox_open ON inbox (channel, id) WHERE state IN ('new', 'answering');
CREATE INDEX inbox_unanswered ON inbox (channel, conversation, id) WHERE state IN ('failed', 'interrupted');

-- `state`: pending, sending, sent, failed. `inbox` is what it answers: each message has one answer.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    channel      TEXT NOT NULL,
    conversation TEXT NOT NULL,
    text         TEXT NOT NULL,
    inbox        INTEGER UNIQUE,
    state        TEXT NOT NULL,
    instance     TEXT NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    due_ms       INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_open ON outbox (channel, conversation, id) WHERE state IN ('pending', 'sending');

CREATE TABLE conversations (
    channel      TEXT NOT NULL,
    conversation TEXT NOT NULL,
    session      TEXT NOT NULL,
    PRIMARY KEY (channel, conversation)
) STRICT, WITHOUT ROWID;
