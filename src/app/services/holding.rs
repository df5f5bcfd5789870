//! One program at a time runs a channel: two that poll the same bot take messages from each other.

use crate::{
    app::{
        Loaded,
        daemon::{Lock, LockError, holder},
    },
    domain::plan::{ChannelKind, ChannelSpec},
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs::{DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// How often a channel that another program runs is looked at again.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Bytes of a digest that name a lock.
const NAME_BYTES: usize = 16;

/// The locks of the channels that this program runs. Clones share them.
#[derive(Clone, Default)]
pub(in crate::app) struct Holding(Arc<Mutex<BTreeMap<String, Held>>>);

struct Held {
    file: PathBuf,
    _lock: Lock,
}

impl Holding {
    /// Waits until this program is the one that may run a channel. `tell` is told who has it, each time
    /// that it is looked at. Dropping the future changes nothing.
    pub(super) async fn hold(&self, channel: &str, file: PathBuf, tell: impl Fn(String)) {
        loop {
            match self.take(channel, &file).await {
                Ok(()) => return,
                Err(LockError::Held(pid)) => {
                    let who =
                        pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
                    tell(format!("{who} runs it already; it begins here when that ends"));
                }
                Err(error) => {
                    tracing::warn!(channel, "{error}; another program could run the channel, too");
                    return;
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn take(&self, channel: &str, file: &PathBuf) -> Result<(), LockError> {
        let mut held = self.0.lock().await;
        if held.get(channel).is_some_and(|held| held.file == *file) {
            return Ok(());
        }
        // A look costs less than a try.
        if let Some(pid) = holder(file) {
            return Err(LockError::Held(pid));
        }
        let lock = Lock::take(file)?;
        held.insert(channel.to_owned(), Held { file: file.clone(), _lock: lock });
        Ok(())
    }

    /// Lets go of all but these channels.
    pub(super) async fn keep(&self, channels: impl Fn(&str) -> bool) {
        self.0.lock().await.retain(|name, _| channels(name));
    }
}

/// The lock of a channel; `None` where none is needed, or none can be had.
pub(in crate::app) async fn lock_file(loaded: &Loaded, spec: &ChannelSpec) -> Option<PathBuf> {
    let what = match &spec.kind {
        // Its port can be had once.
        ChannelKind::Http(_) => return None,
        ChannelKind::Lua { .. } => {
            let database = &loaded.settings.database;
            format!("lua\n{}\n{}", database.display(), spec.name)
        }
        ChannelKind::Telegram(bot) => {
            // Where there is no token, the channel says so itself.
            let token = loaded.secrets.resolve(&bot.token).await.ok()?;
            let api = bot.api.as_deref().unwrap_or(crate::channel::telegram::API);
            format!("telegram\n{}\n{}", api.trim_end_matches('/'), token.expose())
        }
    };
    match directory() {
        Ok(dir) => Some(dir.join(digest(&what))),
        Err(error) => {
            tracing::warn!(
                channel = spec.name,
                "no lock: {error}; another program could run the channel, too"
            );
            None
        }
    }
}

fn digest(what: &str) -> String {
    let digest = Sha256::digest(what);
    digest.iter().take(NAME_BYTES).fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A directory of this user's, the same for all programs whatever their environment says.
fn directory() -> io::Result<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let own = |found: Metadata| found.is_dir() && found.uid() == user;
    let runtime = PathBuf::from(format!("/run/user/{user}"));
    let (dir, base) = match std::fs::metadata(&runtime).is_ok_and(own) {
        true => (runtime.join("openpista").join("channels"), None),
        false => {
            // Not what the environment says: that differs between a terminal and a service manager.
            let shared = if cfg!(target_os = "linux") { "/tmp".into() } else { std::env::temp_dir() };
            let base = shared.join(format!("openpista-{user}"));
            (base.join("channels"), Some(base))
        }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    // In a directory that all users share, the name may be somebody else's.
    if let Some(base) = base
        && !std::fs::symlink_metadata(&base).is_ok_and(own)
    {
        return Err(io::Error::other(format!("{} belongs to another user", base.display())));
    }
    Ok(dir)
}
