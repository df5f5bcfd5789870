-- Skills that their user trusts: one content for each name.

CREATE TABLE skills (
    name        TEXT PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    trusted_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
