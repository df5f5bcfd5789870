//! What a tool itself has against a call.

use crate::domain::call::ToolCall;
use std::sync::Arc;

/// Why a call would come to nothing, whatever is decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// These are no arguments of the tool's.
    Malformed(String),
    /// The tool does not do this: a file is protected, an address is closed.
    Refused(String),
}

impl Objection {
    /// What the model would read.
    pub fn text(&self) -> &str {
        match self {
            Self::Malformed(text) | Self::Refused(text) => text,
        }
    }
}

/// Asks the tool of a call, which does nothing of it.
pub type ObjectionCheck = Arc<dyn Fn(&ToolCall) -> Option<Objection> + Send + Sync>;
