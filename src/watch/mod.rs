//! Tells when files have become others than they were read as.
//!
//! Directories are watched, not files: editors put a new file in the place of the old one, and whoever
//! watches the old one hears nothing more. What counts in the end is what is in the files, so that an
//! event too many costs a look, and nothing else.

mod ears;
mod folders;
mod trail;

pub use folders::Folders;

use ears::Ears;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, timeout};
use trail::Trail;

/// How long nothing may happen to the files before they are taken to be written.
pub const SETTLE: Duration = Duration::from_millis(200);
/// Files that are written all the time are looked at after so long all the same, counted in settle times.
pub const SETTLE_AT_MOST: u32 = 10;
/// How often the files are read where the system does not tell of changes.
pub const POLL: Duration = Duration::from_secs(2);

/// What was in each file; `None`: it was not there, or could not be read.
pub type Contents = BTreeMap<PathBuf, Option<Arc<[u8]>>>;

/// Watches files.
pub struct Watcher {
    settle: Duration,
    known: Contents,
    ears: Ears,
}

impl Watcher {
    /// Watches the files of `known`, from which they have to differ to count as changed.
    pub fn new(settle: Duration, known: Contents) -> Self {
        Self { settle, known, ears: Ears::default() }
    }

    /// From now on the files are these, and known to be so.
    pub fn know(&mut self, known: Contents) {
        self.known = known;
    }

    /// Waits until a file is another than it is known to be, and nothing has happened for a while.
    /// Dropping the future loses nothing.
    pub async fn changed(&mut self) {
        loop {
            // Listens first and looks then, so that nothing falls between the two.
            self.listen();
            if !self.differs() {
                self.ears.heard().await;
            }
            self.settle().await;
            // What is watched may be other directories now.
            self.listen();
            if self.differs() {
                return;
            }
        }
    }

    fn listen(&mut self) {
        let trail = Trail::of(self.known.keys().map(PathBuf::as_path));
        self.ears.listen(trail);
    }

    fn differs(&self) -> bool {
        self.known.iter().any(|(path, known)| read(path) != *known)
    }

    async fn settle(&mut self) {
        let end = Instant::now() + self.settle * SETTLE_AT_MOST;
        while Instant::now() < end && timeout(self.settle, self.ears.event()).await.is_ok() {}
    }
}

/// What is in a file, if it can be read.
pub fn read(path: &Path) -> Option<Arc<[u8]>> {
    fs::read(path).ok().map(Arc::from)
}
