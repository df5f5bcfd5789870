//! What a tool is, as far as the model and the policy are concerned.

use super::rules::Access;
use serde::{Deserialize, Serialize};

/// What a tool does to the world, which decides how it is treated where no rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Looks only. Allowed by default.
    Read,
    /// Changes something, or could. Asks by default.
    Act,
    /// Is not for everyone: off, unless a rule of the agent's allows it, or asks, by its
    /// name or that of its group.
    OptIn,
}

/// A tool as offered to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// `group.verb`; sent to servers in a form that they accept.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of the arguments: an object, in the plainest form.
    pub parameters: serde_json::Value,
    /// Its default treatment.
    pub effect: Effect,
}
/// A tool, and what the agent may do with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolLine {
    /// Its name.
    pub name: String,
    /// For the model.
    pub description: String,
    /// What the policy says of its calls in general.
    pub access: Access,
    /// How many exact commands it names beside that.
    pub exact: usize,
}
