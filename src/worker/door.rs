//! The socket that workers come to, opened when the first one is wanted.

use super::{
    desk::{Asked, Desk},
    passes::Passes,
};
use crate::{
    domain::{id::DeviceId, secret::Secret},
    instance::Instance,
    quic::{Fingerprint, Identity, Limits, Server},
};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::sync::{OnceCell, mpsc};

/// The socket's name in its directory.
pub(super) const SOCKET: &str = "s";
/// What the directories of programs are called, before the program's id.
const PREFIX: &str = "door-";
/// Characters of that id. Short: paths of sockets have about 100.
const ID: usize = 12;
/// After this time a directory goes of which it is not known whose it is: older versions gave other names.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Why workers can't come in.
#[derive(Debug, thiserror::Error)]
#[error("the socket for workers can't be opened in {}: {message}", .place.display())]
pub struct DoorError {
    place: PathBuf,
    message: String,
}

/// The way in for workers. Clones share one. Nothing is opened before it is needed.
#[derive(Clone)]
pub struct Door {
    below: PathBuf,
    open: Arc<OnceCell<Open>>,
}

/// A door that is open.
pub(super) struct Open {
    server: Server,
    passes: Arc<Passes>,
    desk: Arc<Desk>,
    dir: Dir,
}

/// A worker's right to come in. Dropping it takes the right away, and shuts the worker out.
pub(super) struct Ticket<'a> {
    open: &'a Open,
    worker: DeviceId,
    pub(super) token: Secret,
}

/// A directory that is gone when this is dropped, and the lock that says that its program runs.
struct Dir {
    path: PathBuf,
    _program: Instance,
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Door {
    /// A door whose socket will be in a directory of its own below this one.
    pub fn new(below: impl Into<PathBuf>) -> Self {
        Self { below: below.into(), open: Arc::default() }
    }

    pub(super) async fn open(&self) -> Result<&Open, DoorError> {
        self.open.get_or_try_init(|| async { Open::new(&self.below) }).await
    }

    /// Where its socket is, once it is open, and what its server is known by.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn place(&self) -> Result<(PathBuf, Fingerprint), DoorError> {
        let open = self.open().await?;
        Ok((open.dir().join(SOCKET), open.fingerprint()))
    }

    /// The tokens that open it.
    ///
    /// # Errors
    /// When it can't be opened.
    pub async fn passes(&self) -> Result<&Passes, DoorError> {
        Ok(&self.open().await?.passes)
    }
}

impl Open {
    fn new(below: &Path) -> Result<Self, DoorError> {
        let failed = |message: String| DoorError { place: below.to_owned(), message };
        let dir = directory(below).map_err(|error| failed(error.to_string()))?;
        // Known to nobody but the workers of this program: no need to keep it.
        let identity = Identity::make().map_err(|error| failed(error.to_string()))?;
        let (passes, desk) = (Arc::new(Passes::default()), Arc::new(Desk::default()));
        // One connection is all that a worker needs.
        let limits = Limits { per_device: 1, ..Limits::default() };
        let server = Server::new(&identity, passes.clone(), desk.clone(), limits)
            .map_err(|error| failed(error.to_string()))?;
        server.listen_unix(&dir.path.join(SOCKET)).map_err(|error| {
            failed(format!(
                "{error}. Paths of sockets have about 100 characters: set XDG_RUNTIME_DIR to a short one"
            ))
        })?;
        Ok(Self { server, passes, desk, dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir.path
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.server.fingerprint()
    }

    /// Lets a worker in, for so long; its requests arrive at the receiver.
    pub(super) fn admit(
        &self,
        name: &str,
        life: Duration,
    ) -> Result<(Ticket<'_>, mpsc::Receiver<Asked>), DoorError> {
        let (worker, token) = self
            .passes
            .issue(name, life)
            .map_err(|error| DoorError { place: self.dir.path.clone(), message: error.to_string() })?;
        let asked = self.desk.open(worker.clone());
        Ok((Ticket { open: self, worker, token }, asked))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.open.passes.revoke(&self.worker);
        self.open.desk.close(&self.worker);
        self.open.server.disconnect(&self.worker);
    }
}

/// A fresh directory for the socket. Those of programs that are gone are removed.
///
/// The workers' user is another than ours and has to get through the innermost one; the ones above keep
/// everybody else out. The lock is beside it, where no container sees it.
fn directory(below: &Path) -> io::Result<Dir> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(below)?;
    let unique = ulid::Ulid::generate().to_string().to_ascii_lowercase();
    let program = Instance::called(below, unique[unique.len() - ID..].to_owned());
    // Before there is a directory: one without a lock is a dead program's.
    program.hold()?;
    sweep(below, &program);
    let path = below.join(format!("{PREFIX}{}", program.id()));
    fs::DirBuilder::new().mode(0o700).create(&path)?;
    let dir = Dir { path, _program: program };
    fs::set_permissions(&dir.path, fs::Permissions::from_mode(0o755))?;
    Ok(dir)
}

fn sweep(below: &Path, program: &Instance) {
    for entry in fs::read_dir(below).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let known = id.len() == ID && id.bytes().all(|b| b.is_ascii_alphanumeric());
        let old = || {
            let made = entry.metadata().and_then(|found| found.modified());
            made.is_ok_and(|made| SystemTime::now().duration_since(made).is_ok_and(|age| age > FORGOTTEN))
        };
        if if known { !program.alive(id) } else { old() } {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn directories_of_programs_that_run_stay_and_others_go() {
        let below = tempfile::tempdir().unwrap();
        let alive = directory(below.path()).unwrap();
        let (dead, foreign, old) = ["door-0123456789ab", "door-4711-abcdef", "door-4712-abcdef"]
            .map(|name| below.path().join(name))
            .into();
        for dir in [&dead, &foreign, &old] {
            fs::create_dir(dir).unwrap();
        }
        let past = SystemTime::now() - 2 * FORGOTTEN;
        File::open(&old).unwrap().set_modified(past).unwrap();
        let next = directory(below.path()).unwrap();
        assert!(alive.path.exists() && next.path.exists() && foreign.exists());
        assert!(!dead.exists() && !old.exists());
        let path = alive.path.clone();
        drop(alive);
        assert!(!path.exists());
    }
}
