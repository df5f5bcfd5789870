//! The port to what is remembered.

use super::{
    BoxFuture,
    envelope::Origin,
    hook::TurnContext,
    id::{SessionId, TurnId},
    message::Message,
    question::Parked,
    usage::Usage,
};
use serde::{Deserialize, Serialize};

/// A conversation, as listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// A name given by the user, unique; sessions can do without.
    pub name: Option<String>,
    /// The channel that it began on.
    pub channel: String,
    /// The agent that answers in it.
    pub agent: String,
    /// The first words of it, for lists.
    pub title: String,
    /// When it began, in milliseconds since 1970 (UTC).
    pub created_ms: i64,
    /// When it was last touched, in milliseconds since 1970 (UTC).
    pub touched_ms: i64,
    /// How many messages it holds.
    pub messages: u64,
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Rising in the order of arrival, over all sessions.
    pub id: i64,
    /// The turn that it belongs to.
    pub turn: TurnId,
    /// When it was stored, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// The message.
    #[serde(flatten)]
    pub message: Message,
}

/// A message that a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The conversation.
    pub session: SessionId,
    /// The message's id.
    pub message: i64,
    /// Its role.
    pub role: String,
    /// The passage, with the found words between `[` and `]`.
    pub snippet: String,
    /// When it was stored, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
}

/// Something that was noted, and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    /// Rising in the order of noting.
    pub id: i64,
    /// What it says.
    pub text: String,
    /// Where that came from.
    pub source: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The conversation in which it was noted.
    pub session: Option<SessionId>,
    /// The agent in whose name.
    pub agent: String,
    /// When, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
}

/// A note that a search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundNote {
    /// The note.
    #[serde(flatten)]
    pub note: Note,
    /// The passage, with the found words between `[` and `]`.
    pub snippet: String,
}

/// How a turn is marked when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// Under way.
    Running,
    /// Ended with an answer.
    Done,
    /// Ended without one.
    Failed,
    /// Stopped by the person.
    Cancelled,
    /// The program ended first.
    Interrupted,
}

impl TurnStatus {
    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why nothing could be stored or read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another running program has a turn under way in this session.
    #[error("session {session} is busy: process {pid} is answering in it")]
    Busy {
        /// The conversation.
        session: SessionId,
        /// The other program.
        pid: u32,
    },
    /// A turn in this session waits for somebody's answer to a question.
    #[error(
        "session {session} waits for an answer: `openpista approvals list` shows the question, and \
         `openpista approvals no {question}` answers it"
    )]
    Waits {
        /// The conversation.
        session: SessionId,
        /// The question.
        question: String,
    },
    /// There is no such session.
    #[error("no session is called {0:?}; `openpista sessions list` shows what there is")]
    NoSession(String),
    /// More than one session fits.
    #[error("{0:?} fits {1} sessions; give more of the id")]
    Ambiguous(String, usize),
    /// Another session has the name.
    #[error("another session is called {0:?} already; names are unique")]
    NameTaken(String),
    /// What was to be stored is no good; the text says why.
    #[error("{0}")]
    Refused(String),
    /// The database said no.
    #[error("database {path}: {message}")]
    Database {
        /// The file.
        path: String,
        /// SQLite's own words.
        message: String,
    },
    /// The database cannot be used just now: another program has locked it, or the disk is full.
    #[error("database {path}: {message}")]
    Unavailable {
        /// The file.
        path: String,
        /// SQLite's own words.
        message: String,
    },
    /// The same, for something that has happened already: it is kept in memory and stored as soon as it
    /// can be.
    #[error("database {path}: {message}; it is tried again until it is stored")]
    Delayed {
        /// The file.
        path: String,
        /// SQLite's own words.
        message: String,
    },
}

impl StoreError {
    /// Whether the same may succeed later.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Delayed { .. })
    }

    /// Whether it is stored without anybody trying again.
    pub fn is_delayed(&self) -> bool {
        matches!(self, Self::Delayed { .. })
    }
}

/// For callers to whom it is enough that something will be stored.
pub fn delayed_is_fine(stored: Result<(), StoreError>) -> Result<(), StoreError> {
    match stored {
        Err(error) if error.is_delayed() => Ok(()),
        other => other,
    }
}

/// Finds conversations for whoever names one.
pub trait Sessions: Send + Sync {
    /// The conversation of that name or id; one that isn't there begins under that name.
    fn called<'a>(
        &'a self,
        wanted: &'a str,
        channel: &'a str,
        agent: &'a str,
    ) -> BoxFuture<'a, Result<SessionId, StoreError>>;

    /// Begins a conversation without a name.
    fn begin<'a>(&'a self, channel: &'a str, agent: &'a str) -> BoxFuture<'a, Result<SessionId, StoreError>>;
}

/// What a turn needs from the memory. Everything returned as stored survives `kill -9`.
pub trait TurnStore: Send + Sync {
    /// Opens a turn with the user's message. `Busy` when another live program holds the session.
    fn begin_turn<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
        origin: &'a Origin,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Stores the next message of a turn. It is queued when this is called, in the order of the
    /// calls; waiting tells when it is stored, and dropping the future does not undo it. While the database
    /// is not available it ends with [`StoreError::Delayed`], and is stored later all the same.
    fn append(
        &self,
        session: &SessionId,
        turn: &TurnId,
        message: Message,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Records what one model call cost. Queued like [`append`](Self::append).
    fn spend(
        &self,
        session: &SessionId,
        turn: &TurnId,
        agent: &str,
        model: &str,
        usage: Usage,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// Records what a model call cost that a tool made, or a script. It counts for the conversation of
    /// `context` if that is one. Queued like [`append`](Self::append).
    fn spend_for(
        &self,
        context: &TurnContext,
        model: &str,
        usage: Usage,
    ) -> BoxFuture<'static, Result<(), StoreError>>;

    /// US dollars that `agent` spent since midnight (UTC).
    fn spent_today<'a>(&'a self, agent: &'a str) -> BoxFuture<'a, Result<f64, StoreError>>;

    /// Waits until nothing that was handed in is delayed any more.
    fn caught_up(&self) -> BoxFuture<'static, ()>;

    /// Closes a turn. Queued like [`append`](Self::append).
    fn end_turn<'a>(&'a self, turn: &'a TurnId, status: TurnStatus) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Goes on with a turn that this program took over: see [`Post::adopt`](super::post::Post::adopt).
    fn take_up<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
    ) -> BoxFuture<'a, Result<Parked, StoreError>>;

    /// Closes such a turn as interrupted.
    fn abandon<'a>(
        &'a self,
        session: &'a SessionId,
        turn: &'a TurnId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The messages that the model shall see: the newest summary, if any, as a `Notice`, and all
    /// that came after what it covers.
    fn context<'a>(&'a self, session: &'a SessionId)
    -> BoxFuture<'a, Result<Vec<StoredMessage>, StoreError>>;

    /// Puts `text` in the place of everything up to message `upto` in later contexts.
    fn summarise<'a>(
        &'a self,
        session: &'a SessionId,
        upto: i64,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}
