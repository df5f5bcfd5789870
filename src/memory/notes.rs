//! Notes: what was chosen to be remembered, with where it came from.

use super::{
    Memory,
    clock::now_ms,
    search::{SNIPPET_WORDS, expression},
};
use crate::domain::{
    id::SessionId,
    primitives::NewNote,
    store::{FoundNote, Note, StoreError},
};
use rusqlite::Row;

/// Bytes of a note's text, at most.
pub const NOTE_BYTES: usize = 64 << 10;
/// Notes that are kept, at most.
pub const NOTES: i64 = 100_000;

const ADD: &str = "INSERT INTO notes (text, source, tags, session, agent, created_ms)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM notes) < ?7 RETURNING id";
const LIST: &str = "SELECT id, text, source, tags, session, agent, created_ms, '' FROM notes
    WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?2) ORDER BY id DESC LIMIT ?1";
const SEARCH: &str = "SELECT n.id, n.text, n.source, n.tags, n.session, n.agent, n.created_ms,
    snippet(notes_fts, 0, '[', ']', '…', ?2) FROM notes_fts JOIN notes n ON n.id = notes_fts.rowid
    WHERE notes_fts MATCH ?1 ORDER BY notes_fts.rank, n.id DESC LIMIT ?3";
const REMOVE: &str = "DELETE FROM notes WHERE id = ?1";

impl Memory {
    /// Keeps a note. Returns its id.
    pub async fn add_note(&self, note: NewNote) -> Result<i64, StoreError> {
        let size = note.text.len() + note.source.len() + note.tags.iter().map(String::len).sum::<usize>();
        if size > NOTE_BYTES {
            let message = format!("a note takes at most {NOTE_BYTES} bytes, this one has {size}");
            return Err(StoreError::Refused(message));
        }
        self.write(move |desk| {
            let tags = serde_json::Value::from(note.tags).to_string();
            let session = note.session.as_ref().map(SessionId::as_str);
            let row = (note.text, note.source, tags, session, note.agent, now_ms(), NOTES);
            desk.row(ADD, row, |row| row.get(0))?.ok_or_else(|| {
                StoreError::Refused(format!("{NOTES} notes are kept already; remove some first")).into()
            })
        })
        .await
    }

    /// At most `limit` notes, the newest first; with `tag` those only that have it.
    pub async fn notes(&self, tag: Option<String>, limit: usize) -> Result<Vec<Note>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| {
            let mut statement = conn.prepare(LIST)?;
            let rows = statement.query_map((limit, tag), |row| Ok(read(row)?.note))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Notes that hold all words of `query` in text or tags, best first. The last word may be the
    /// beginning of one.
    pub async fn search_notes(&self, query: &str, limit: usize) -> Result<Vec<FoundNote>, StoreError> {
        let Some(expression) = expression(query) else { return Ok(Vec::new()) };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(move |conn| {
            let mut statement = conn.prepare(SEARCH)?;
            let rows = statement.query_map((expression, SNIPPET_WORDS, limit), read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes a note; says whether there was one.
    pub async fn remove_note(&self, id: i64) -> Result<bool, StoreError> {
        self.write(move |desk| Ok(desk.run(REMOVE, [id])? > 0)).await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<FoundNote> {
    let tags: String = row.get(3)?;
    let note = Note {
        id: row.get(0)?,
        text: row.get(1)?,
        source: row.get(2)?,
        // Written by us; whatever else it may be, the note itself is worth showing.
        tags: serde_json::from_str(&tags).unwrap_or_default(),
        session: row.get::<_, Option<String>>(4)?.map(SessionId::from),
        agent: row.get(5)?,
        at_ms: row.get(6)?,
    };
    Ok(FoundNote { note, snippet: row.get(7)? })
}
