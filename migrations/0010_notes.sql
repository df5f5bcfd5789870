-- Notes: what scripts and tools chose to remember, each with where it came from.

CREATE TABLE notes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    text       TEXT NOT NULL,
    source     TEXT NOT NULL,
    tags       TEXT NOT NULL,
    session    TEXT,
    agent      TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE VIRTUAL TABLE notes_fts USING fts5 (
    text,
    tags,
    content = 'notes',
    content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER notes_added AFTER INSERT ON notes BEGIN
    INSERT INTO notes_fts (rowid, text, tags) VALUES (new.id, new.text, new.tags);
END;

CREATE TRIGGER notes_removed AFTER DELETE ON notes BEGIN
    INSERT INTO notes_fts (notes_fts, rowid, text, tags) VALUES ('delete', old.id, old.text, old.tags);
END;
