//! Copies of the database: made while it is written to, checked, and put back.

mod make;
mod restore;

pub use make::backup;
pub use restore::restore;

use super::{MemoryError, check::problems, migrate};
use rusqlite::{Connection, OpenFlags, backup::StepResult};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// Pages that are copied at a time, between two looks at the progress.
const PAGES: std::ffi::c_int = 1_024;
/// From one try to the next where somebody holds the database this moment.
const RETRY: Duration = Duration::from_millis(20);

/// What is in a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Bytes of the file.
    pub bytes: u64,
    /// The version of the database: how many migrations it has had.
    pub version: i64,
    /// Conversations.
    pub sessions: i64,
    /// Messages in them.
    pub messages: i64,
}

/// Why there is no copy, or why it was not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no database at {} yet", .0.display())]
    NoDatabase(PathBuf),
    /// The file that was named is no copy.
    #[error("{} is no backup: there is no such file", .0.display())]
    NoBackup(PathBuf),
    /// A copy would take the place of something else.
    #[error("{} is there, and is no backup of openpista's: name another file", .0.display())]
    Occupied(PathBuf),
    /// A copy would take the place of what it is made of.
    #[error("{} is the database itself, or belongs to it: name another file", .0.display())]
    Itself(PathBuf),
    /// The copy is not whole.
    #[error("{} is damaged: {problems}{}", .path.display(), whose(*.made))]
    Damaged {
        /// The file that was copied.
        path: PathBuf,
        /// What is wrong.
        problems: String,
        /// It is the database, of which a copy was to be made.
        made: bool,
    },
    /// Somebody uses the database.
    #[error("the database is in use: {0}")]
    InUse(String),
    /// It is something else, or of a newer version.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// SQLite said no.
    #[error("{}: {source}", .path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// Its own words.
        source: rusqlite::Error,
    },
    /// The system said no.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Its own words.
        source: io::Error,
    },
}

fn whose(made: bool) -> &'static str {
    match made {
        true => ". No backup was made of it; an older one, if there is one, was left as it is",
        false => ". Nothing was changed",
    }
}

impl BackupError {
    fn sql(path: &Path) -> impl Fn(rusqlite::Error) -> Self + '_ {
        |source| Self::Sql { path: path.to_owned(), source }
    }

    fn file(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::File { path: path.to_owned(), source }
    }
}

/// Is told how much is copied: pages, of how many.
pub type Copied<'a> = &'a mut dyn FnMut(u64, u64);

/// A file that is being made, and goes unless it is finished.
struct Draft {
    path: PathBuf,
}

impl Draft {
    /// Makes an empty file beside `target`, for its owner only.
    fn beside(target: &Path) -> Result<Self, BackupError> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", ulid::Ulid::generate().to_string().to_ascii_lowercase()));
        let path = target.with_file_name(name);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.map_err(BackupError::file(&path))?;
        Ok(Self { path })
    }

    /// Puts it in the place of `target`, for good.
    fn finish(self, target: &Path) -> Result<(), BackupError> {
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        sync(&self.path).map_err(BackupError::file(&self.path))?;
        fs::rename(&self.path, target).map_err(BackupError::file(target))?;
        if let Some(directory) = target.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            // Some file systems have nothing to wait for here.
            let _ = sync(directory);
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Where it was finished there is none.
        for ending in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(with(&self.path, ending));
        }
    }
}

/// Copies a database, as it is in one moment, into a file that is empty, and checks the copy.
fn copy(from: &Path, draft: &Draft, made: bool, copied: Copied<'_>) -> Result<Contents, BackupError> {
    let source = open(from, made)?;
    migrate::check_ours(&source, from, migrate::version(&source).map_err(BackupError::sql(from))?)?;
    {
        // One state throughout, whoever writes meanwhile: else each write would begin the copy anew.
        let moment = source.unchecked_transaction().map_err(BackupError::sql(from))?;
        moment
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(BackupError::sql(from))?;
        let mut target = Connection::open(&draft.path).map_err(BackupError::sql(&draft.path))?;
        let work =
            rusqlite::backup::Backup::new(&source, &mut target).map_err(BackupError::sql(&draft.path))?;
        loop {
            let step = work.step(PAGES).map_err(BackupError::sql(from))?;
            let progress = work.progress();
            let (all, left) = (progress.pagecount.max(0) as u64, progress.remaining.max(0) as u64);
            copied(all - left.min(all), all);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(RETRY),
            }
        }
    }
    let path = &draft.path;
    let target = Connection::open(path).map_err(BackupError::sql(path))?;
    let damaged = |problems: String| BackupError::Damaged { path: from.to_owned(), problems, made };
    let problems = problems(&target).map_err(|error| damaged(error.to_string()))?;
    if !problems.is_empty() {
        return Err(damaged(problems.join("; ")));
    }
    let contents = contents(&target, path).map_err(|error| damaged(error.to_string()));
    // Closed properly, so that all of it is in one file.
    target.close().map_err(|(_, error)| BackupError::sql(path)(error))?;
    contents
}

/// Opens a database for reading. One that nobody can write to, on a medium or in a directory that is read
/// only, is read as it is.
fn open(path: &Path, made: bool) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = BackupError::sql(path);
    // Absolute: SQLite gives some names a meaning of their own.
    let path = std::path::absolute(path).map_err(BackupError::file(path))?;
    let conn = Connection::open_with_flags(&path, flags).map_err(&failed)?;
    conn.busy_timeout(super::BUSY_TIMEOUT).map_err(&failed)?;
    let readable = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match readable {
        Ok(()) => Ok(conn),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) => {
            let uri = format!("file:{}?immutable=1", escaped(&path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).map_err(failed)
        }
        Err(error) => match MemoryError::open(&path, &error) {
            MemoryError::Damaged { path, message } => {
                Err(BackupError::Damaged { path, problems: message, made })
            }
            MemoryError::Open { .. } => Err(failed(error)),
            other => Err(other.into()),
        },
    }
}

/// A path in a URI.
fn escaped(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(byte);
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn contents(conn: &Connection, path: &Path) -> rusqlite::Result<Contents> {
    let count = |table: &str| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
    Ok(Contents {
        bytes: fs::metadata(path).map_or(0, |found| found.len()),
        version: migrate::version(conn)?,
        sessions: count("sessions")?,
        messages: count("messages")?,
    })
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether two paths lead to the same file.
fn same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
