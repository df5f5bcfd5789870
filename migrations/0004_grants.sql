-- Standing approvals: "always, for exactly this call".

CREATE TABLE grants (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    agent       TEXT NOT NULL,
    tool        TEXT NOT NULL,
    args        TEXT NOT NULL,
    workspace   TEXT NOT NULL,
    granted_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
