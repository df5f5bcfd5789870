//! Opening and closing the database file.
//!
//! Opening one that is up to date asks it a single question, its version: a program that runs for
//! one answer pays for nothing else. What only writing needs is set by the writing thread.

use super::{error::MemoryError, log, migrate, options::OpenOptions};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Opens the database at `path`, makes it when there is none, and brings it up to date.
pub(super) fn open(path: &Path, options: OpenOptions) -> Result<(PathBuf, Connection), MemoryError> {
    // Absolute: SQLite gives names such as ":memory:" and "file:…" a meaning of their own.
    let path =
        std::path::absolute(path).map_err(|source| MemoryError::Create { path: path.to_owned(), source })?;
    super::check::check_log(&path)?;
    let conn = connect(&path)?;
    conn.busy_timeout(options.busy_timeout)
        .and_then(|()| log::keep_on_close(&conn))
        .map_err(|e| MemoryError::open(&path, &e))?;
    migrate::bring_up_to_date(&conn, &path, options)?;
    Ok((path, conn))
}

fn connect(path: &Path) -> Result<Connection, MemoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    for _ in 0..2 {
        if path.is_dir() {
            let message = "it is a directory".to_owned();
            return Err(MemoryError::Open { path: path.to_owned(), message });
        }
        let conn = match Connection::open_with_flags(path, flags) {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
                create(path, flags | OpenFlags::SQLITE_OPEN_CREATE)?
            }
            other => other.map_err(|e| MemoryError::open(path, &e))?,
        };
        // SQLite tries reading only when it cannot write, so also when the file is being made by
        // somebody else between its two attempts. Then the next attempt will do.
        if !conn.is_readonly("main").map_err(|e| MemoryError::open(path, &e))? {
            return Ok(conn);
        }
    }
    Err(MemoryError::Open { path: path.to_owned(), message: "it can be read only".into() })
}

fn create(path: &Path, flags: OpenFlags) -> Result<Connection, MemoryError> {
    let failed = |path: &Path, source| MemoryError::Create { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|e| failed(parent, e))?;
    }
    let conn = Connection::open_with_flags(path, flags).map_err(|e| MemoryError::open(path, &e))?;
    // By name: closing a descriptor of its own would take SQLite's locks away. The file is empty
    // still, and the log takes the mode of the database.
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|e| failed(path, e))?;
    Ok(conn)
}
