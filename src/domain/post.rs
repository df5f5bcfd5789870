//! Messages that come in and go out by channels, as they are stored. What a crash may not lose is
//! written before it is acknowledged.

use super::{
    BoxFuture,
    id::{SessionId, TurnId},
    question::Estate,
    store::StoreError,
};
use std::time::{Duration, SystemTime};

/// A message as a channel hands it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The channel.
    pub channel: String,
    /// Where on it: answers go there.
    pub conversation: String,
    /// Who speaks, by the platform's own id.
    pub user: String,
    /// What was said.
    pub text: String,
    /// The platform's id of the message. The same one is taken once.
    pub id: String,
    /// A URL that the answer goes to.
    pub callback: Option<String>,
}

/// What became of a message that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is stored, and will be answered.
    Accepted,
    /// It was handed in before.
    Seen,
    /// It is not taken, and why: whoever speaks may not, it makes no sense, or the program broke over it.
    Refused(String),
    /// It is not taken: there were too many of late.
    Limited {
        /// When one will be taken again.
        retry_after: Duration,
    },
}

impl Receipt {
    /// What is said about too many messages.
    pub fn limited(retry_after: Duration) -> String {
        format!("too many messages; try again in {} s", whole_seconds(retry_after))
    }
}

/// Seconds to wait, rounded up.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is waiting its turn, being answered, or its answer is on the way.
    Open,
    /// It ended.
    Ended(Handled),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The message as it is stored; `/retry` has become what it took up.
    pub arrival: Arrival,
    /// How far it has come.
    pub stage: Stage,
    /// The session of its conversation.
    pub session: Option<SessionId>,
    /// The answer as it left, if there is one.
    pub reply: Option<String>,
    /// Why the answer was not delivered, when that was tried last.
    pub undelivered: Option<String>,
}

/// A message that went out to a conversation by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its number; later ones have higher ones.
    pub number: i64,
    /// What it says.
    pub text: String,
    /// The id of the question that it asks.
    pub question: Option<String>,
}

/// A part of a message that a channel gathers from several. It is stored, and waits to be handed in
/// together with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The channel.
    pub channel: String,
    /// Where on it.
    pub conversation: String,
    /// Who speaks, by the platform's own id.
    pub user: String,
    /// The platform's id of the part. The same one is taken once.
    pub id: String,
    /// What the channel needs to go on with it, in whatever form it likes.
    pub body: String,
}

/// Where channels hand messages in.
pub trait Door: Send + Sync {
    /// Takes a message. Once this returns `Ok` it need not be handed in again.
    fn receive(&self, arrival: Arrival) -> BoxFuture<'_, Result<Receipt, StoreError>>;

    /// Stores a part of a message. Once this returns it need not be handed in again. False: it was
    /// handed in before, by itself or in a message.
    fn hold(&self, piece: Piece) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The parts that are stored and were not handed in, oldest first.
    fn held(&self) -> BoxFuture<'_, Result<Vec<Piece>, StoreError>>;

    /// Takes a message that was gathered from parts, given by their ids. Its own id is that of the first.
    /// Whatever the receipt, the parts do not wait any more.
    fn receive_gathered(
        &self,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> BoxFuture<'_, Result<Receipt, StoreError>>;

    /// Parts that are no message to anybody are forgotten: they may be handed in again, in other words.
    fn discard(&self, pieces: Vec<String>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether a text answers a question that is put to a person, known by the platform's own id.
    fn expects<'a>(&'a self, user: &'a str, text: &'a str) -> BoxFuture<'a, bool>;

    /// A conversation has another name on the platform from now on. What belongs to it follows: its
    /// session, its messages, the questions asked there, and what is sent to the old name.
    fn moved<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the answer of a person, known by the platform's own id, to a question that was sent with
    /// its id: a button that was pressed. Returns what to tell them.
    fn answer<'a>(&'a self, user: &'a str, question: &'a str, yes: bool) -> BoxFuture<'a, String>;

    /// Counts an attempt of a stranger to speak in another's name, by where it came from; `Some`: there were
    /// too many, and this is when the next one is looked at.
    fn stranger(&self, from: &str) -> Option<Duration>;

    /// Counts and logs something that arrived and was dropped. `reason` is one of few fixed texts.
    fn dropped(&self, reason: &'static str, detail: &str);

    /// Whether what happens cannot be stored just now, and waits in memory until it can.
    fn is_degraded(&self) -> bool;

    /// What became of a message that was handed in with this id; `None`: there was none.
    fn fate<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Fate>, StoreError>>;

    /// What went out to a conversation besides answers, after the message of this number.
    fn notes<'a>(&'a self, conversation: &'a str, after: i64)
    -> BoxFuture<'a, Result<Vec<Note>, StoreError>>;
}

/// A stored message that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub number: i64,
    /// The message.
    pub arrival: Arrival,
}

/// What a message says and carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// The text.
    pub text: String,
    /// The id of the question that it asks: a yes or no to it goes to [`Door::answer`].
    pub question: Option<String>,
    /// Files to go with it, by absolute path.
    pub files: Vec<String>,
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Its number: the same at each attempt, so that who delivers it can tell a repetition.
    pub number: i64,
    /// Where on the channel it goes.
    pub conversation: String,
    /// What it says and carries.
    pub content: Content,
    /// From 1.
    pub attempt: u32,
    /// So many parts of it are known to have arrived, where it goes out in several.
    pub parts: u32,
    /// The part after these may have arrived: whoever sent it did not hear the end of it.
    pub doubtful: bool,
    /// The message that it answers.
    pub answers: Option<Answered>,
    /// The URL that whoever speaks there wants it sent to.
    pub callback: Option<String>,
}

/// The message that an answer belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its id.
    pub id: String,
    /// How it ended.
    pub handled: Handled,
    /// The session of its conversation.
    pub session: Option<SessionId>,
}

/// How a message's handling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It was answered.
    Done,
    /// It was not: `/retry` takes it up again.
    Failed,
    /// The program ended meanwhile: `/retry` takes it up again.
    Interrupted,
}

/// A state of what is kept, to compare with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub [Option<(u64, SystemTime)>; 2]);

/// Keeps messages on their way in and out. Everything returned as stored survives `kill -9`.
pub trait Post: Send + Sync {
    /// Whether what happens cannot be stored just now, and waits in memory until it can.
    fn is_degraded(&self) -> bool;

    /// Waits until something is stored that was delayed, from the moment of the call on.
    fn stored_late(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// What is another when anything was written since, by whichever program. `None`: nobody knows.
    fn stamp(&self) -> Option<Stamp> {
        None
    }

    /// Stores a message that came in. `None`: it is known.
    fn take(&self, arrival: Arrival) -> BoxFuture<'_, Result<Option<Letter>, StoreError>>;

    /// Stores a part of a message. False: it is known.
    fn hold(&self, piece: Piece) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The parts of messages of a channel that wait, oldest first.
    fn held<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Vec<Piece>, StoreError>>;

    /// Stores a message that was gathered from parts, whose ids these are, in their place: all of it or
    /// nothing. `None`: it is known.
    fn take_gathered(
        &self,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> BoxFuture<'_, Result<Option<Letter>, StoreError>>;

    /// Parts of messages of a channel that wait are forgotten.
    fn discard<'a>(&'a self, channel: &'a str, pieces: Vec<String>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// A conversation of a channel has another name from now on: what is stored of it follows, and what
    /// is sent to the old name goes to the new one.
    fn move_conversation<'a>(
        &'a self,
        channel: &'a str,
        from: &'a str,
        to: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Marks a message as being worked on, in `turn` if it is one. False when that was done before.
    fn begin<'a>(&'a self, number: i64, turn: Option<&'a TurnId>) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Closes a message, and puts the answer, if there is one, on its way: both or neither, and
    /// once. Later ones change nothing.
    fn close(
        &self,
        number: i64,
        handled: Handled,
        answer: Option<String>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Takes over what dead programs left on a channel. What they had begun is closed as interrupted,
    /// with `notice` as the answer, unless its turn waits for somebody's answer to a question; that and
    /// what was not begun is returned, oldest first.
    fn adopt<'a>(&'a self, channel: &'a str, notice: &'a str) -> BoxFuture<'a, Result<Estate, StoreError>>;

    /// Puts the text of the newest message of the same conversation that ended without an answer in
    /// the place of this message's, and returns it. Each is taken up once.
    fn retry(&self, number: i64) -> BoxFuture<'_, Result<Option<String>, StoreError>>;

    /// The session that belongs to a conversation.
    fn session<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
    ) -> BoxFuture<'a, Result<Option<SessionId>, StoreError>>;

    /// From now on this session belongs to a conversation.
    fn assign<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Puts a message on its way.
    fn send<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        content: Content,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes at most `most` messages that are due, one of each conversation, for delivery.
    fn due<'a>(&'a self, channel: &'a str, most: usize) -> BoxFuture<'a, Result<Vec<Parcel>, StoreError>>;

    /// Milliseconds until the next message of a channel is due; `None`: none is.
    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<u64>, StoreError>>;

    /// So many parts of a message were delivered.
    fn part(&self, number: i64, parts: u32) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The next part of a message may have been delivered.
    fn doubt(&self, number: i64) -> BoxFuture<'_, Result<(), StoreError>>;

    /// A message was delivered, or was not to be.
    fn delivered(&self, number: i64) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps the words in which a message leaves, which hooks may have changed, for those who ask for it
    /// later; and whether it was delivered.
    fn said(&self, number: i64, text: String, delivered: bool) -> BoxFuture<'_, Result<(), StoreError>>;

    /// What became of a message of a channel, by its id.
    fn fate<'a>(&'a self, channel: &'a str, id: &'a str) -> BoxFuture<'a, Result<Option<Fate>, StoreError>>;

    /// At most `most` messages that were delivered to a conversation and answered none, after a number.
    fn notes<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        after: i64,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Note>, StoreError>>;

    /// A message could not be delivered: it is tried again after so many milliseconds, or never.
    fn put_off<'a>(
        &'a self,
        number: i64,
        error: &'a str,
        again_ms: Option<u64>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The delivery of a message panicked: it is tried again after so many milliseconds. One that has panicked
    /// `most` times is set aside instead, which is `true`.
    fn panicked<'a>(
        &'a self,
        number: i64,
        error: &'a str,
        again_ms: u64,
        most: u32,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Gives back what was taken for delivery by this program and not delivered.
    fn release<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}
