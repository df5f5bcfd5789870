//! The ports through which a person is asked, and remembers having said yes for good.

use super::{BoxFuture, call::ToolCall, hook::TurnContext, store::StoreError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A question to a person about one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRequest {
    /// The call as it would run.
    pub call: ToolCall,
    /// Where and for whom.
    pub context: TurnContext,
    /// Which rule asks, for a person to read.
    pub reason: String,
}

/// What the reason of a question begins with that a hook asks.
const BY_HOOK: &str = "the hook at ";

impl ApprovalRequest {
    /// The reason of a question that the hook at `place` asks.
    pub fn reason_of_hook(place: &str) -> String {
        format!("{BY_HOOK}{place} asks, each time")
    }

    /// Whether a hook asks: that is a person's to answer, whatever was said beforehand.
    pub fn is_of_hook(&self) -> bool {
        self.reason.starts_with(BY_HOOK)
    }

    /// Whether "always" means more than "yes" to it: what a hook asks about is asked each time.
    pub fn can_stand(&self) -> bool {
        !self.is_of_hook()
    }
}

/// What a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// This once.
    Yes,
    /// No.
    No,
    /// This and every later call that is exactly the same.
    Always,
}

/// An answer, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What they said.
    pub approval: Approval,
    /// The address of the person, where they were reached by a channel.
    pub by: Option<String>,
}

impl From<Approval> for Ruling {
    fn from(approval: Approval) -> Self {
        Self { approval, by: None }
    }
}

/// Someone, or something, that can be asked.
pub trait Approver: Send + Sync {
    /// Asks. `None` when there is nobody to ask: then the answer is no, and the text says why.
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>>;

    /// Asks certain people, by their addresses: `channel:person`. Nobody else can answer, and the first
    /// answer counts. `Err`: why there is none, which means no.
    fn refer<'a>(
        &'a self,
        _request: &'a ApprovalRequest,
        to: &'a [String],
        _timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        Box::pin(std::future::ready(Err(format!("{} cannot be asked from here", to.join(", ")))))
    }

    /// Waits for the answer to a question about this very call that was asked before the program ended.
    /// `None`: there is none.
    fn asked_before<'a>(
        &'a self,
        _request: &'a ApprovalRequest,
    ) -> BoxFuture<'a, Option<Result<Ruling, String>>> {
        Box::pin(std::future::ready(None))
    }

    /// Who decides about the calls of a turn.
    fn approvers(&self, _context: &TurnContext) -> Approvers {
        Approvers::Here
    }

    /// Tells the person who speaks in a turn something about an approval, where they are reached by a channel
    /// or a device.
    fn inform<'a>(&'a self, _context: &'a TurnContext, _text: String) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Who decides about the calls of a turn. Approving is a right of its own: whoever may speak need not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approvers {
    /// Whoever [`Approver::ask`] asks: the person at this terminal.
    Here,
    /// These people, by their addresses: `channel:person`.
    People {
        /// The addresses.
        to: Vec<String>,
        /// Whether the person who speaks in the turn is among them.
        speaker: bool,
    },
    /// Nobody who can be reached. The text says why, and who could: `nobody owns the channel "bot"`.
    Nobody(String),
}

/// Where nobody can be asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Approver for Nobody {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(std::future::ready(None))
    }
}

/// A standing approval ("always exactly this").
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    /// SHA-256, in hex, over agent, workspace, tool name and arguments.
    pub fingerprint: String,
    /// The agent that it holds for.
    pub agent: String,
    /// The tool.
    pub tool: String,
    /// The arguments, as JSON.
    pub args: String,
    /// The workspace that it holds in.
    pub workspace: String,
    /// When it was given, in milliseconds since 1970 (UTC).
    pub granted_ms: i64,
}

/// Where standing approvals are kept.
pub trait Grants: Send + Sync {
    /// Whether there is one with this fingerprint.
    fn granted<'a>(&'a self, fingerprint: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Adds one; adding it again changes nothing.
    fn grant(&self, grant: Grant) -> BoxFuture<'_, Result<(), StoreError>>;
}
