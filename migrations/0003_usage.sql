-- What model calls cost. A row outlives its session (which is then NULL): money spent stays spent.

CREATE TABLE usage (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    session   TEXT REFERENCES sessions (id),
    turn      TEXT,
    agent     TEXT NOT NULL,
    model     TEXT NOT NULL,
    input     INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    usd       REAL,
    estimated INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX usage_session ON usage (session);
CREATE INDEX usage_agent ON usage (agent, at_ms, usd);
