//! Where devices find the engine: the socket, which follows the setting `listen`, and the card that
//! tells programs of the same user.

use super::{answer::DoorHandler, asking::DeviceQuestions, bulletin::Bulletin, lanes::Lanes};
use crate::{
    app::{
        App,
        assemble::Live,
        daemon::{Card, Files, Mark},
        services::Service,
    },
    domain::BoxFuture,
    quic::{Fingerprint, Identity, Limits, ListenError, Server, Traffic, token_file},
};
use anyhow::Context;
use std::{
    fmt,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How long requests may go on when the program ends; then they are stopped.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How long a request that was stopped then has to close.
pub(super) const CLOSING: Duration = Duration::from_secs(3);

/// The door, open.
pub struct Door {
    server: Arc<Server>,
    place: Arc<Place>,
}

/// What it takes to open it.
pub struct Opened {
    /// Asks devices; the engine was started with it.
    pub questions: DeviceQuestions,
    /// Where local programs look.
    pub files: Files,
    /// What the person was told, and devices of the owner's want to know.
    pub bulletin: Bulletin,
    /// Cancelled when a device wants the program to end.
    pub stop: CancellationToken,
}

/// Where the door is.
pub(super) struct Place {
    files: Files,
    fingerprint: Fingerprint,
    pub(super) since: Instant,
    server: OnceLock<Weak<Server>>,
    at: Mutex<At>,
}

/// The socket in use.
#[derive(Clone)]
struct At {
    /// The setting that it was made for.
    wanted: Option<SocketAddr>,
    found: Found,
    /// What the card says of the engine.
    mark: Option<Mark>,
    /// Why it is not where the configuration in force wants it.
    fault: Option<String>,
}

#[derive(Clone)]
enum Found {
    Udp(SocketAddr),
    Unix(PathBuf, CancellationToken),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Udp(address) => write!(f, "{address}"),
            Self::Unix(path, _) => write!(f, "{}", path.display()),
        }
    }
}

impl Door {
    /// Lets devices in to `app`, where the configuration says. The app's files must be there.
    ///
    /// # Errors
    /// When the address is taken, or a file cannot be used.
    pub async fn open(app: &App, opened: Opened) -> anyhow::Result<Self> {
        let Opened { questions, files, bulletin, stop } = opened;
        let identity = Identity::keep(&files.identity())?;
        let memory = Arc::new(app.memory().clone());
        token_file::keep_owner(&files.token(), &*memory).await?;
        let place = Arc::new_cyclic(|_| Place {
            fingerprint: identity.fingerprint(),
            since: Instant::now(),
            server: OnceLock::new(),
            at: Mutex::new(At {
                wanted: None,
                found: Found::Unix(files.socket(), stop.child_token()),
                mark: None,
                fault: None,
            }),
            files,
        });
        let handler = DoorHandler {
            app: app.clone(),
            questions,
            lanes: Lanes::default(),
            bulletin,
            stop,
            place: place.clone(),
        };
        let limits = Limits { stop_grace: CLOSING, ..Limits::default() };
        let server =
            Server::new(&identity, memory, Arc::new(handler), limits)?.noted_in(app.program_health());
        let server = Arc::new(server);
        let _ = place.server.set(Arc::downgrade(&server));
        let door = Self { server, place };
        let live = app.live.load_full();
        let wanted = live.loaded.settings.listen;
        let found = door.listen(wanted).map_err(|error| anyhow::anyhow!("{error}{}", hint(&error)))?;
        door.settle(&live, wanted, found).with_context(|| door.place.files.card().display().to_string())?;
        Ok(door)
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        self.place.at().found.to_string()
    }

    fn listen(&self, wanted: Option<SocketAddr>) -> Result<Found, ListenError> {
        match wanted {
            Some(address) => self.server.listen(address).map(Found::Udp),
            None => {
                let path = self.place.files.socket();
                self.server.listen_unix(&path).map(|stop| Found::Unix(path, stop))
            }
        }
    }

    /// From now on it is there.
    fn settle(&self, live: &Live, wanted: Option<SocketAddr>, found: Found) -> std::io::Result<()> {
        let (address, socket) = match &found {
            Found::Udp(address) => (Some(*address), None),
            Found::Unix(path, _) => (None, Some(path.clone())),
        };
        let mark = Some(Mark::of(&live.loaded));
        *self.place.at() = At { wanted, found, mark: mark.clone(), fault: None };
        self.place.files.write(&Card {
            pid: std::process::id(),
            address,
            socket,
            fingerprint: self.place.fingerprint.to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            mark,
        })
    }

    /// Moves to where the configuration in force wants it. Where that fails it stays.
    fn follow(&self, live: &Live) {
        let wanted = live.loaded.settings.listen;
        let old = self.place.at().clone();
        if old.wanted == wanted {
            self.place.at().fault = None;
            if old.mark.as_ref() != Some(&Mark::of(&live.loaded))
                && let Err(error) = self.settle(live, wanted, old.found)
            {
                tracing::warn!(%error, "{} cannot be written", self.place.files.card().display());
            }
            return;
        }
        let moved = self.listen(wanted).map_err(|error| format!("{error}{}", hint(&error)));
        let moved =
            moved.and_then(|found| self.settle(live, wanted, found).map_err(|error| error.to_string()));
        match moved {
            Ok(()) => {
                match &old.found {
                    Found::Udp(address) => self.server.leave(*address),
                    Found::Unix(_, stop) => stop.cancel(),
                }
                live.loaded.notify(&format!("listening on {}", self.place.at().found));
            }
            Err(error) => {
                let text = format!("still listening on {}: {error}", old.found);
                live.loaded.notify(&text);
                self.place.at().fault = Some(text);
            }
        }
    }
}

/// What to do about it.
fn hint(error: &ListenError) -> &'static str {
    let ListenError::Bind { source, .. } = error;
    match source.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; another program has the port: `listen` in pista.setup, or --listen, chooses another"
        }
        _ => "",
    }
}

impl App {
    /// Starts what runs beside the answering of messages, and answers devices.
    pub async fn serve_devices(&self, door: Door) {
        self.serve_by(vec![Box::new(door)]).await;
    }
}

impl Place {
    fn at(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where devices are heard, and what is wrong with that.
    pub(super) fn described(&self) -> (String, Option<String>) {
        let at = self.at();
        (at.found.to_string(), at.fault.clone())
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// How much is going on.
    pub(super) fn traffic(&self) -> Option<Traffic> {
        Some(self.server.get()?.upgrade()?.traffic())
    }
}

impl Service for Door {
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()> {
        self.follow(live);
        Box::pin(std::future::ready(()))
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Who finds the card gone may count on finding the door closed: that comes first.
            let withdraw = async { self.place.files.withdraw() };
            futures_util::future::join(self.server.shutdown(PATIENCE), withdraw).await;
        })
    }
}
