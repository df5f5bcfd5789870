//! What a piece of writing works with: the connection, its statements, and the lock of this program.

use super::{error::Fault, owner::Owner, view::View};
use rusqlite::{Connection, OptionalExtension, Params, Row, Statement};
use std::collections::HashMap;

/// The writer's place of work. Statements are compiled once and kept: compiling costs more than
/// running them does.
pub(super) struct Desk<'c> {
    conn: &'c Connection,
    /// By place and length of the text: texts are constants.
    kept: HashMap<(*const u8, usize), Statement<'c>>,
    /// How many statements were run.
    pub(super) ran: u64,
    /// This program as an owner of turns.
    pub(super) owner: Owner,
    /// Whether there may be messages that the search does not know yet.
    pub(super) behind: bool,
}

impl<'c> Desk<'c> {
    pub(super) fn new(conn: &'c Connection, owner: Owner) -> Self {
        Self { conn, kept: HashMap::new(), ran: 0, owner, behind: true }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(super) fn run(&mut self, sql: &'static str, params: impl Params) -> rusqlite::Result<usize> {
        self.statement(sql)?.execute(params)
    }

    /// The first row of an answer, if it has one.
    pub(super) fn row<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.statement(sql)?.query_row(params, read).optional()
    }

    /// All rows of an answer.
    pub(super) fn rows<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.statement(sql)?.query_map(params, read)?.collect()
    }

    /// Looks at something, in one state of the database throughout. Needs no lock for writing.
    pub(super) fn look<T>(
        &mut self,
        look: impl FnOnce(&mut View<'_, 'c>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.in_transaction() {
            return look(&mut View::Desk(self));
        }
        self.run("SAVEPOINT look", [])?;
        let seen = look(&mut View::Desk(self));
        let released = self.run("RELEASE look", []);
        let seen = seen?;
        released?;
        Ok(seen)
    }

    /// Whether a transaction is open. SQLite ends one by itself on grave errors, such as a full disk.
    pub(super) fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    fn statement(&mut self, sql: &'static str) -> rusqlite::Result<&mut Statement<'c>> {
        use std::collections::hash_map::Entry;
        self.ran += 1;
        match self.kept.entry((sql.as_ptr(), sql.len())) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(self.conn.prepare(sql)?)),
        }
    }
}
