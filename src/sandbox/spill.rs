//! Output that is too long to be shown, kept on disk for whoever wants to look.

use super::capture::Filter;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Spill files older than this are removed when another one is made.
pub const SPILL_MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The oldest spill files are removed when all of them are larger than this, before another is made.
pub const SPILL_DIR_LIMIT: u64 = 1024 * 1024 * 1024;

/// How the names of spill files end: what ends otherwise is nobody's to remove.
const SUFFIX: &str = ".spill";

/// Bytes of a text's hash that name the file it is kept in.
const NAME_BYTES: usize = 12;

/// A spill file being written. Errors don't stop the run whose output it is: they are remembered.
pub(super) struct Spill {
    path: PathBuf,
    file: Option<File>,
    filter: Option<Arc<dyn Filter>>,
    /// Taken, but not written: the filter wants to see what comes next.
    pending: Vec<u8>,
    /// How many bytes of the output were taken.
    taken: u64,
    /// How many of them are in the file, changed or not.
    kept: u64,
    limit: u64,
    failure: Option<String>,
}

impl Spill {
    /// Makes a file of its own in `dir`, which is made as well; both readable by their owner only.
    /// `filter` changes what goes into it.
    pub(super) async fn create(
        dir: &Path,
        stream: &str,
        limit: u64,
        filter: Option<Arc<dyn Filter>>,
    ) -> Self {
        let name = format!("{}-{stream}{SUFFIX}", ulid::Ulid::generate().to_string().to_ascii_lowercase());
        let path = dir.join(name);
        let (dir, at) = (dir.to_owned(), path.clone());
        let made = blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            sweep(&dir, SPILL_MAX_AGE, SPILL_DIR_LIMIT);
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&at)
        });
        let (file, failure) = match made.await {
            Ok(file) => (Some(file), None),
            Err(e) => (None, Some(e.to_string())),
        };
        Self { path, file, filter, pending: Vec::new(), taken: 0, kept: 0, limit, failure }
    }

    /// Adds as much of `bytes` as the limit leaves room for.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let room = usize::try_from(self.limit - self.taken).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        if bytes.is_empty() {
            return;
        }
        self.taken += bytes.len() as u64;
        self.pending.extend_from_slice(bytes);
        self.put(false).await;
    }

    /// Takes no more.
    pub(super) fn seal(&mut self) {
        self.limit = self.taken;
    }

    /// Writes what is pending; unless `last`, not what the filter holds back.
    async fn put(&mut self, last: bool) {
        let ready = match &self.filter {
            Some(filter) => filter.bytes(&mut self.pending, last),
            None => std::mem::take(&mut self.pending),
        };
        let kept = self.taken - self.pending.len() as u64;
        if ready.is_empty() {
            return;
        }
        // Not there after an error, or when an earlier write was abandoned.
        let Some(mut file) = self.file.take() else { return };
        match blocking(move || file.write_all(&ready).map(|()| file)).await {
            Ok(file) => {
                self.file = Some(file);
                self.kept = kept;
            }
            Err(e) => self.failure = Some(e.to_string()),
        }
    }

    /// Where it is, and how many bytes of the output are in it; or why there is nothing.
    pub(super) async fn close(mut self) -> Result<(PathBuf, u64), String> {
        self.put(true).await;
        match self.failure {
            Some(failure) if self.kept == 0 => Err(failure),
            _ => Ok((self.path, self.kept)),
        }
    }
}

/// Keeps a text whole in a file among the spill files, named by its content: the same text is kept once.
///
/// # Errors
/// When the system does not let it.
pub async fn keep_whole(text: &str, dir: &Path) -> io::Result<PathBuf> {
    let digest: String =
        Sha256::digest(text).iter().take(NAME_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let path = dir.join(format!("message-{digest}{SUFFIX}"));
    let (dir, at, text) = (dir.to_owned(), path.clone(), text.to_owned());
    blocking(move || {
        if fs::metadata(&at).is_ok_and(|there| there.len() == text.len() as u64) {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        sweep(&dir, SPILL_MAX_AGE, SPILL_DIR_LIMIT);
        // Whole or not there: another program may be keeping the same.
        let half = at.with_extension(format!("{}.half", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&half, &at));
        if written.is_err() {
            let _ = fs::remove_file(&half);
        }
        written
    })
    .await?;
    Ok(path)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Removes old spill files. What can't be removed stays: this is housekeeping, not a promise.
fn sweep(dir: &Path, max_age: Duration, limit: u64) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            entry.file_name().to_str()?.ends_with(SUFFIX).then_some(())?;
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    files.sort_unstable_by_key(|(modified, ..)| std::cmp::Reverse(*modified));
    let oldest = SystemTime::now().checked_sub(max_age);
    let mut total = 0_u64;
    for (modified, len, path) in files {
        total = total.saturating_add(len);
        if total > limit || oldest.is_some_and(|oldest| modified < oldest) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_superfluous_files_are_swept_and_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, age: u64| {
            let path = dir.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let modified = SystemTime::now() - Duration::from_secs(age);
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
            path
        };
        let old = file("a-out.spill", 1000);
        let not_ours = file("notes.txt", 1000);
        let surplus = file("b-out.spill", 30);
        let newer = file("c-out.spill", 20);
        let newest = file("d-out.spill", 10);
        sweep(dir.path(), Duration::from_secs(500), 200);
        assert_eq!(
            [old, not_ours, surplus, newer, newest].map(|path| path.exists()),
            [false, true, false, true, true]
        );
    }

    #[tokio::test]
    async fn stops_at_its_limit_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("not/yet/there");
        let mut spill = Spill::create(&inner, "out", 10, None).await;
        spill.write(b"0123456").await;
        spill.write(b"789abc").await;
        spill.write(b"def").await;
        let (path, kept) = spill.close().await.unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), kept), (&b"0123456789"[..], 10));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[tokio::test]
    async fn a_failure_is_told_and_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        fs::write(&blocked, "").unwrap();
        let mut spill = Spill::create(&blocked.join("sub"), "out", 10, None).await;
        spill.write(b"lost").await;
        assert!(spill.close().await.is_err());
    }
}
