//! Whether the database is whole.
//!
//! [`verify`] is for a program that is about to stay on a database: it looks at what SQLite would silently take
//! for an empty database, and then reads all of it. What is cheap is looked at with every opening.

use super::{Memory, MemoryError, damage::is_damage, migrate, owner};
use crate::domain::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Problems that are told at most.
const MOST: usize = 5;
/// How the file of a database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How its log begins; the last bit tells the order of bytes in its checksums.
const LOG_MAGIC: u32 = 0x377f_0682;
/// The bytes of a log's header.
const LOG_HEADER: usize = 32;
/// How long a file may be empty: another program may be making it this moment.
const BEING_MADE: Duration = Duration::from_secs(1);

/// Checks the database at `path` before a program stays on it. One that is not there is no fault. Reads all
/// of it, and changes nothing.
///
/// # Errors
/// When it is something else, or damaged.
pub fn verify(path: &Path) -> Result<(), MemoryError> {
    let damaged = |message: String| MemoryError::Damaged { path: path.to_owned(), message };
    let Some(header) = beginning(path)? else { return Ok(()) };
    if header.is_empty() {
        // Whoever had turns in it has made the directory of locks.
        return match owner::locks(path).is_dir() {
            true => Err(damaged("it is an empty file: it was cut off".into())),
            false => Ok(()),
        };
    }
    if !header.starts_with(MAGIC) {
        let message = "it does not begin like one".to_owned();
        return Err(MemoryError::NotADatabase { path: path.to_owned(), message });
    }
    check_log(path)?;
    let opened = |e: rusqlite::Error| match is_damage(&e) {
        true => damaged(e.to_string()),
        false => MemoryError::open(path, &e),
    };
    // Not by a mode that only reads: a log that another program left has to be read, too.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(opened)?;
    conn.busy_timeout(super::BUSY_TIMEOUT).and_then(|()| super::log::keep_on_close(&conn)).map_err(opened)?;
    let version = migrate::version(&conn).map_err(opened)?;
    migrate::check_ours(&conn, path, version)?;
    match problems(&conn) {
        Ok(problems) if problems.is_empty() => Ok(()),
        Ok(problems) => Err(damaged(problems.join("; "))),
        Err(error) => Err(opened(error)),
    }
}

/// The first bytes of the file; `None`: there is none.
fn beginning(path: &Path) -> Result<Option<Vec<u8>>, MemoryError> {
    let open = |message: String| MemoryError::Open { path: path.to_owned(), message };
    let other =
        |message: &str| MemoryError::NotADatabase { path: path.to_owned(), message: message.to_owned() };
    let began = Instant::now();
    loop {
        match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(open(error.to_string())),
            Ok(found) if found.is_dir() => return Err(other("it is a directory")),
            Ok(found) if !found.is_file() => return Err(other("it is no ordinary file")),
            Ok(found) if found.len() == 0 && began.elapsed() < BEING_MADE => {
                std::thread::sleep(BEING_MADE / 20);
            }
            Ok(_) => break,
        }
    }
    let mut header = vec![];
    File::open(path)
        .and_then(|file| file.take(100).read_to_end(&mut header))
        .map_err(|error| open(error.to_string()))?;
    Ok(Some(header))
}

/// The size of a page, as the header of a database has it.
fn page_size(header: &[u8]) -> Option<u32> {
    match u32::from(u16::from_be_bytes([*header.get(16)?, *header.get(17)?])) {
        1 => Some(65_536),
        size => Some(size),
    }
}

/// Whether the log beside a database could be its own. One that SQLite takes for no log it passes over without
/// a word, and writes another in its place: all that was written last would be gone. Reads a few bytes.
pub(super) fn check_log(path: &Path) -> Result<(), MemoryError> {
    let log = beside(path, "-wal");
    let mut header = vec![];
    // What cannot be opened is told by SQLite.
    if let Ok(file) = File::open(path) {
        let _ = file.take(100).read_to_end(&mut header);
    }
    log_problem(&log, page_size(&header)).map_err(|problem| MemoryError::Damaged {
        path: path.to_owned(),
        message: format!("{}: {problem}", log.display()),
    })
}

/// What is wrong with a log. One of zeros is what a power cut may leave: nothing is lost by it that was not lost
/// before.
fn log_problem(log: &Path, page: Option<u32>) -> Result<(), String> {
    let mut header = vec![];
    match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(file) => {
            file.take(LOG_HEADER as u64).read_to_end(&mut header).map_err(|error| error.to_string())?
        }
    };
    if header.len() < LOG_HEADER || header.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if word(0) & !1 != LOG_MAGIC {
        return Err("this is no log of a database".into());
    }
    if page.is_some_and(|page| page != word(8)) {
        return Err("this is the log of another database".into());
    }
    if checksum(&header[..24], word(0) & 1 == 1) != (word(24), word(28)) {
        return Err("its header is damaged".into());
    }
    Ok(())
}

/// SQLite's checksum of a log's header.
fn checksum(bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let words = bytes.chunks_exact(4).map(|word| {
        let word = [word[0], word[1], word[2], word[3]];
        if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
    });
    let words: Vec<u32> = words.collect();
    words.chunks_exact(2).fold((0, 0), |(one, two): (u32, u32), pair| {
        let one = one.wrapping_add(pair[0]).wrapping_add(two);
        (one, two.wrapping_add(pair[1]).wrapping_add(one))
    })
}

/// What is wrong with a database, as far as SQLite can tell: its pages and indexes, and what rows refer to.
pub(super) fn problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    without_modules(conn);
    let sql = format!("PRAGMA integrity_check({MOST})");
    let rows: Vec<String> =
        conn.prepare(&sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut problems: Vec<String> = rows.into_iter().filter(|row| row != "ok").collect();
    if problems.is_empty() {
        let mut statement = conn.prepare("PRAGMA foreign_key_check")?;
        let broken = statement.query_map([], |row| {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(format!("a row of {table} refers to one of {parent} that is not there"))
        })?;
        problems = broken.take(MOST).collect::<rusqlite::Result<_>>()?;
    }
    Ok(problems)
}

/// Takes the full-text search away from a connection that only checks: it would tokenise all messages again
/// to prove its index, which takes most of the time and finds nothing about the file.
#[allow(unsafe_code, reason = "the binding does not have this function")]
fn without_modules(conn: &Connection) {
    // SAFETY: the connection is open for as long as the call takes, and no list of names to keep is given.
    unsafe { rusqlite::ffi::sqlite3_drop_modules(conn.handle(), std::ptr::null_mut()) };
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Memory {
    /// What SQLite finds wrong with the file; nothing when it is whole. Reads all of it.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let path = self.path().to_owned();
        let found = tokio::task::spawn_blocking(move || {
            // A connection of its own: it loses its modules.
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let conn = Connection::open_with_flags(&path, flags)?;
            conn.busy_timeout(super::BUSY_TIMEOUT)?;
            problems(&conn)
        });
        let found = match found.await {
            Ok(found) => found.map_err(|error| self.0.site.error(error.into()))?,
            Err(error) => return Err(self.0.site.error(super::error::Fault::Text(error.to_string()))),
        };
        if !found.is_empty() {
            self.0.site.note(&found.join("; "));
        }
        Ok(found)
    }

    /// What was found to be wrong with the database since it was opened.
    pub fn damage(&self) -> Option<String> {
        self.0.site.damage().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_a_database_is_told_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE a (b)").unwrap();
        let log = beside(&path, "-wal");
        let good = std::fs::read(&log).unwrap();
        assert_eq!(log_problem(&log, Some(4096)), Ok(()));
        let other = dir.path().join("other");
        let check = |bytes: &[u8], page: u32| {
            std::fs::write(&other, bytes).unwrap();
            log_problem(&other, Some(page))
        };
        assert_eq!(check(&[], 4096), Ok(()));
        assert_eq!(check(&[0; 5000], 4096), Ok(()));
        assert_eq!(check(&good, 4096), Ok(()));
        for (bytes, page) in [(&b"nonsense".repeat(100)[..], 4096), (&good, 512)] {
            assert!(check(bytes, page).is_err());
        }
        for at in 0..LOG_HEADER {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(check(&bad, 4096).is_err(), "byte {at}");
        }
        assert_eq!(log_problem(&dir.path().join("nowhere"), None), Ok(()));
    }
}
