-- Full-text search over all messages. The index holds no text of its own.
--
-- Indexing costs more than storing, so it is done later and for many messages at once: whatever has
-- an id up to `upto` is in the index. Triggers keep that true when messages go or change.

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    content,
    content = 'messages',
    content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TABLE messages_indexed (
    upto INTEGER NOT NULL
) STRICT;

INSERT INTO messages_indexed (upto) VALUES (0);

CREATE TRIGGER messages_removed AFTER DELETE ON messages
WHEN old.id <= (SELECT upto FROM messages_indexed) BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
END;

CREATE TRIGGER messages_changed AFTER UPDATE OF content ON messages
WHEN old.id <= (SELECT upto FROM messages_indexed) BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content) VALUES ('delete', old.id, old.content);
    INSERT INTO messages_fts (rowid, content) VALUES (new.id, new.content);
END;
