//! Whether the database is whole.

use super::Memory;
use crate::domain::store::StoreError;

/// Problems that are told at most.
const MOST: usize = 5;

impl Memory {
    /// What SQLite finds wrong with the file; nothing when it is whole. Reads all of it.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read(|conn| {
            let sql = format!("PRAGMA quick_check({MOST})");
            let rows: Vec<String> =
                conn.prepare(&sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(rows.into_iter().filter(|row| row != "ok").collect())
        })
        .await
    }
}
