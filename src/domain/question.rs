//! Questions to people who are reached by a channel, as they are stored: may this call run?
//!
//! A question belongs to one call, known by its id and the hash of what it would do; to the people
//! who may decide; and to a time. It is answered once, and what was stored counts.

use super::{
    BoxFuture,
    approval::ApprovalRequest,
    call::ToolCall,
    hook::TurnContext,
    id::{CallId, TurnId},
    store::StoreError,
    usage::Usage,
};
use serde::Serialize;

/// A person who may decide, and where they are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The channel.
    pub channel: String,
    /// The person, by the platform's own id.
    pub user: String,
    /// Where on the channel the question stands.
    pub conversation: String,
}

impl Asked {
    /// The person's address.
    pub fn address(&self) -> String {
        format!("{}:{}", self.channel, self.user)
    }
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionState {
    /// It waits for an answer.
    Open,
    /// The call may run.
    Yes,
    /// It may not.
    No,
    /// Nobody answered in time.
    Expired,
    /// Whoever asked does not wait any more.
    Withdrawn,
}

impl QuestionState {
    /// The name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A question, as stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// What a person types, or a button carries.
    pub id: String,
    /// The hash of the tool's name and the arguments.
    pub print: String,
    /// Who may decide.
    pub people: Vec<Asked>,
    /// The call, and where and for whom it is made.
    pub request: ApprovalRequest,
    /// The call as it was shown.
    pub text: String,
    /// Whether the turn goes on in a later run of the program.
    pub resumable: bool,
    /// What became of it.
    pub state: QuestionState,
    /// When it was asked, in milliseconds since 1970 (UTC).
    pub asked_ms: i64,
    /// Until when it can be answered.
    pub expires_ms: i64,
    /// Who decided: an address.
    pub decided_by: Option<String>,
    /// When.
    pub decided_ms: Option<i64>,
}

/// A question to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct NewQuestion {
    /// Its id.
    pub id: String,
    /// The hash of the tool's name and the arguments.
    pub print: String,
    /// Who may decide.
    pub people: Vec<Asked>,
    /// The call.
    pub request: ApprovalRequest,
    /// The call as it is shown.
    pub text: String,
    /// What is sent to each of them.
    pub message: String,
    /// How long the answer may take, in milliseconds.
    pub patience_ms: i64,
}

/// What became of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// It is stored, and on its way to all who may decide.
    Asked(Box<Question>),
    /// Another question has this id.
    Taken,
    /// This person has too many questions to answer already.
    TooMany(Asked),
}

/// Who answers a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voter {
    /// A person by a channel.
    Person {
        /// The channel.
        channel: String,
        /// The person.
        user: String,
        /// Where they said it. `None`: it came with the question itself, as a button does.
        conversation: Option<String>,
    },
    /// The owner, at the machine: their address.
    Owner(String),
}

impl Voter {
    /// Their address.
    pub fn address(&self) -> String {
        match self {
            Self::Person { channel, user, .. } => format!("{channel}:{user}"),
            Self::Owner(address) => address.clone(),
        }
    }
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// It counts.
    Counts(Question),
    /// There is no such question.
    Unknown,
    /// It is another person's to answer.
    NotTheirs,
    /// It was asked in another conversation.
    Elsewhere,
    /// It is over, as its state says.
    Over(Question),
}

/// A turn that waits, over the end of a program, for the answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Parked {
    /// The call that was asked about.
    pub call: CallId,
    /// The calls of the same response that have no result, in their order. Those before
    /// [`call`](Self::call) were begun, those behind it were not.
    pub open: Vec<ToolCall>,
    /// What the turn has cost so far.
    pub usage: Usage,
}

/// Keeps questions. Everything returned as stored survives `kill -9`.
pub trait QuestionStore: Send + Sync {
    /// Stores a question and puts it on its way to everybody who may decide: both or neither.
    fn open(&self, question: NewQuestion, most: usize) -> BoxFuture<'_, Result<Opening, StoreError>>;

    /// The question about a call of a turn that still stands: it was not withdrawn, and a yes to it
    /// was not used.
    fn standing<'a>(
        &'a self,
        turn: &'a TurnId,
        call: &'a CallId,
    ) -> BoxFuture<'a, Result<Option<Question>, StoreError>>;

    /// A question.
    fn question<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<Question>, StoreError>>;

    /// The questions that wait for an answer, oldest first.
    fn unanswered(&self) -> BoxFuture<'_, Result<Vec<Question>, StoreError>>;

    /// Takes an answer. Of several the first one counts.
    fn decide<'a>(
        &'a self,
        id: &'a str,
        voter: &'a Voter,
        yes: bool,
    ) -> BoxFuture<'a, Result<Decided, StoreError>>;

    /// Uses what was decided, for a call with this hash: its state afterwards. A question that
    /// nobody answered in time expires by this. A yes is used once, and for no other call: after
    /// that, or else, it is [`QuestionState::Withdrawn`]. [`QuestionState::Open`]: it waits still.
    fn conclude<'a>(
        &'a self,
        id: &'a str,
        print: &'a str,
    ) -> BoxFuture<'a, Result<(QuestionState, Option<String>), StoreError>>;

    /// Nobody waits for the answer any more. Queued when this is called; dropping the future does
    /// not undo it.
    fn withdraw(&self, id: &str) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// What dead programs left on a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estate {
    /// What is to be done, oldest first.
    pub left: Vec<Inherited>,
    /// Whether there are messages that belong to another program, which seems to be running. One that
    /// was killed seems so until the children that it was starting have become other programs.
    pub others: bool,
}

/// What is left to do of a message whose program died.
#[derive(Clone, Debug, PartialEq)]
pub struct Inherited {
    /// The message.
    pub letter: super::post::Letter,
    /// The turn that was under way and waits for an answer; `None`: it was not begun.
    pub parked: Option<TurnContext>,
}
