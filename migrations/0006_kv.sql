-- What scripts keep under keys. Values are JSON.

CREATE TABLE kv (
    key        TEXT PRIMARY KEY NOT NULL,
    value      TEXT NOT NULL,
    expires_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX kv_expiring ON kv (expires_ms) WHERE expires_ms IS NOT NULL;

-- Counting all entries before each new one would read the whole table.
CREATE TABLE kv_size (
    entries INTEGER NOT NULL,
    bytes   INTEGER NOT NULL
) STRICT;

INSERT INTO kv_size (entries, bytes) VALUES (0, 0);

CREATE TRIGGER kv_added AFTER INSERT ON kv BEGIN
    UPDATE kv_size SET entries = entries + 1,
        bytes = bytes + octet_length(new.key) + octet_length(new.value);
END;

CREATE TRIGGER kv_changed AFTER UPDATE OF value ON kv BEGIN
    UPDATE kv_size SET bytes = bytes + octet_length(new.value) - octet_length(old.value);
END;

CREATE TRIGGER kv_removed AFTER DELETE ON kv BEGIN
    UPDATE kv_size SET entries = entries - 1,
        bytes = bytes - octet_length(old.key) - octet_length(old.value);
END;
