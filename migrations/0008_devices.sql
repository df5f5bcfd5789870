-- Programs that were let in from outside. Tokens are kept as SHA-256; a device that was shut out
-- stays listed.

CREATE TABLE devices (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    token      BLOB UNIQUE NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER,
    expires_ms INTEGER,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
