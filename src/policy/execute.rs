//! The port to whatever runs authorised calls.

use super::Authorized;
use crate::domain::{
    BoxFuture,
    call::{ToolCall, ToolResult},
    hook::TurnContext,
    tool::ToolSpec,
};

/// Runs authorised calls. Implemented by the tool registry.
pub trait Executor: Send + Sync {
    /// The tools there are, sorted by name.
    fn specs(&self) -> &[ToolSpec];

    /// Runs a call. Dropping the future stops what runs, and everything that it started.
    fn execute<'a>(&'a self, call: Authorized<ToolCall>, scope: Scope<'a>) -> BoxFuture<'a, ToolResult>;
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
