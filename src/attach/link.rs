//! A connection that is made again when it broke.

use super::{error::LinkError, process};
use crate::{
    domain::{BoxFuture, device::Role, secret::Secret},
    quic::{
        Answers, Client, ClientError, Target,
        protocol::{Answer, Request, Welcome},
    },
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fs::File,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How often a daemon that went away is looked for.
pub const RETRY_EVERY: Duration = Duration::from_millis(500);
/// What a daemon that was killed had sent is waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Where a daemon is, by now.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its address and its certificate.
    pub target: Target,
    /// Who this device is to it.
    pub token: Secret,
    /// Its process, where that is on this machine.
    pub pid: Option<u32>,
}

/// Finds a daemon.
pub trait Whereabouts: Send + Sync {
    /// What people call it, in the midst of a sentence: `the daemon`, `nas.local:4433`.
    fn name(&self) -> String;

    /// Where it is now.
    fn find(&self) -> BoxFuture<'_, Result<Found, LinkError>>;

    /// The file that a daemon on this machine holds a lock on as long as it runs.
    fn lock(&self) -> Option<File> {
        None
    }
}

/// Tells a person something.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// The way to a daemon. Clones share one.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    whereabouts: Box<dyn Whereabouts>,
    current: Mutex<Option<Arc<Connection>>>,
}

/// A connection, and who watches over it.
struct Connection {
    client: Client,
    pid: Option<u32>,
    lock: Option<File>,
    welcome: Welcome,
    /// The daemon's words at its end.
    why: OnceLock<String>,
    /// It is no more.
    gone: CancellationToken,
    /// Nobody wants it any more.
    left: CancellationToken,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// When the daemon is not there, is another than the one that is meant, or says no.
    pub async fn open(whereabouts: Box<dyn Whereabouts>) -> Result<Self, LinkError> {
        let link = Self(Arc::new(Inner { whereabouts, current: Mutex::default() }));
        link.connection().await?;
        Ok(link)
    }

    /// What people call the daemon, in the midst of a sentence.
    pub fn name(&self) -> String {
        self.0.whereabouts.name()
    }

    /// What the daemon said when it let this device in last, and its process where that is known.
    ///
    /// # Errors
    /// When there is no connection and none can be made.
    pub async fn welcome(&self) -> Result<(Welcome, Option<u32>), LinkError> {
        let connection = self.connection().await?;
        Ok((connection.welcome.clone(), connection.pid))
    }

    async fn connection(&self) -> Result<Arc<Connection>, LinkError> {
        let mut current = self.0.current.lock().await;
        if let Some(connection) = current.as_ref().filter(|connection| !connection.gone.is_cancelled()) {
            return Ok(connection.clone());
        }
        // Before it is found: the very file of that daemon, or of one before it.
        let lock = self.0.whereabouts.lock();
        let Found { target, token, pid } = self.0.whereabouts.find().await?;
        let client = Client::connect(target, token).await?;
        let welcome = client.welcome().await;
        let (gone, left) = (CancellationToken::new(), CancellationToken::new());
        let connection =
            Arc::new(Connection { client, pid, lock, welcome, why: OnceLock::new(), gone, left });
        tokio::spawn(watch(connection.clone()));
        *current = Some(connection.clone());
        Ok(connection)
    }

    /// Asks for something. A request that was sent is never sent again.
    ///
    /// # Errors
    /// When there is no connection and none can be made, or the request is too large.
    pub async fn request(&self, request: &Request) -> Result<Answers, LinkError> {
        Ok(self.connection().await?.client.request(request).await?)
    }

    /// Asks for something and waits for what comes of it.
    ///
    /// # Errors
    /// As [`request`](Self::request), and when the daemon says no or goes away.
    pub async fn ask(&self, request: &Request) -> Result<Value, LinkError> {
        let asked = self.connection().await?.client.ask(request).await;
        asked.map_err(|error| self.sorted(error))
    }

    /// The same, as the type that it should be.
    pub(super) async fn ask_for<T: DeserializeOwned>(&self, request: &Request) -> Result<T, LinkError> {
        let value = self.ask(request).await?;
        serde_json::from_value(value).map_err(|error| LinkError::Strange(error.to_string()))
    }

    /// A connection that broke is told in words that name the daemon.
    pub(super) fn sorted(&self, error: ClientError) -> LinkError {
        match error {
            ClientError::Lost(why) => LinkError::Gone { who: self.name(), why },
            other => other.into(),
        }
    }

    /// Goes on from another local port: for when the network has changed. What is under way stays.
    ///
    /// # Errors
    /// When no socket can be had.
    pub async fn rebind(&self) -> Result<(), LinkError> {
        Ok(self.connection().await?.client.rebind().await?)
    }

    /// Keeps the connection up, and tells the person when it breaks and when it is there again, as long
    /// as what is returned is kept.
    pub fn keep(&self, tell: Tell) -> Keeping {
        let link = self.clone();
        Keeping(tokio::spawn(async move { link.keep_up(tell).await }))
    }

    async fn keep_up(&self, tell: Tell) {
        loop {
            let Ok(connection) = self.connection().await else { return };
            tokio::select! {
                () = connection.gone.cancelled() => {}
                () = listen(&connection, &tell) => connection.gone.cancelled().await,
            }
            let why = connection.why.get().map(|why| format!(" ({why})")).unwrap_or_default();
            drop(connection);
            tell(&format!("{} went away{why}; it is looked for", self.name()));
            loop {
                tokio::time::sleep(RETRY_EVERY).await;
                match self.connection().await {
                    Ok(connection) => {
                        tell(&format!("{} is there again{}", self.name(), facts(&connection)));
                        break;
                    }
                    Err(error) if error.may_pass() => {}
                    Err(error) => return tell(&error.to_string()),
                }
            }
        }
    }

    /// Says goodbye.
    pub async fn close(&self) {
        if let Some(connection) = self.0.current.lock().await.take() {
            connection.left.cancel();
            connection.client.close().await;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(connection) = self.current.get_mut() {
            connection.left.cancel();
        }
    }
}

/// Passes on what a daemon has to tell its owner at any time, until it tells no more.
async fn listen(connection: &Connection, tell: &Tell) {
    if connection.welcome.role != Role::Owner {
        return;
    }
    let Ok(mut answers) = connection.client.request(&Request::Watch {}).await else { return };
    while let Ok(answer) = answers.next().await {
        if let Answer::Output { text } = answer {
            tell(text.trim_end());
        }
    }
}

/// What there is to know of a daemon, behind its name.
fn facts(connection: &Connection) -> String {
    let pid = connection.pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    format!("{pid}, generation {}", connection.welcome.generation)
}

/// Notices the end of a connection, however it comes.
async fn watch(connection: Arc<Connection>) {
    let _end = connection.gone.clone().drop_guard();
    let killed = async {
        match &connection.lock {
            Some(lock) => process::ended(lock).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        why = connection.client.closed() => {
            if let ClientError::Refused(refusal) = why {
                let _ = connection.why.set(refusal.message);
            }
            return;
        }
        () = connection.left.cancelled() => return,
        () = killed => {}
    }
    tokio::time::sleep(LAST_WORDS).await;
    connection.client.abandon().await;
}

/// Keeps a connection up as long as it is kept.
#[derive(Debug)]
pub struct Keeping(JoinHandle<()>);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}
