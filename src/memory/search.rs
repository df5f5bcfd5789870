//! Full-text search over messages.

use super::Memory;
use crate::domain::{
    id::SessionId,
    store::{Found, StoreError},
};
use rusqlite::Row;

/// How many words of a query count; what follows is ignored.
pub const SEARCH_WORDS: usize = 32;
/// About how many words a found passage shows.
pub const SNIPPET_WORDS: i64 = 16;

const SEARCH_IN: &str =
    "SELECT m.session, m.id, m.role, snippet(messages_fts, 0, '[', ']', '…', ?2), m.created_ms
    FROM messages_fts JOIN messages m ON m.id = messages_fts.rowid
    WHERE messages_fts MATCH ?1 AND m.session = ?4 ORDER BY messages_fts.rank, m.id DESC LIMIT ?3";
const SEARCH: &str =
    "SELECT m.session, m.id, m.role, snippet(messages_fts, 0, '[', ']', '…', ?2), m.created_ms
    FROM messages_fts JOIN messages m ON m.id = messages_fts.rowid
    WHERE messages_fts MATCH ?1 ORDER BY messages_fts.rank, m.id DESC LIMIT ?3";

impl Memory {
    /// Messages that hold all words of `query`, best first, at most `limit`. The last word may be the
    /// beginning of one. Case and accents don't count. Nothing in a query has a special meaning,
    /// and one without words finds nothing.
    pub async fn search(&self, query: &str, limit: usize) -> Result<Vec<Found>, StoreError> {
        self.search_in(query, None, limit).await
    }

    /// The same in one conversation alone; `None`: in all.
    pub async fn search_in(
        &self,
        query: &str,
        session: Option<&SessionId>,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let Some(expression) = expression(query) else { return Ok(Vec::new()) };
        self.index().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let session = session.map(|session| session.as_str().to_owned());
        self.read(move |conn| {
            let rows = match session {
                Some(session) => conn
                    .prepare(SEARCH_IN)?
                    .query_map((expression, SNIPPET_WORDS, limit, session), read)?
                    .collect::<Result<_, _>>()?,
                None => conn
                    .prepare(SEARCH)?
                    .query_map((expression, SNIPPET_WORDS, limit), read)?
                    .collect::<Result<_, _>>()?,
            };
            Ok(rows)
        })
        .await
    }
}

/// Each word as an FTS5 string, in which nothing but `"` is special. Control characters part words:
/// FTS5 ends an expression at the first NUL.
pub(super) fn expression(query: &str) -> Option<String> {
    let words = query
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(SEARCH_WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(" ") + "*")
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        session: SessionId::from(row.get::<_, String>(0)?),
        message: row.get(1)?,
        role: row.get(2)?,
        snippet: row.get(3)?,
        at_ms: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn words_are_quoted_and_the_last_may_go_on() {
        let cases = [
            ("", None),
            (" \t\n", None),
            ("\"\" * ( ^ -", None),
            ("disk", Some(r#""disk"*"#)),
            ("disk NEAR usage", Some(r#""disk" "NEAR" "usage"*"#)),
            ("say \"hi\" a\0b", Some(r#""say" """hi""" "a" "b"*"#)),
        ];
        for (query, expected) in cases {
            assert_eq!(expression(query).as_deref(), expected, "from {query:?}");
        }
    }
}
