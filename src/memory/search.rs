//! Full-text search over messages.

use super::{Memory, error::Fault};
use crate::domain::{
    id::SessionId,
    store::{Found, StoreError},
};
use rusqlite::{Connection, Row, named_params};

/// How many words of a query count; what follows is ignored.
pub const SEARCH_WORDS: usize = 32;
/// About how many words a found passage shows.
pub const SNIPPET_WORDS: i64 = 16;
/// Where more messages have the words, so many of the newest are compared.
pub const COMPARED: usize = 300;
/// The last word of a query may be the beginning of one from so many bytes on: shorter ones begin half
/// of all words.
const LEAST_BEGINNING: usize = 3;

/// The messages with the words, by FTS5's own measure. It goes through all messages that have one of
/// the words, so it is for words that few have.
const BEST: &str =
    "SELECT m.session, m.id, m.role, snippet(messages_fts, 0, '[', ']', '…', :words), m.created_ms
    FROM messages_fts JOIN messages m ON m.id = messages_fts.rowid
    WHERE messages_fts MATCH :query AND (:session IS NULL OR m.session = :session)
    ORDER BY messages_fts.rank, m.id DESC LIMIT :limit";

/// The newest messages with the words, those first in which the words are the most of the text. The
/// index gives the newest without a look at the others.
macro_rules! newest {
    ($only:literal) => {
        concat!(
            "SELECT m.session, m.id, m.role, found.passage, m.created_ms FROM
                (SELECT rowid AS id, snippet(messages_fts, 0, '[', ']', '…', :words) AS passage,
                    highlight(messages_fts, 0, char(1), '') AS marked
                FROM messages_fts WHERE messages_fts MATCH :query ",
            $only,
            " ORDER BY rowid DESC LIMIT :compared) AS found
            JOIN messages m ON m.id = found.id
            ORDER BY (length(marked) - length(replace(marked, char(1), ''))) * 1.0 / (200 + length(marked)) DESC,
                m.id DESC"
        )
    };
}
const NEWEST: &str = newest!("");
/// The plus keeps SQLite from asking the index for each message of the conversation.
const NEWEST_IN: &str = newest!(
    "AND rowid >= (SELECT min(id) FROM messages WHERE session = :session)
    AND rowid <= (SELECT max(id) FROM messages WHERE session = :session)
    AND +rowid IN (SELECT id FROM messages WHERE session = :session)"
);

impl Memory {
    /// Messages that hold all words of `query`, best first, at most `limit`. The last word, from three
    /// letters on, may be the beginning of one where too few messages have it as it is. Case and
    /// accents don't count. Nothing in a query has a special meaning, and one without words finds
    /// nothing. Of words that more than [`COMPARED`] messages have, the newest so many are compared.
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
        let words = words(query);
        let Some(last) = words.last().filter(|_| limit > 0) else { return Ok(Vec::new()) };
        let may_go_on = last.len() - QUOTES >= LEAST_BEGINNING;
        self.index().await?;
        let session = session.map(|session| session.as_str().to_owned());
        self.read(move |conn| {
            let exact = words.join(" ");
            let mut search = Search { conn, session: session.as_deref(), limit };
            let found = search.with(&exact, true)?;
            if found.len() >= limit || !may_go_on {
                return Ok(found);
            }
            search.with(&format!("{exact}*"), found.is_empty())
        })
        .await
    }
}

/// The quotes around a word.
const QUOTES: usize = 2;

/// One search.
struct Search<'a> {
    conn: &'a Connection,
    session: Option<&'a str>,
    limit: usize,
}

impl Search<'_> {
    /// The messages that fit an expression, best first. `measured`: by FTS5's measure where few fit.
    fn with(&mut self, query: &str, measured: bool) -> Result<Vec<Found>, Fault> {
        let compared = self.limit.max(COMPARED);
        // One more: whether these are all.
        let many = i64::try_from(compared.saturating_add(1)).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare(if self.session.is_some() { NEWEST_IN } else { NEWEST })?;
        let rows = match self.session {
            Some(session) => statement.query_map(
                named_params! { ":query": query, ":words": SNIPPET_WORDS, ":compared": many, ":session": session },
                read,
            )?,
            None => statement
                .query_map(named_params! { ":query": query, ":words": SNIPPET_WORDS, ":compared": many }, read)?,
        };
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        if measured && found.len() <= compared && found.len() > 1 {
            return self.best(query);
        }
        found.truncate(self.limit);
        Ok(found)
    }

    fn best(&self, query: &str) -> Result<Vec<Found>, Fault> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let params = named_params! {
            ":query": query, ":words": SNIPPET_WORDS, ":session": self.session, ":limit": limit,
        };
        Ok(self.conn.prepare(BEST)?.query_map(params, read)?.collect::<Result<_, _>>()?)
    }
}

/// Each word of a query as an FTS5 string, in which nothing but `"` is special. Control characters part
/// words: FTS5 ends an expression at the first NUL.
fn words(query: &str) -> Vec<String> {
    query
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(SEARCH_WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect()
}

/// An expression for all words of a query, of which the last may be the beginning of one.
pub(super) fn expression(query: &str) -> Option<String> {
    let words = words(query);
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
