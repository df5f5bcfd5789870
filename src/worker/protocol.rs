//! What a worker and its engine say to each other, in the bodies of `worker.…` requests.

use crate::domain::{
    JsonMap,
    call::ToolCall,
    chat::{Attempt, ChatError, ChatResponse},
    event::TurnEvent,
    message::{AssistantMessage, Message},
    tool::ToolSpec,
    usage::Usage,
};
use crate::sandbox::{Exit, Stream};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// The names of the requests, behind `worker.`
pub(super) mod action {
    /// What is to be done? Answered once.
    pub(in crate::worker) const TASK: &str = "task";
    /// What does the model say?
    pub(in crate::worker) const MODEL: &str = "model";
    /// May this call be made?
    pub(in crate::worker) const JUDGE: &str = "judge";
    /// The command has printed this.
    pub(in crate::worker) const OUTPUT: &str = "output";
    /// This has happened.
    pub(in crate::worker) const EVENTS: &str = "events";
    /// It is over.
    pub(in crate::worker) const DONE: &str = "done";
}

/// What a worker is told on its standard input, to find its engine.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// The socket, as the container sees it.
    pub socket: String,
    /// The certificate that the engine is known by.
    pub fingerprint: String,
    /// Good for this one task.
    pub token: String,
}

/// The one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) work: Work,
    /// Where its tools work.
    pub(super) workspace: String,
    /// Seconds that a call may take when it doesn't say, and at most.
    pub(super) timeout: f64,
    pub(super) max_timeout: f64,
    /// Characters of output that are shown.
    pub(super) output_chars: usize,
    /// Bytes of each stream of a command's output that the engine keeps.
    pub(super) spill_bytes: u64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Work {
    /// A turn of an agent.
    Turn {
        text: String,
        system: String,
        /// The names of its tools.
        tools: Vec<String>,
        context_window: Option<u32>,
        max_tool_rounds: u32,
        max_tokens: Option<u32>,
    },
    /// A command.
    Command { argv: Vec<String>, stdin: Option<String> },
}

/// A request to a model. The conversation is sent as what is new of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelAsked {
    pub(super) system: String,
    /// So many messages of the last request stay.
    pub(super) keep: usize,
    /// These follow.
    pub(super) messages: Vec<Message>,
    pub(super) tools: Vec<ToolSpec>,
    pub(super) max_tokens: Option<u32>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub(super) enum ModelAnswer {
    Answer { message: AssistantMessage, usage: Usage, model: String, cut: bool },
    Overflow { limit: Option<u32>, message: String },
    Unreadable { model: String, message: String },
    Failed { message: String },
    Refused { message: String },
}

impl From<Result<ChatResponse, ChatError>> for ModelAnswer {
    fn from(answer: Result<ChatResponse, ChatError>) -> Self {
        match answer {
            Ok(ChatResponse { message, usage, model, cut }) => Self::Answer { message, usage, model, cut },
            Err(ChatError::ContextOverflow { limit, message }) => Self::Overflow { limit, message },
            Err(ChatError::Unreadable { model, message }) => Self::Unreadable { model, message },
            Err(ChatError::Config(message)) => Self::Refused { message },
            Err(error @ ChatError::AllFailed(_)) => Self::Failed { message: error.to_string() },
        }
    }
}

impl From<ModelAnswer> for Result<ChatResponse, ChatError> {
    fn from(answer: ModelAnswer) -> Self {
        match answer {
            ModelAnswer::Answer { message, usage, model, cut } => {
                Ok(ChatResponse { message, usage, model, cut })
            }
            ModelAnswer::Overflow { limit, message } => Err(ChatError::ContextOverflow { limit, message }),
            ModelAnswer::Unreadable { model, message } => Err(ChatError::Unreadable { model, message }),
            ModelAnswer::Refused { message } => Err(ChatError::Config(message)),
            ModelAnswer::Failed { message } => {
                let attempt =
                    Attempt { model: "the engine".into(), status: None, message, took: Duration::ZERO };
                Err(ChatError::AllFailed(vec![attempt]))
            }
        }
    }
}

/// Whether a call may be made.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub(super) enum Judgement {
    /// With these arguments: hooks may have changed them.
    Allow { args: JsonMap },
    /// Not.
    Deny { reason: String },
    /// This is its result.
    Answer { content: String },
}

/// A call to be judged.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) call: ToolCall,
}

/// What has happened, in its order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    pub(super) events: Vec<TurnEvent>,
}

/// What a command has printed since the last time, in the order of its stream.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Printed {
    pub(super) stream: Stream,
    /// So many bytes before it are not sent.
    #[serde(default)]
    pub(super) skipped: u64,
    /// The bytes, in base64.
    pub(super) data: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Ending {
    /// The agent's answer.
    Answered { text: String, rounds: u32 },
    /// Why there is none.
    Failed { why: String, rounds: u32 },
    /// The command ended. What it printed was told before.
    Ran {
        exit: Exit,
        /// The signal that ended it.
        signal: Option<i32>,
        /// It left a process that still held the output.
        held_open: bool,
    },
    /// There was no running the command.
    NotRun { why: String },
}

/// Something as the body of a request.
pub(super) fn body(value: &impl Serialize) -> JsonMap {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        // What is sent here is an object.
        _ => JsonMap::new(),
    }
}

/// Something from the body of a request.
pub(super) fn read<T: DeserializeOwned>(body: JsonMap) -> Result<T, String> {
    serde_json::from_value(Value::Object(body)).map_err(|error| error.to_string())
}
