//! Making a copy.

use super::{BackupError, Contents, Copied, Draft, copy, same, with};
use crate::memory::migrate;
use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

/// Where SQLite's header says whose a database is.
const MARK_AT: usize = 68;

/// Copies the database at `database` into `target`, also while programs write to it. The copy is one file for
/// its owner only; it was checked, and is there whole or not at all. One that was there before is replaced.
///
/// # Errors
/// When there is none, it is damaged, or the file cannot be written.
pub fn backup(database: &Path, target: &Path, copied: Copied<'_>) -> Result<Contents, BackupError> {
    if !database.exists() {
        return Err(BackupError::NoDatabase(database.to_owned()));
    }
    let own = ["", "-wal", "-shm"].map(|ending| with(database, ending));
    if own.iter().any(|own| own == target || same(own, target)) {
        return Err(BackupError::Itself(target.to_owned()));
    }
    // A link is replaced by the copy, and not followed.
    if fs::symlink_metadata(target).is_ok_and(|found| !found.is_symlink()) && !is_ours(target) {
        return Err(BackupError::Occupied(target.to_owned()));
    }
    let draft = Draft::beside(target)?;
    let contents = copy(database, &draft, true, copied)?;
    draft.finish(target)?;
    Ok(contents)
}

/// Whether a file is a database of ours, by its header.
fn is_ours(path: &Path) -> bool {
    let mut header = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let mark = header[MARK_AT..].first_chunk().map(|mark| u32::from_be_bytes(*mark));
    read.is_ok()
        && header.starts_with(b"SQLite format 3\0")
        && mark.map(i64::from) == Some(migrate::APPLICATION_ID)
}
