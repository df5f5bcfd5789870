//! What is said over the pipes.

use crate::domain::JsonMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The first frame to the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The program.
    pub code: String,
    /// How long its own work may take, in milliseconds. Waiting for calls costs nothing.
    pub timeout_ms: u64,
    /// The memory of its VM, in bytes.
    pub memory: usize,
    /// How many calls it may make.
    pub max_calls: usize,
    /// What it may call.
    pub tools: Vec<Offered>,
}

/// A tool, as the program sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Its name, such as `fs.read`.
    pub name: String,
    /// How it is called, for a reader.
    pub signature: String,
    /// What it does.
    pub description: String,
}

/// A frame from the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Call a tool.
    Call {
        /// The tool's name.
        name: String,
        /// Its arguments.
        args: JsonMap,
    },
    /// The program has ended. The last frame.
    Done(Done),
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What it printed.
    pub printed: String,
    /// What it returned, for a reader; `None`: nothing.
    pub returned: Option<String>,
    /// Why it failed, with the line.
    pub error: Option<String>,
    /// Whether it failed because its time was over.
    pub timed_out: bool,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Its result.
    Ok(Value),
    /// It failed, or was refused.
    Failed {
        /// How: `denied`, `error`, …
        status: String,
        /// Why.
        message: String,
    },
}
