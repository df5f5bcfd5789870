//! Putting a copy back.

use super::{BackupError, Contents, Copied, Draft, copy, same, with};
use crate::{
    instance,
    memory::{MemoryError, migrate, owner::locks},
};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Puts the copy `from` in the place of the database at `database`. What was there is kept beside it; its path
/// comes back with what is in the new one. Nobody may start a daemon meanwhile: that is the caller's to see to.
///
/// # Errors
/// When the copy is none, or not whole; or when programs use the database. Then nothing was changed.
pub fn restore(
    database: &Path,
    from: &Path,
    copied: Copied<'_>,
) -> Result<(Contents, Option<PathBuf>), BackupError> {
    if !from.is_file() {
        return Err(BackupError::NoBackup(from.to_owned()));
    }
    let database = std::path::absolute(database).map_err(BackupError::file(database))?;
    if same(&database, from) {
        return Err(BackupError::Itself(from.to_owned()));
    }
    unused(&database)?;
    if let Some(directory) = database.parent() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(BackupError::file(directory))?;
    }
    let draft = Draft::beside(&database)?;
    let contents = copy(from, &draft, false, copied)?;
    if contents.version > migrate::VERSION {
        let (path, found) = (from.to_owned(), contents.version);
        return Err(MemoryError::TooNew { path, found, known: migrate::VERSION }.into());
    }
    let kept = set_aside(&database)?;
    draft.finish(&database)?;
    Ok((contents, kept))
}

/// Whether nobody uses the database: programs that write hold a lock, and whoever only looks has it open.
fn unused(database: &Path) -> Result<(), BackupError> {
    let programs = instance::all_seen(&locks(database)).len();
    if programs > 0 {
        let text = format!("{programs} running program(s) of openpista; end them and try again");
        return Err(BackupError::InUse(text));
    }
    if !database.is_file() {
        return Ok(());
    }
    match alone(database) {
        Err(error) if is_busy(&error) => {
            Err(BackupError::InUse("another program has it open; end it and try again".into()))
        }
        // One that is damaged is what a backup is for.
        _ => Ok(()),
    }
}

/// Works the log in, which takes that nobody else has the database open.
fn alone(database: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(database, flags)?;
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK;")?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Gives the database that is there another name, together with its log. The database itself stays in its
/// place until the new one takes it: at no moment is there none.
fn set_aside(database: &Path) -> Result<Option<PathBuf>, BackupError> {
    let found = match fs::symlink_metadata(database) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A log without a database would be taken for the new one's.
            aside(&with(database, "-wal"), &with(&free(database), "-wal"))?;
            return Ok(None);
        }
        Err(error) => return Err(BackupError::file(database)(error)),
    };
    let kept = free(database);
    match found.is_dir() {
        // It has no second name, and is no database that could be missed.
        true => fs::rename(database, &kept).map_err(BackupError::file(database))?,
        false => fs::hard_link(database, &kept)
            .or_else(|_| fs::copy(database, &kept).map(drop))
            .map_err(BackupError::file(&kept))?,
    }
    aside(&with(database, "-wal"), &with(&kept, "-wal"))?;
    // Made anew from the log by whoever opens it.
    let _ = fs::remove_file(with(database, "-shm"));
    Ok(Some(kept))
}

/// Gives a log another name. An empty one goes.
fn aside(log: &Path, kept: &Path) -> Result<(), BackupError> {
    let done = match fs::metadata(log) {
        Ok(found) if found.len() == 0 => fs::remove_file(log),
        Ok(_) => fs::rename(log, kept),
        Err(_) => Ok(()),
    };
    done.map_err(BackupError::file(log))
}

/// A name that is free, for what was there.
fn free(database: &Path) -> PathBuf {
    let name = |number: u32| with(database, &format!(".replaced-{number}"));
    let taken =
        |path: &PathBuf| path.symlink_metadata().is_ok() || with(path, "-wal").symlink_metadata().is_ok();
    (1..).map(name).find(|path| !taken(path)).unwrap_or_else(|| name(0))
}
