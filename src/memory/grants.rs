//! Standing approvals.

use super::Memory;
use crate::domain::{
    BoxFuture,
    approval::{Grant, Grants},
    store::StoreError,
};
use rusqlite::Row;
use std::future::ready;

const GRANTED: &str = "SELECT EXISTS (SELECT 1 FROM grants WHERE fingerprint = ?1)";
const GRANT: &str = "INSERT OR IGNORE INTO grants (fingerprint, agent, tool, args, workspace, granted_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const ALL: &str = "SELECT fingerprint, agent, tool, args, workspace, granted_ms FROM grants
    ORDER BY granted_ms, fingerprint";
const REVOKE: &str = "DELETE FROM grants WHERE substr(fingerprint, 1, length(?1)) = ?1";

impl Grants for Memory {
    fn granted<'a>(&'a self, fingerprint: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let granted =
            self.glance(|view| Ok(view.row(GRANTED, [fingerprint], |row| row.get(0))?.unwrap_or_default()));
        Box::pin(ready(granted))
    }

    fn grant(&self, grant: Grant) -> BoxFuture<'_, Result<(), StoreError>> {
        self.write(move |desk| {
            let Grant { fingerprint, agent, tool, args, workspace, granted_ms } = grant;
            desk.run(GRANT, (fingerprint, agent, tool, args, workspace, granted_ms))?;
            Ok(())
        })
    }
}

impl Memory {
    /// All standing approvals, oldest first.
    pub async fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        self.read(|conn| Ok(conn.prepare(ALL)?.query_map([], read)?.collect::<Result<_, _>>()?)).await
    }

    /// Withdraws the approvals whose fingerprint begins with `prefix`; says how many there were. An
    /// empty prefix fits none.
    pub async fn revoke(&self, prefix: &str) -> Result<usize, StoreError> {
        let prefix = prefix.trim().to_ascii_lowercase();
        if prefix.is_empty() {
            return Ok(0);
        }
        self.write(move |desk| Ok(desk.run(REVOKE, [prefix])?)).await
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        fingerprint: row.get(0)?,
        agent: row.get(1)?,
        tool: row.get(2)?,
        args: row.get(3)?,
        workspace: row.get(4)?,
        granted_ms: row.get(5)?,
    })
}
