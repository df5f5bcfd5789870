//! What somebody works with who only looks.

use super::desk::Desk;
use rusqlite::{Connection, OptionalExtension, Params, Row};

/// A connection, by which nothing is written.
pub(super) enum View<'d, 'c> {
    /// The writer's own.
    Desk(&'d mut Desk<'c>),
    /// One that can't write.
    Reader(&'d Connection),
}

impl View<'_, '_> {
    /// The first row of an answer, if it has one.
    pub(super) fn row<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        match self {
            Self::Desk(desk) => desk.row(sql, params, read),
            Self::Reader(conn) => conn.prepare_cached(sql)?.query_row(params, read).optional(),
        }
    }

    /// All rows of an answer.
    pub(super) fn rows<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        match self {
            Self::Desk(desk) => desk.rows(sql, params, read),
            Self::Reader(conn) => conn.prepare_cached(sql)?.query_map(params, read)?.collect(),
        }
    }
}
