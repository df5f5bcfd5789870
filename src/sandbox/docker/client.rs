//! The connection to the engine, made when it is first needed.

use super::{
    DockerError, Step,
    error::{io_words, words},
    image::Pulls,
    places,
    remove::Removals,
    run::Deadline,
};
use crate::instance::{Instance, installation};
use bollard::{API_DEFAULT_VERSION, Docker as Client};
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{sync::OnceCell, time::timeout};

const UNIX: &str = "unix://";
/// Seconds that the engine may take to begin an answer.
const ANSWER: u64 = 60;
/// The directory of the locks of programs that run, in that for state.
const LOCKS: &str = "run";
/// How long the first answer may take.
const FIRST: Duration = Duration::from_secs(5);

/// A Docker engine, or Podman, which speaks like one. Cheap to make and to clone: nothing is connected
/// before it is needed.
#[derive(Clone, Debug)]
pub struct Docker {
    /// Where it may listen; the first that answers is taken.
    places: Arc<[String]>,
    /// The connection, and the socket.
    client: Arc<OnceCell<(Client, PathBuf)>>,
    numbers: Arc<OnceCell<Numbers>>,
    /// Whose containers these are, for people, as a label.
    pub(super) owner: Arc<str>,
    /// Where the installation keeps its things, and what is known from there once it is needed.
    state: Option<PathBuf>,
    life: Arc<OnceLock<Option<Life>>>,
    pub(super) removals: Removals,
    pub(super) pulls: Pulls,
}

/// Whose containers they are, and the program that makes them.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// The same for every run of the installation, and for no other.
    pub(super) installation: Arc<str>,
    pub(super) instance: Arc<Instance>,
}

impl Life {
    fn begin(state: &Path) -> std::io::Result<Self> {
        let installation = installation(state)?.into();
        let instance = Instance::new(state.join(LOCKS));
        instance.hold()?;
        Ok(Self { installation, instance: Arc::new(instance) })
    }
}

/// What the users of containers are on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// The same number.
    Same,
    /// Others, unless a container asks for the machine's (`userns-remap`).
    Shifted,
    /// The engine runs without root: its containers' root is the user that it belongs to.
    Rootless,
}

/// How long the end of a program waits for containers to be removed.
const SETTLING: Duration = Duration::from_secs(10);

impl Docker {
    /// The engine at `host` (as in `DOCKER_HOST`), or where the system's usually listens. `owner` marks the
    /// containers: the path of the state directory.
    pub fn new(host: Option<&str>, owner: &str) -> Self {
        Self::at(places(host, None, None), owner)
    }

    /// The engine at one of these places, each as in `DOCKER_HOST`: see [`places()`].
    pub fn at(places: impl IntoIterator<Item = impl Into<String>>, owner: &str) -> Self {
        Self {
            places: places.into_iter().map(Into::into).collect(),
            client: Arc::default(),
            numbers: Arc::default(),
            owner: owner.into(),
            state: None,
            life: Arc::default(),
            removals: Removals::default(),
            pulls: Pulls::default(),
        }
    }

    /// The same for the installation that keeps its state there: what one of its programs leaves behind by
    /// dying, the next one can tell from what belongs to a program that runs.
    #[must_use]
    pub fn of(self, state: &Path) -> Self {
        Self { state: Some(state.to_owned()), life: Arc::default(), ..self }
    }

    /// Whose the containers are, and the lock of this program, which is held from now on.
    pub(super) fn life(&self) -> Option<&Life> {
        let state = self.state.as_deref()?;
        let begin = || match Life::begin(state) {
            Ok(life) => Some(life),
            Err(error) => {
                tracing::warn!(
                    "should this program die, its containers stay until their time is over: {error}"
                );
                None
            }
        };
        self.life.get_or_init(begin).as_ref()
    }

    /// The connection. One that failed is tried again the next time.
    pub(super) async fn client(&self) -> Result<&Client, DockerError> {
        let connect = || async {
            let mut refused = vec![];
            for place in &*self.places {
                // Where several may be, those that are not there are no news.
                let there = place.strip_prefix(UNIX).is_none_or(|path| Path::new(path).exists());
                if self.places.len() > 1 && !there {
                    continue;
                }
                match connected(place).await {
                    Ok(client) => {
                        tracing::debug!(place, "a container engine answers");
                        return Ok((client, PathBuf::from(place.trim_start_matches(UNIX))));
                    }
                    Err(message) => refused.push((place.clone(), message)),
                }
            }
            Err(self.unreachable(refused))
        };
        self.client.get_or_try_init(connect).await.map(|(client, _)| client)
    }

    fn unreachable(&self, refused: Vec<(String, String)>) -> DockerError {
        let first = self.places.first().cloned().unwrap_or_default();
        match refused.len() {
            0 => DockerError::Unreachable { place: first, message: "there is no such socket".into() },
            1 => {
                let (place, message) = refused.into_iter().next().unwrap_or_default();
                DockerError::Unreachable { place, message }
            }
            _ => {
                let places: Vec<_> = refused.iter().map(|(place, _)| place.as_str()).collect();
                let messages: Vec<_> = refused.iter().map(|(_, message)| message.as_str()).collect();
                DockerError::Unreachable { place: places.join(", "), message: messages.join("; ") }
            }
        }
    }

    /// What users of containers are on the machine.
    pub(super) async fn numbers(&self, deadline: Deadline) -> Result<Numbers, DockerError> {
        let ask = || async {
            let client = self.client_by(deadline).await?;
            // Podman does not tell what it is in this place: whose socket it is does.
            if self.place().is_some_and(|socket| belongs_to_a_user(&socket)) {
                return Ok(Numbers::Rootless);
            }
            let info = deadline.step(Step::Users, client.info()).await?;
            let info = info.map_err(|error| deadline.not_run(Step::Users, &error))?;
            let options = info.security_options.unwrap_or_default();
            let has = |name: &str| {
                options.iter().any(|option| option.split(',').any(|part| part == format!("name={name}")))
            };
            Ok(match (has("rootless"), has("userns")) {
                (true, _) => Numbers::Rootless,
                (false, true) => Numbers::Shifted,
                (false, false) => Numbers::Same,
            })
        };
        self.numbers.get_or_try_init(ask).await.copied()
    }

    /// The socket of the engine that answers.
    fn place(&self) -> Option<PathBuf> {
        self.client.get().map(|(_, socket)| socket.clone())
    }

    /// The same, before the deadline of a call.
    pub(super) async fn client_by(&self, deadline: Deadline) -> Result<&Client, DockerError> {
        deadline.until(self.client()).await.unwrap_or_else(|| Err(self.silent(deadline)))
    }

    fn silent(&self, deadline: Deadline) -> DockerError {
        let message = format!("no answer within {} s", deadline.limit().as_secs_f64());
        self.unreachable(vec![(self.places.join(", "), message)])
    }

    /// Waits until the containers of runs that were given up are removed; not for ever.
    pub async fn settle(&self) {
        let removals = &self.removals.under_way;
        removals.close();
        if timeout(SETTLING, removals.wait()).await.is_err() {
            tracing::warn!("the engine does not remove containers; they are left to the next sweep");
        }
        removals.reopen();
    }

    /// Whether an engine answers; its version.
    ///
    /// # Errors
    /// When none does.
    pub async fn version(&self) -> Result<String, DockerError> {
        let version = self.client().await?.version().await?;
        Ok(version.version.unwrap_or_else(|| "unknown".into()))
    }
}

/// Whether a socket belongs to somebody else than root, and so to an engine without root.
fn belongs_to_a_user(socket: &Path) -> bool {
    std::fs::metadata(socket).is_ok_and(|socket| socket.uid() != 0)
}

/// The engine at one place; or why it does not answer.
async fn connected(place: &str) -> Result<Client, String> {
    if !place.starts_with(UNIX) {
        return Err("only unix:// sockets are supported".into());
    }
    let client =
        Client::connect_with_unix(place, ANSWER, API_DEFAULT_VERSION).map_err(|error| words(&error))?;
    match timeout(FIRST, client.negotiate_version()).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(reason(place).unwrap_or_else(|| words(&error))),
        Err(_) => Err(format!("no answer within {} s", FIRST.as_secs())),
    }
}

/// Why a socket cannot be talked to, in the system's words, which the library does not pass on.
fn reason(place: &str) -> Option<String> {
    let path = place.strip_prefix(UNIX)?;
    let error = std::os::unix::net::UnixStream::connect(path).err()?;
    Some(match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "you may not talk to it: be a member of the group that it belongs to".into()
        }
        _ => io_words(&error),
    })
}
