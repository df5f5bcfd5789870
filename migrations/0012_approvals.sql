-- Questions to people who are reached by a channel: may this call run?

-- `state`: open, yes, no, expired, withdrawn. `print` is the hash of what the call would do. `request`
-- is the call, and where and for whom, as JSON. `inbox` is the message whose turn goes on when the
-- question is answered in a later run of the program; without one the question ends with `instance`,
-- the program that asked. `used_ms`: when a yes was taken for running the call.
CREATE TABLE approvals (
    id         TEXT PRIMARY KEY NOT NULL,
    turn       TEXT NOT NULL,
    call       TEXT NOT NULL,
    print      TEXT NOT NULL,
    request    TEXT NOT NULL,
    text       TEXT NOT NULL,
    inbox      INTEGER,
    state      TEXT NOT NULL,
    instance   TEXT NOT NULL,
    asked_ms   INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    decided_ms INTEGER,
    decided_by TEXT,
    used_ms    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX approvals_turn ON approvals (turn);
CREATE INDEX approvals_open ON approvals (asked_ms) WHERE state = 'open';

-- Who may decide, and where each is asked.
CREATE TABLE approval_people (
    question     TEXT NOT NULL REFERENCES approvals (id) ON DELETE CASCADE,
    channel      TEXT NOT NULL,
    user         TEXT NOT NULL,
    conversation TEXT NOT NULL,
    PRIMARY KEY (question, channel, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX approval_people_person ON approval_people (channel, user);

-- The turn that answers a message.
ALTER TABLE inbox ADD COLUMN turn TEXT;
