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
    fn execute<'a>(
        &'a self,
        call: Authorized<ToolCall>,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, ToolResult>;
}
