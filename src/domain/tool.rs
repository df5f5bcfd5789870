//! What a tool is, as far as the model and the policy are concerned.

use super::{rules::Access, usage::estimate_tokens};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

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
    pub parameters: Parameters,
    /// Its default treatment.
    pub effect: Effect,
}

/// JSON Schema of a tool's arguments. Each turn offers all tools, so clones share it.
#[derive(Clone)]
pub struct Parameters(Arc<Schema>);

struct Schema {
    value: Value,
    tokens: OnceLock<u64>,
}

impl Parameters {
    /// Roughly how many tokens it is.
    pub fn tokens(&self) -> u64 {
        *self.0.tokens.get_or_init(|| estimate_tokens(&self.0.value.to_string()))
    }
}

impl From<Value> for Parameters {
    fn from(value: Value) -> Self {
        Self(Arc::new(Schema { value, tokens: OnceLock::new() }))
    }
}

impl Deref for Parameters {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0.value
    }
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.value == other.0.value
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.value.fmt(f)
    }
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
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
