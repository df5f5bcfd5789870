//! The port to a language model, and the errors it can end in.

use super::{
    BoxFuture,
    message::{AssistantMessage, Message},
    tool::ToolSpec,
    usage::Usage,
};
use std::time::Duration;

/// One request to a model. Borrows everything: histories are long.
#[derive(Clone, Copy, Debug)]
pub struct ChatRequest<'a> {
    /// `provider/model`, a bare model name, or empty for the default.
    pub model: &'a str,
    /// The system prompt; sent once, first.
    pub system: &'a str,
    /// The conversation, oldest first.
    pub messages: &'a [Message],
    /// The tools on offer. Empty: none.
    pub tools: &'a [ToolSpec],
    /// At most so many tokens in the answer; `None`: the server's own limit.
    pub max_tokens: Option<u32>,
}

/// A piece of an answer while it streams.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// Visible text.
    Text(String),
    /// Reasoning, which is not shown unless asked for.
    Reasoning(String),
    /// What arrived so far is void: the call is tried again, perhaps by another model.
    Restart {
        /// Why, for a person to read.
        reason: String,
    },
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct ChatResponse {
    /// The message; its text is what the deltas said.
    pub message: AssistantMessage,
    /// What it cost.
    pub usage: Usage,
    /// `provider/model` that answered.
    pub model: String,
    /// Whether the answer was cut by a length limit.
    pub cut: bool,
}

/// What is known about a model before it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// The context window in tokens, when configured or learned.
    pub context_window: Option<u32>,
    /// US dollars per million input and output tokens. Local and Lua models cost `(0, 0)`.
    pub price: Option<(f64, f64)>,
}

/// Why the first piece of an answer may take long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// After how long it is said.
    pub after: Duration,
    /// The words, for a person to read.
    pub words: String,
}

/// A source of answers: one server, a chain of them, or a function in Lua.
pub trait LlmProvider: Send + Sync {
    /// Asks the model. Deltas go to `sink` as they arrive. Dropping the future cancels the call.
    fn chat<'a>(
        &'a self,
        request: ChatRequest<'a>,
        sink: &'a mut (dyn FnMut(Delta) + Send),
    ) -> BoxFuture<'a, Result<ChatResponse, ChatError>>;

    /// What is known about `model` (as in [`ChatRequest::model`]).
    fn facts(&self, model: &str) -> ModelFacts;

    /// The full name, `provider/model`, of the model that `model` means. Asks a server for its list where
    /// only that tells; dropping the future stops that. What can't be found out is left as it is.
    fn full_name<'a>(&'a self, model: &'a str) -> BoxFuture<'a, String> {
        Box::pin(std::future::ready(model.to_owned()))
    }

    /// What a person is told who waits long for the first piece of an answer of `model`. `None`: nothing
    /// is known but that it takes time.
    fn waiting(&self, _model: &str) -> Option<Waiting> {
        None
    }

    /// Whether the reasoning of earlier answers goes along with a request to `model`, and so takes room.
    fn replays_reasoning(&self, _model: &str) -> bool {
        false
    }
}

/// One attempt at one model that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// `provider/model`.
    pub model: String,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The server's own words, or what went wrong on the way; at most 2,000 characters.
    pub message: String,
    /// How long the attempt took.
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChatError {
    /// The conversation does not fit. `limit` is the window in tokens when the server told it.
    #[error("the conversation is longer than the model's context window: {message}")]
    ContextOverflow {
        /// The window, when known.
        limit: Option<u32>,
        /// The server's own words.
        message: String,
    },
    /// Every model of the chain failed.
    #[error("no model answered:{}", list(.0))]
    AllFailed(Vec<Attempt>),
    /// The model answered with a tool call in a form that can't be read. Nothing was run.
    #[error("{model}: {message}")]
    Unreadable {
        /// `provider/model`.
        model: String,
        /// What was wrong, and what the model wrote.
        message: String,
    },
    /// The configuration is at fault; the text says what to change.
    #[error("{0}")]
    Config(String),
}

fn list(attempts: &[Attempt]) -> String {
    attempts
        .iter()
        .map(|a| {
            let status = a.status.map_or_else(String::new, |s| format!(" HTTP {s}:"));
            format!("\n  {} ({:.1} s):{status} {}", a.model, a.took.as_secs_f64(), a.message)
        })
        .collect()
}
