//! What a piece of writing works with: the connection, its statements, and the lock of this program.

use super::owner::Owner;
use rusqlite::{Connection, OptionalExtension, Params, Result, Row, Statement};
use std::collections::HashMap;

/// The writer's place of work. Statements are compiled once and kept: compiling costs more than
/// running them does.
pub(super) struct Desk<'c> {
    conn: &'c Connection,
    kept: HashMap<&'static str, Statement<'c>>,
    /// This program as an owner of turns.
    pub(super) owner: Owner,
    /// Whether there may be messages that the search does not know yet.
    pub(super) behind: bool,
}

impl<'c> Desk<'c> {
    pub(super) fn new(conn: &'c Connection, owner: Owner) -> Self {
        Self { conn, kept: HashMap::new(), owner, behind: true }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(super) fn run(&mut self, sql: &'static str, params: impl Params) -> Result<usize> {
        self.statement(sql)?.execute(params)
    }

    /// The first row of an answer, if it has one.
    pub(super) fn row<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.statement(sql)?.query_row(params, read).optional()
    }

    /// All rows of an answer.
    pub(super) fn rows<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.statement(sql)?.query_map(params, read)?.collect()
    }

    /// Whether a transaction is open. SQLite ends one by itself on grave errors, such as a full disk.
    pub(super) fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    fn statement(&mut self, sql: &'static str) -> Result<&mut Statement<'c>> {
        use std::collections::hash_map::Entry;
        match self.kept.entry(sql) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => Ok(entry.insert(self.conn.prepare(sql)?)),
        }
    }
}
