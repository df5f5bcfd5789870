//! Messages that come in by channels: who may speak, where each belongs, and what it is.
//!
//! A message is stored before it is acknowledged. Answers to questions and commands act at once;
//! everything else waits its turn in the mailbox of its conversation.

mod accepting;
mod control;
mod inheriting;
mod joining;
mod mailbox;
mod watching;

pub use inheriting::OTHERS_EVERY;
pub use mailbox::MAILBOX;

use super::{Gateway, Limits, Outgoing, Questions, TooOften};
use crate::{
    domain::{
        BoxFuture, command,
        hook::TurnContext,
        plan::Steer,
        post::{Arrival, Door, Fate, Handled, Letter, Note, Piece, Receipt},
        store::StoreError,
    },
    health::chaos,
};
use mailbox::Conversation;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};
use tokio_util::sync::CancellationToken;

/// The longest message that is taken, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 256 << 10;
/// The longest id of a person, a conversation or a message, in bytes.
pub const MAX_ID_BYTES: usize = 256;
/// So many messages are given at once to who asks for what went out.
pub const MAX_NOTES: usize = 100;
/// How long turns have to close when the program ends.
const CLOSING: Duration = Duration::from_secs(5);
/// What is said about a message whose answer did not survive the end of the program.
const INTERRUPTED: &str =
    "This was interrupted: the program ended before the answer was there. /retry takes it up again.";

/// What is said about a message whose answer met a fault of the program.
const BROKE_DOWN: &str = "error: the answer broke down (a fault of the program; its log says where)";
/// The wait before what the database refused is tried again; it doubles each time.
const STORE_RETRY_FIRST: Duration = Duration::from_millis(100);
/// The longest such wait.
const STORE_RETRY_LONGEST: Duration = Duration::from_secs(5);

/// The command that always gets through.
const STOP: &str = "stop";

/// A conversation's place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) channel: String,
    pub(super) conversation: String,
}

/// What the router has to know of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelFacts {
    /// Its name.
    pub name: String,
    /// Who may speak; `*` alone: everybody.
    pub users: Vec<String>,
    /// The agent that answers.
    pub agent: String,
    /// What becomes of messages that come while one is answered.
    pub steer: Steer,
}

/// The commands of the user's own.
pub trait Commands: Send + Sync {
    /// Their names and what they do.
    fn list(&self) -> Vec<(String, String)>;

    /// Runs one. `None`: there is no such command.
    fn run<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Option<Result<String, String>>>;
}

/// Takes messages from channels. One serves all of them, and outlives generations.
pub struct Router {
    gateway: Gateway,
    outgoing: Arc<Outgoing>,
    questions: Arc<Questions>,
    commands: Arc<dyn Commands>,
    limits: Arc<Limits>,
    conversations: Mutex<HashMap<Place, Conversation>>,
    watchers: watching::Watchers,
    /// Rings when a conversation has nothing more to do.
    idle: Notify,
    /// Messages that were taken and not closed yet.
    open: watch::Sender<usize>,
    stopping: CancellationToken,
    /// Channels hand messages in from wherever they run; what follows runs here.
    runtime: Handle,
}

impl Router {
    /// Has messages answered by `gateway`, on the runtime that this is called on.
    pub fn new(
        gateway: Gateway,
        outgoing: Arc<Outgoing>,
        questions: Arc<Questions>,
        commands: Arc<dyn Commands>,
        limits: Arc<Limits>,
    ) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            outgoing,
            questions,
            commands,
            limits,
            conversations: Mutex::default(),
            watchers: watching::Watchers::default(),
            idle: Notify::new(),
            open: watch::Sender::new(0),
            stopping: CancellationToken::new(),
            runtime: Handle::current(),
        })
    }

    /// The door for a channel.
    pub fn door(self: &Arc<Self>, facts: Arc<ChannelFacts>) -> Arc<dyn Door> {
        Arc::new(ChannelDoor { router: Arc::clone(self), facts, tells: true })
    }

    /// The same for a channel that tells people by itself that they speak too often.
    pub fn quiet_door(self: &Arc<Self>, facts: Arc<ChannelFacts>) -> Arc<dyn Door> {
        Arc::new(ChannelDoor { router: Arc::clone(self), facts, tells: false })
    }

    /// How often people may speak.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Stops the turns under way, which close, and takes up nothing more.
    pub async fn stop(&self) {
        self.stopping.cancel();
        let emptied = async {
            loop {
                let rung = self.idle.notified();
                if self.conversations().is_empty() {
                    return;
                }
                rung.await;
            }
        };
        let _ = tokio::time::timeout(CLOSING, emptied).await;
    }

    /// Waits until all messages that were taken are closed.
    pub async fn settled(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    fn conversations(&self) -> MutexGuard<'_, HashMap<Place, Conversation>> {
        self.conversations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dispatch(self: &Arc<Self>, facts: &Arc<ChannelFacts>, letter: Letter, room: usize) {
        if command::split(&letter.arrival.text).is_some() {
            let (router, facts, command) = (Arc::clone(self), Arc::clone(facts), letter.clone());
            let work = Arc::clone(self).control(facts, command);
            self.runtime.spawn(async move { router.guard(&letter, "commands", work).await });
        } else {
            self.enqueue(facts, letter, room);
        }
    }

    /// Stores a message, in the place of the parts that it was gathered from, and sees to it that it is
    /// answered.
    async fn store(
        self: &Arc<Self>,
        facts: &Arc<ChannelFacts>,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> Result<Receipt, StoreError> {
        chaos::point("receive");
        let post = self.outgoing.post();
        let stored = match pieces.is_empty() {
            true => post.take(arrival).await?,
            false => post.take_gathered(arrival, pieces).await?,
        };
        let Some(letter) = stored else { return Ok(Receipt::Seen) };
        self.open.send_modify(|open| *open += 1);
        self.guard(&letter, "router", self.take(facts, letter.clone(), MAILBOX)).await;
        Ok(Receipt::Accepted)
    }

    /// Takes a message that is stored: an answer to a question, a command, or something to be answered.
    async fn take(self: &Arc<Self>, facts: &Arc<ChannelFacts>, letter: Letter, room: usize) {
        chaos::point("router");
        match self.questions.answer(&letter.arrival).await {
            Some(told) => self.close(&letter, Handled::Done, Some(told)).await,
            None => self.dispatch(facts, letter, room),
        }
    }

    /// How many conversations have something to do, and of how many turns anything is kept.
    pub fn held(&self) -> (usize, usize) {
        (self.conversations().len(), self.questions.held())
    }

    /// Does `work` for a message. A panic in it closes the message with a word to the person.
    async fn guard(&self, letter: &Letter, task: &str, work: impl Future<Output = ()>) {
        if self.outgoing.health().tasks.guard(task, work).await.is_err() {
            self.close(letter, Handled::Failed, Some(BROKE_DOWN.into())).await;
        }
    }

    /// Tries `work` until the database is available, or `cancel`.
    async fn available<'a, T>(
        &self,
        cancel: &CancellationToken,
        work: impl Fn() -> BoxFuture<'a, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let mut wait = STORE_RETRY_FIRST;
        loop {
            let error = match work().await {
                Err(error) if error.passes() && !cancel.is_cancelled() => error,
                other => return other,
            };
            tracing::warn!("a message waits for the database: {error}");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = cancel.cancelled() => return Err(error),
            }
            wait = (wait * 2).min(STORE_RETRY_LONGEST);
        }
    }

    /// Closes a message, with an answer or without.
    async fn close(&self, letter: &Letter, handled: Handled, answer: Option<String>) {
        let answer = answer.filter(|text| !text.trim().is_empty());
        let answered = answer.is_some();
        match self.outgoing.post().close(letter.number, handled, answer).await {
            Ok(()) => {}
            Err(error) if error.is_delayed() => {
                tracing::warn!(channel = letter.arrival.channel, %error, "an answer is not stored yet");
            }
            Err(error) => {
                tracing::error!(channel = letter.arrival.channel, %error, "an answer could not be stored");
            }
        }
        self.outgoing.closed(&letter.arrival, answered);
        self.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

struct ChannelDoor {
    router: Arc<Router>,
    facts: Arc<ChannelFacts>,
    /// Whether people are told here that they speak too often.
    tells: bool,
}

impl ChannelDoor {
    fn knows(&self, user: &str) -> bool {
        self.facts.users.iter().any(|known| known == "*" || known == user)
    }

    fn refusal(&self, arrival: &Arrival) -> Option<String> {
        let Arrival { user, conversation, id, text, .. } = arrival;
        if [user, conversation, id].iter().any(|id| id.is_empty() || id.len() > MAX_ID_BYTES) {
            return Some(format!("ids have 1 to {MAX_ID_BYTES} bytes"));
        }
        if !self.knows(user) {
            return Some(format!(
                "{user:?} may not speak on {}: users of the channel does not name them",
                self.facts.name
            ));
        }
        if text.trim().is_empty() {
            return Some("the message is empty".into());
        }
        (text.len() > MAX_MESSAGE_BYTES)
            .then(|| format!("the message is longer than {MAX_MESSAGE_BYTES} bytes"))
    }
}

impl ChannelDoor {
    /// What is answered to a message that is not taken.
    async fn turned_away(&self, arrival: &Arrival) -> Option<Receipt> {
        if let Some(why) = self.refusal(arrival) {
            self.dropped("a message was refused", &why);
            return Some(Receipt::Refused(why));
        }
        let Err(refused) = self.count(arrival).await else { return None };
        self.dropped("somebody speaks too often", &arrival.user);
        self.tell(arrival, refused).await;
        Some(Receipt::Limited { retry_after: refused.retry_after })
    }

    /// Counts a message, unless it is one that always gets through.
    async fn count(&self, arrival: &Arrival) -> Result<(), TooOften> {
        let Arrival { channel, user, text, .. } = arrival;
        let command = command::split(text).map(|(name, _)| name);
        if command == Some(STOP) || self.router.questions.expects(channel, user, text).await {
            return Ok(());
        }
        self.router.limits.message(channel, user, command.is_some())
    }

    /// Says so once, and then no more until something was taken.
    async fn tell(&self, arrival: &Arrival, refused: TooOften) {
        if !self.tells || !refused.first {
            return;
        }
        let text = format!("Your message was not taken: {}.", Receipt::limited(refused.retry_after));
        let sent = self.router.outgoing.send(&arrival.channel, &arrival.conversation, text.as_str()).await;
        if let Err(error) = sent {
            tracing::warn!(channel = arrival.channel, %error, "nobody is told of a refusal");
        }
    }
}

impl Door for ChannelDoor {
    fn receive(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(self.accept(arrival, vec![]))
    }

    fn hold(&self, piece: Piece) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.router.outgoing.post().hold(piece)
    }

    fn held(&self) -> BoxFuture<'_, Result<Vec<Piece>, StoreError>> {
        self.router.outgoing.post().held(&self.facts.name)
    }

    fn receive_gathered(
        &self,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(self.accept(arrival, pieces))
    }

    fn discard(&self, pieces: Vec<String>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.router.outgoing.post().discard(&self.facts.name, pieces)
    }

    fn expects<'a>(&'a self, user: &'a str, text: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(self.router.questions.expects(&self.facts.name, user, text))
    }

    fn moved<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.router.outgoing.post().move_conversation(&self.facts.name, from, to)
    }

    fn answer<'a>(&'a self, user: &'a str, question: &'a str, yes: bool) -> BoxFuture<'a, String> {
        Box::pin(async move {
            if !self.knows(user) {
                return "You may not answer here.".to_owned();
            }
            self.router.questions.press(&self.facts.name, user, question, yes).await
        })
    }

    fn stranger(&self, from: &str) -> Option<Duration> {
        self.router.limits.failure(from).err().map(|refused| refused.retry_after)
    }

    fn dropped(&self, reason: &'static str, detail: &str) {
        self.router.outgoing.health().dropped.count_flood(&self.facts.name, reason, detail);
    }

    fn is_degraded(&self) -> bool {
        self.router.outgoing.post().is_degraded()
    }

    fn fate<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Fate>, StoreError>> {
        self.router.outgoing.post().fate(&self.facts.name, id)
    }

    fn notes<'a>(
        &'a self,
        conversation: &'a str,
        after: i64,
    ) -> BoxFuture<'a, Result<Vec<Note>, StoreError>> {
        self.router.outgoing.post().notes(&self.facts.name, conversation, after, MAX_NOTES)
    }
}
