//! Tools, called by scripts.

use super::PrimitiveError;
use crate::domain::{
    BoxFuture,
    call::{ToolCall, ToolResult},
    hook::TurnContext,
    rules::Access,
    tool::ToolSpec,
};

/// Calls tools for a script. Dropping a future stops what runs.
pub trait Toolbox: Send + Sync {
    /// Runs a tool in the user's name: the script is the user's own. Only the floor is asked.
    fn act<'a>(&'a self, call: ToolCall, context: &'a TurnContext) -> BoxFuture<'a, ToolResult>;

    /// Runs a tool for the agent of `context`, under its policy.
    fn call<'a>(
        &'a self,
        call: ToolCall,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Result<ToolResult, PrimitiveError>>;

    /// The tools there are, and what the agent of `context` may do with each in general.
    fn list(&self, context: &TurnContext) -> Result<Vec<ToolListing>, PrimitiveError>;
}

/// A tool, and what an agent may do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolListing {
    /// The tool.
    pub spec: ToolSpec,
    /// What the rules say of a call in general; hooks may say otherwise.
    pub access: Access,
}
