//! The port to whatever runs authorised calls.

use super::{Authorized, Verdict};
use crate::domain::{
    BoxFuture,
    call::{ToolCall, ToolResult},
    chat::{ChatError, ChatRequest, ChatResponse, ModelFacts},
    event::TurnEvent,
    hook::TurnContext,
    rules::Rule,
    tool::ToolSpec,
};
use std::path::PathBuf;

/// Runs authorised calls. Implemented by the tool registry.
pub trait Executor: Send + Sync {
    /// The tools there are, sorted by name.
    fn specs(&self) -> &[ToolSpec];

    /// Keeps a text whole where the tools can read it; the same text is kept once. What stands for it has
    /// about so many characters. `Err`: why it could not be kept; by itself nothing can keep one.
    fn kept<'a>(&'a self, _text: &'a str, _chars: usize) -> BoxFuture<'a, Result<KeptText, String>> {
        Box::pin(std::future::ready(Err("there is no place for it".into())))
    }

    /// Runs a call. Dropping the future stops what runs, and everything that it started.
    fn execute<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult>;
}

/// What stands for a text that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptText {
    /// Its beginning and its end, and where all of it is.
    pub text: String,
    /// The file with all of it.
    pub place: PathBuf,
}

/// Within what a call runs.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Where and for whom.
    pub context: &'a TurnContext,
    /// The way to further calls, for tools that make some.
    pub nested: &'a dyn Nested,
}

/// Makes further calls for a tool that runs: each passes the policy as if the model had made it.
pub trait Nested: Send + Sync {
    /// The tools that may be called.
    fn offered(&self) -> Vec<ToolSpec>;

    /// Makes a call. What the policy refuses is a result, too.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult>;

    /// Decides about a call that is to be run in another place: the same policy, and the stricter
    /// rules of the two.
    fn judge<'a>(&'a self, call: ToolCall, elsewhere: &'a Elsewhere) -> BoxFuture<'a, Verdict> {
        let reason = format!("no calls can be made from here in {}", elsewhere.place);
        Box::pin(std::future::ready(Verdict::Denied { call, reason }))
    }

    /// Asks a model on the account of whoever runs the tool, within their budget. An empty name is
    /// the model that answers them.
    fn ask<'a>(&'a self, _request: ChatRequest<'a>) -> BoxFuture<'a, Result<ChatResponse, ChatError>> {
        let refusal = ChatError::Config("no model can be asked from here".into());
        Box::pin(std::future::ready(Err(refusal)))
    }

    /// What is known of a model, named as in [`ask`](Self::ask).
    fn facts(&self, _model: &str) -> ModelFacts {
        ModelFacts::default()
    }

    /// Tells whoever watches what the tool does meanwhile.
    fn tell(&self, _event: TurnEvent) {}
}

/// Another place where calls are run, such as a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Which, for a person to read. Standing approvals are bound to it.
    pub place: String,
    /// What may be done there, besides what the agent may do.
    pub rules: Vec<Rule>,
}

/// For tools that run where no further calls can be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNested;

impl Nested for NoNested {
    fn offered(&self) -> Vec<ToolSpec> {
        vec![]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult> {
        let refusal = "no further calls can be made here";
        let result = ToolResult::new(&call, crate::domain::call::ToolStatus::Denied, refusal);
        Box::pin(std::future::ready(result))
    }
}
