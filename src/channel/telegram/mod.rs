//! A bot on Telegram, by long polling.
//!
//! An update is confirmed to the server by asking for the ones after it, and that is done once what it
//! says is stored. What goes out is split into parts, and each that arrived is noted.

mod breaking;
mod client;
mod commands;
mod described;
mod entities;
mod errors;
mod files;
mod gather;
mod handing;
mod incoming;
mod json;
mod kinds;
mod markup;
mod message;
mod moving;
mod origin;
mod outgoing;
mod place;
mod poll;
mod pressing;
mod reply;
mod rich;
mod strangers;
mod turns;
mod update;
mod uploading;
mod words;

pub use client::{ANSWER, API, MAX_ANSWER_BYTES, TRANSFER};
pub use errors::CONFLICT_REST;
pub use files::{MAX_DOWNLOAD_BYTES, MAX_DOWNLOADS, MAX_PHOTO_BYTES, MAX_UPLOAD_BYTES};
pub use gather::{ALBUM_QUIET, GATHER_BYTES, GATHER_LONGEST, GATHER_MOST};
pub use incoming::EDIT_SECONDS;
pub use outgoing::{MAX_CAPTION_UNITS, MAX_UNITS};
pub use reply::QUOTED_CHARS;
pub use rich::MAX_RICH_DEPTH;
pub use strangers::MAX_STRANGERS;
pub use turns::{EDIT_EVERY, TYPE_AFTER, TYPE_EVERY, TYPE_LONGEST};

use super::{ChannelAdapter, Progress, Rest, Undelivered};
use crate::{
    domain::{
        BoxFuture,
        event::TurnEvent,
        post::{Door, Parcel},
        secret::Secret,
    },
    health::Health,
};
use client::Client;
use place::Place;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use teloxide_core::{payloads::GetMe, types::ChatId};
use tokio::sync::{Mutex as Turn, Notify, Semaphore, watch};

/// How long the server waits for something to happen before it answers a poll.
pub const POLL: Duration = Duration::from_secs(25);
/// How long to keep a message until the channel is up.
const UNTIL_UP: Duration = Duration::from_secs(1);

/// Fetches the token, each time that the channel is started.
pub type Token = Arc<dyn Fn() -> BoxFuture<'static, Result<Secret, String>> + Send + Sync>;

/// What a bot is told at its start.
pub struct Options {
    /// The channel's name.
    pub name: String,
    /// The token.
    pub token: Token,
    /// The server; `None`: [`API`].
    pub api: Option<String>,
    /// Who may speak; `*` alone: everybody.
    pub users: Vec<String>,
    /// Commands and what they do, for the menu.
    pub commands: Vec<(String, String)>,
    /// Whether answers are shown while they are written.
    pub stream: bool,
    /// Whether it shows that it works.
    pub typing: bool,
    /// The directory that paths in messages are relative to.
    pub workspace: PathBuf,
    /// Where in it files go that arrive; `None`: they are not fetched.
    pub inbox: Option<String>,
    /// Who may approve, in the order of the declaration.
    pub owners: Vec<String>,
    /// Whether the first of the owners is told of strangers.
    pub pairing: bool,
    /// How long somebody has to be quiet until what they said is taken for one message; zero: what is
    /// said is taken message by message.
    pub gather: Duration,
    /// Where panics, and what is not handed on, are noted.
    pub health: Health,
}

/// A bot on Telegram.
pub struct Telegram {
    options: Options,
    up: watch::Sender<Option<Arc<Up>>>,
    rest: Mutex<Rest>,
    turns: turns::Turns,
    downloads: Semaphore,
    fetching: [Turn<()>; files::STRIPES],
    strangers: Mutex<strangers::Strangers>,
    /// What is said in several messages.
    gather: Mutex<gather::Gather>,
    /// Rings when there is more of that.
    bell: Notify,
    /// Held by whoever hands on what was gathered.
    handing: Turn<()>,
    /// What was said last at a place, where it is an answer.
    last: Mutex<HashMap<Place, outgoing::Last>>,
    /// Groups that became supergroups have another id.
    moved: Mutex<HashMap<ChatId, ChatId>>,
    /// Where it hands messages in, as long as it runs.
    door: Mutex<Option<Arc<dyn Door>>>,
    /// A poll was answered.
    polled: Notify,
}

/// A bot that the server knows.
struct Up {
    client: Client,
    token: Secret,
    id: i64,
    /// Without the `@`.
    username: String,
}

impl Telegram {
    /// A bot that is not up yet.
    pub fn new(options: Options) -> Self {
        Self {
            turns: turns::Turns::new(options.stream, options.typing),
            gather: Mutex::new(gather::Gather::new(options.gather)),
            options,
            up: watch::Sender::default(),
            rest: Mutex::new(Rest::Usual),
            downloads: Semaphore::new(MAX_DOWNLOADS),
            fetching: Default::default(),
            strangers: Mutex::default(),
            bell: Notify::new(),
            handing: Turn::default(),
            last: Mutex::default(),
            moved: Mutex::default(),
            door: Mutex::default(),
            polled: Notify::new(),
        }
    }

    fn up(&self) -> Option<Arc<Up>> {
        self.up.borrow().clone()
    }

    /// Notes how long to rest, and says why.
    fn down(&self, (error, rest): (String, Rest)) -> String {
        *lock(&self.rest) = rest;
        error
    }

    async fn begin(&self) -> Result<(), String> {
        *lock(&self.rest) = Rest::Usual;
        let token = (self.options.token)().await?;
        let client = Client::new(&token, self.options.api.as_deref())
            .map_err(|error| self.down((error, Rest::ForGood)))?;
        let me = client.call(&GetMe::new()).await;
        let me = me.map_err(|fault| self.down(errors::down(&fault, &token, client.is_telegrams())))?;
        // The token begins with the bot's number.
        let of_token = token.expose().split(':').next().and_then(|id| id.parse().ok());
        let id = me["id"].as_i64().or(of_token).ok_or("the answer to getMe does not say who the bot is")?;
        let username = me["username"].as_str().unwrap_or_default().to_owned();
        if username.is_empty() {
            let channel = &self.options.name;
            tracing::warn!(channel, "the server does not tell the bot's name: nobody can mention it");
        }
        self.up.send_replace(Some(Arc::new(Up { client, token, id, username })));
        Ok(())
    }
}

impl ChannelAdapter for Telegram {
    fn name(&self) -> &str {
        &self.options.name
    }

    fn open(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.begin())
    }

    fn run(&self, door: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let Some(up) = self.up() else { return Err("it was not opened".into()) };
            *lock(&self.door) = Some(Arc::clone(&door));
            self.restore(&up, &*door).await?;
            tokio::select! {
                ended = self.poll(&up, &*door) => ended,
                ended = self.gather(&up, &*door) => ended,
                never = self.turns.show(&up) => match never {},
                never = self.tell_commands(&up) => match never {},
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // The sender is ours: it is not gone.
            let _ = self.up.subscribe().wait_for(Option::is_some).await;
        })
    }

    fn rest(&self) -> Rest {
        *lock(&self.rest)
    }

    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let sent = self.deliver(parcel, &Unnoted).await;
            sent.map_err(|undelivered| undelivered.error().to_owned())
        })
    }

    fn deliver<'a>(
        &'a self,
        parcel: Parcel,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let Some(up) = self.up() else {
                let error = "the channel is not up".to_owned();
                return Err(Undelivered::Away { error, again: Some(UNTIL_UP), doubtful: false });
            };
            self.send_out(&up, parcel, progress).await
        })
    }

    fn observe(&self, conversation: &str, event: &TurnEvent) {
        self.turns.observe(conversation, event);
    }
}

/// Nobody keeps how far it got.
struct Unnoted;

impl Progress for Unnoted {
    fn arrived(&self, _: u32) -> BoxFuture<'_, Result<(), crate::domain::store::StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
