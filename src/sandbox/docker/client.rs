//! The connection to the engine, made when it is first needed.

use super::{DockerError, error::words, image::Pulls, remove::Removals, run::Deadline};
use crate::instance::{Instance, installation};
use bollard::{API_DEFAULT_VERSION, Docker as Client};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{sync::OnceCell, time::timeout};

/// Where the engine listens when `DOCKER_HOST` says nothing.
const USUAL: &str = "unix:///var/run/docker.sock";
/// Seconds that the engine may take to begin an answer.
const ANSWER: u64 = 60;
/// The directory of the locks of programs that run, in that for state.
const LOCKS: &str = "run";
/// How long the first answer may take.
const FIRST: Duration = Duration::from_secs(5);

/// The Docker engine. Cheap to make and to clone: nothing is connected before it is needed.
#[derive(Clone, Debug)]
pub struct Docker {
    place: Arc<str>,
    client: Arc<OnceCell<Client>>,
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

/// How long the end of a program waits for containers to be removed.
const SETTLING: Duration = Duration::from_secs(10);

impl Docker {
    /// The engine at `host` (as in `DOCKER_HOST`), or where it usually listens. `owner` marks the
    /// containers: the path of the state directory.
    pub fn new(host: Option<&str>, owner: &str) -> Self {
        Self {
            place: host.unwrap_or(USUAL).into(),
            client: Arc::default(),
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
        let unreachable =
            |message: String| DockerError::Unreachable { place: self.place.to_string(), message };
        let connect = || async {
            if !self.place.starts_with("unix://") {
                return Err(unreachable("only unix:// sockets are supported".into()));
            }
            let client = Client::connect_with_unix(&self.place, ANSWER, API_DEFAULT_VERSION)
                .map_err(|error| unreachable(words(&error)))?;
            match timeout(FIRST, client.negotiate_version()).await {
                Ok(Ok(client)) => Ok(client),
                Ok(Err(error)) => Err(unreachable(words(&error))),
                Err(_) => Err(unreachable(format!("no answer within {} s", FIRST.as_secs()))),
            }
        };
        self.client.get_or_try_init(connect).await
    }

    /// The same, before the deadline of a call.
    pub(super) async fn client_by(&self, deadline: Deadline) -> Result<&Client, DockerError> {
        deadline.until(self.client()).await.unwrap_or_else(|| {
            let message = format!("no answer within {} s", deadline.limit().as_secs_f64());
            Err(DockerError::Unreachable { place: self.place.to_string(), message })
        })
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
