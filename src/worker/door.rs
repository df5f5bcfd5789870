//! The socket that workers come to, opened when the first one is wanted.

use super::{
    desk::{Asked, Desk},
    passes::Passes,
};
use crate::{
    domain::{id::DeviceId, secret::Secret},
    quic::{Fingerprint, Identity, Limits, Server},
};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{OnceCell, mpsc};

/// The socket's name in its directory.
pub(super) const SOCKET: &str = "s";
/// What the directories of programs are called, before their process number.
const PREFIX: &str = "door-";

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

/// A directory that is gone when this is dropped.
struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
        let dir = Dir(directory(below).map_err(|error| failed(error.to_string()))?);
        // Known to nobody but the workers of this program: no need to keep it.
        let identity = Identity::make().map_err(|error| failed(error.to_string()))?;
        let (passes, desk) = (Arc::new(Passes::default()), Arc::new(Desk::default()));
        // One connection is all that a worker needs.
        let limits = Limits { per_device: 1, ..Limits::default() };
        let server = Server::new(&identity, passes.clone(), desk.clone(), limits)
            .map_err(|error| failed(error.to_string()))?;
        server.listen_unix(&dir.0.join(SOCKET)).map_err(|error| {
            failed(format!(
                "{error}. Paths of sockets have about 100 characters: set XDG_RUNTIME_DIR to a short one"
            ))
        })?;
        Ok(Self { server, passes, desk, dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir.0
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
            .map_err(|error| DoorError { place: self.dir.0.clone(), message: error.to_string() })?;
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
/// everybody else out.
fn directory(below: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(below)?;
    for entry in fs::read_dir(below)?.flatten() {
        let name = entry.file_name();
        let program = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if program.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let unique = ulid::Ulid::generate().to_string().to_ascii_lowercase();
    let dir = below.join(format!("{PREFIX}{}-{}", std::process::id(), &unique[unique.len() - 6..]));
    fs::DirBuilder::new().mode(0o700).create(&dir)?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755))?;
    Ok(dir)
}
