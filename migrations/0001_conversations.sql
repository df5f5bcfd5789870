-- Conversations: sessions, the turns in them, their messages, and what stands for old messages.

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT UNIQUE,
    channel    TEXT NOT NULL,
    agent      TEXT NOT NULL,
    workspace  TEXT NOT NULL,
    title      TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    touched_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_touched ON sessions (touched_ms, id);

-- `instance` names the program that runs the turn: it holds a lock on run/<instance>.lock.
CREATE TABLE turns (
    id         TEXT PRIMARY KEY NOT NULL,
    session    TEXT NOT NULL REFERENCES sessions (id),
    status     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    user       TEXT NOT NULL,
    instance   TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX turns_session ON turns (session, status);
-- Recovery looks here only; it is empty or nearly so.
CREATE INDEX turns_running ON turns (instance) WHERE status = 'running';

-- `turn` is checked when a message is stored. A foreign key would need one more index.
CREATE TABLE messages (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    session      TEXT NOT NULL REFERENCES sessions (id),
    turn         TEXT NOT NULL,
    role         TEXT NOT NULL,
    content      TEXT NOT NULL,
    tool_calls   TEXT,
    tool_call_id TEXT,
    meta         TEXT,
    created_ms   INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_session ON messages (session);

-- The newest one of a session stands for all its messages up to `upto`.
CREATE TABLE summaries (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL REFERENCES sessions (id),
    upto    INTEGER NOT NULL,
    text    TEXT NOT NULL,
    at_ms   INTEGER NOT NULL
) STRICT;

CREATE INDEX summaries_session ON summaries (session);
