//! Bringing a database up to date. Migrations go forward only; `PRAGMA user_version` counts them.

use super::{damage::is_damage, error::MemoryError, options::OpenOptions};
use rusqlite::{Connection, ErrorCode, Result, TransactionBehavior};
use std::{
    fs::{File, OpenOptions as FileOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Marks our files, so that another program's database is never taken for one: "pist".
pub(super) const APPLICATION_ID: i64 = 0x7069_7374;
/// How long to wait before asking again for what SQLite does not wait for.
const RETRY: Duration = Duration::from_millis(5);

/// All migrations, oldest first. The database's version is how many of them it has had.
const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_conversations", include_str!("../../migrations/0001_conversations.sql")),
    ("0002_search", include_str!("../../migrations/0002_search.sql")),
    ("0003_usage", include_str!("../../migrations/0003_usage.sql")),
    ("0004_grants", include_str!("../../migrations/0004_grants.sql")),
    ("0005_skills", include_str!("../../migrations/0005_skills.sql")),
    ("0006_kv", include_str!("../../migrations/0006_kv.sql")),
    ("0007_inbox_outbox", include_str!("../../migrations/0007_inbox_outbox.sql")),
    ("0008_devices", include_str!("../../migrations/0008_devices.sql")),
    ("0009_cron", include_str!("../../migrations/0009_cron.sql")),
    ("0010_notes", include_str!("../../migrations/0010_notes.sql")),
    ("0011_questions_files", include_str!("../../migrations/0011_questions_files.sql")),
    ("0012_approvals", include_str!("../../migrations/0012_approvals.sql")),
    ("0013_parts", include_str!("../../migrations/0013_parts.sql")),
    ("0014_callbacks", include_str!("../../migrations/0014_callbacks.sql")),
    ("0015_set_aside", include_str!("../../migrations/0015_set_aside.sql")),
    ("0017_moved_conversations", include_str!("../../migrations/0017_moved_conversations.sql")),
    ("0018_cron_notes", include_str!("../../migrations/0018_cron_notes.sql")),
    ("0019_session_lists", include_str!("../../migrations/0019_session_lists.sql")),
];

/// The version that this program works with.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Applies what is missing, after making a copy of a database that holds something.
pub(super) fn bring_up_to_date(
    conn: &Connection,
    path: &Path,
    options: OpenOptions,
) -> std::result::Result<(), MemoryError> {
    let refused = |e: rusqlite::Error| MemoryError::open(path, &e);
    let found = version(conn).map_err(refused)?;
    if found == VERSION {
        return Ok(());
    }
    check_ours(conn, path, found)?;
    if found > VERSION {
        return Err(MemoryError::TooNew { path: path.to_owned(), found, known: VERSION });
    }
    if found > 0 {
        copy(conn, path)?;
    }
    use_log(conn, options.busy_timeout).map_err(refused)?;
    apply(conn, path)
}

/// Marks the file as ours. Changes nothing in one that is, but is a write.
pub(super) fn mark(conn: &Connection) -> Result<()> {
    conn.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))
}

pub(super) fn check_ours(
    conn: &Connection,
    path: &Path,
    version: i64,
) -> std::result::Result<(), MemoryError> {
    let refused = |e: rusqlite::Error| MemoryError::open(path, &e);
    // In this order: another program may be making the database this moment, tables and mark at once.
    let tables = number(conn, "SELECT count(*) FROM sqlite_schema").map_err(refused)?;
    let mark = number(conn, "PRAGMA application_id").map_err(refused)?;
    let empty = version == 0 && tables == 0 && mark == 0;
    if empty || mark == APPLICATION_ID {
        return Ok(());
    }
    let message = "it is another program's database".to_owned();
    Err(MemoryError::NotADatabase { path: path.to_owned(), message })
}

/// Lets readers and the writer work side by side. Stored in the file, so needed once.
fn use_log(conn: &Connection, patience: Duration) -> Result<()> {
    let start = Instant::now();
    loop {
        // SQLite does not wait here when another program is doing the same.
        match conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            Err(e) if locked(&e) && start.elapsed() < patience => std::thread::sleep(RETRY),
            other => return other,
        }
    }
}

fn locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn apply(conn: &Connection, path: &Path) -> std::result::Result<(), MemoryError> {
    let failed = |name| {
        move |e: rusqlite::Error| match is_damage(&e) {
            true => MemoryError::Damaged { path: path.to_owned(), message: e.to_string() },
            false => MemoryError::Migrate { path: path.to_owned(), name, message: e.to_string() },
        }
    };
    let transaction = rusqlite::Transaction::new_unchecked(conn, TransactionBehavior::Immediate)
        .map_err(failed("beginning"))?;
    // Another program may have been faster.
    let found = number(conn, "PRAGMA user_version").map_err(failed("reading the version"))?;
    for (name, sql) in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        conn.execute_batch(sql).map_err(failed(name))?;
    }
    if found < VERSION {
        conn.execute_batch(&format!("PRAGMA user_version = {VERSION}"))
            .and_then(|()| mark(conn))
            .map_err(failed("marking the version"))?;
    }
    transaction.commit().map_err(failed("committing"))
}

/// Copies the database next to itself. A copy that is there already stays: it is the older state.
fn copy(conn: &Connection, path: &Path) -> std::result::Result<(), MemoryError> {
    let target = beside(path, &format!("before-v{VERSION}.bak"));
    let half = beside(path, &format!("before-v{VERSION}.{}.tmp", ulid::Ulid::generate()));
    let result = write_copy(conn, &half).and_then(|()| match std::fs::hard_link(&half, &target) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e.to_string()),
        _ => Ok(()),
    });
    let _ = std::fs::remove_file(&half);
    result.map_err(|message| match message.contains("malformed") {
        true => MemoryError::Damaged { path: path.to_owned(), message },
        false => MemoryError::Copy { copy: target, message },
    })
}

fn write_copy(conn: &Connection, half: &Path) -> std::result::Result<(), String> {
    let _ = std::fs::remove_file(half);
    // Made before SQLite fills it, so that it is never readable for others.
    let made = FileOptions::new().write(true).create_new(true).mode(0o600).open(half);
    drop(made.map_err(|e| e.to_string())?);
    let name = half.to_str().ok_or("its name is not UTF-8")?;
    conn.execute("VACUUM INTO ?1", [name]).map_err(|e| e.to_string())?;
    File::open(half).and_then(|file| file.sync_all()).map_err(|e| e.to_string())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// How many migrations a database has had.
pub(super) fn version(conn: &Connection) -> Result<i64> {
    number(conn, "PRAGMA user_version")
}

fn number(conn: &Connection, sql: &str) -> Result<i64> {
    conn.query_row(sql, [], |row| row.get(0))
}
