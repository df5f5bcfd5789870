//! Jobs of older versions: they belonged to the absolute path of the file that declares them, which changes
//! when the home moves. Now they belong to a name that does not.

use super::list;
use crate::{
    domain::store::StoreError,
    memory::{Memory, desk::Desk, error::Fault},
};
use rusqlite::Connection;
use std::path::Path;

const KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM cron_jobs WHERE config = ?1)
    OR EXISTS (SELECT 1 FROM cron_runs WHERE config = ?1)";
/// Paths, the one with the newest run first.
const PATHS: &str = "SELECT config, max(run) AS newest FROM
        (SELECT config, 0 AS run FROM cron_jobs UNION ALL SELECT config, id FROM cron_runs)
    WHERE config LIKE '/%' GROUP BY config ORDER BY newest DESC";
const MOVE: [&str; 2] = [
    "UPDATE OR IGNORE cron_jobs SET config = ?2 WHERE config = ?1",
    "UPDATE OR IGNORE cron_runs SET config = ?2 WHERE config = ?1",
];

/// What a configuration was known by in older versions.
#[derive(Clone, Debug)]
pub struct FormerConfig {
    /// The path of its file here.
    pub path: String,
    /// How that path ended where the home was before; `None`: it was no other.
    pub end: Option<String>,
}

impl Memory {
    /// The name that the jobs of a configuration are stored under: its own, or a former one that nobody has
    /// changed yet. Only looks.
    pub async fn stored_config(&self, name: &str, former: FormerConfig) -> Result<String, StoreError> {
        let name = name.to_owned();
        self.read(move |conn| {
            let known = conn.query_row(KNOWN, [&name], |row| row.get(0))?;
            let found = if known { None } else { former_name(paths(conn)?, &former) };
            Ok(found.unwrap_or(name))
        })
        .await
    }

    /// Gives the jobs and runs that are stored under a former name to this one. Returns the former name.
    pub async fn rename_config(
        &self,
        name: &str,
        former: FormerConfig,
    ) -> Result<Option<String>, StoreError> {
        // Once it was done, a look is all.
        let paths = self.read(paths).await?;
        let (name, found) = (name.to_owned(), former_name(paths, &former));
        let Some(found) = found.filter(|found| *found != name) else { return Ok(None) };
        self.write(move |desk| rename(desk, &found, &name)).await
    }
}

fn rename(desk: &mut Desk<'_>, found: &str, name: &str) -> Result<Option<String>, Fault> {
    let mut moved = 0;
    for sql in MOVE {
        moved += desk.run(sql, (found, name))?;
    }
    Ok((moved > 0).then(|| found.to_owned()))
}

fn paths(conn: &Connection) -> Result<Vec<String>, Fault> {
    list(conn, PATHS, [], |row| row.get(0))
}

/// That of the file here; else one that ends alike and is a file no more, the last one that was used.
fn former_name(paths: Vec<String>, former: &FormerConfig) -> Option<String> {
    if paths.contains(&former.path) {
        return Some(former.path.clone());
    }
    let end = former.end.as_deref()?;
    paths.into_iter().find(|path| path.ends_with(end) && !Path::new(path).exists())
}
