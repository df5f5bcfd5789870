//! WebAssembly modules: WASI preview 1, a small ABI (see `abi.rs`), nothing of the machine's but a
//! read-only workspace.
//!
//! - A guest runs on threads of its own, so that one which spins holds nobody up. It yields every
//!   [`TICK`], and is dropped at its deadline, also in the midst of a host call.
//! - Memory, tables and instances are bounded; output is captured and capped.
//! - A module is compiled once. The result is kept in memory and in a private directory, under the
//!   hash of the module and of the engine's settings.

mod abi;
mod cache;
mod engine;
mod error;
mod guest;
mod output;
mod run;

pub use abi::MAX_RESULT;
pub use engine::{MAX_AT_ONCE, MAX_KEPT, TICK, Wasm};
pub use error::WasmError;
pub use guest::{MAX_INSTANCES, MAX_TABLE_ELEMENTS};

use super::{Exit, Output};
use serde_json::Value;
use std::{path::PathBuf, time::Duration};

/// The memory that a guest may have when nobody says.
pub const DEFAULT_MEMORY: u64 = 64 << 20;
/// The largest module that is compiled.
pub const MAX_MODULE: usize = 32 << 20;

/// A module to be run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The module's bytes.
    pub module: Vec<u8>,
    /// What `run` gets: a JSON document.
    pub input: Value,
    /// The directory that the guest sees, read-only, as `/workspace`; `None`: no files at all.
    pub workspace: Option<PathBuf>,
    /// Instructions that it may use, roughly; `None`: as many as its time allows.
    pub fuel: Option<u64>,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct WasmOutcome {
    /// How it ended.
    pub exit: Exit,
    /// The JSON document that `run` returned, when it ended well.
    pub result: Option<Value>,
    /// Why it did not, for a person to read.
    pub problem: Option<String>,
    /// What it wrote to standard output.
    pub stdout: Output,
    /// What it wrote to standard error.
    pub stderr: Output,
    /// From the start of the instance to its end.
    pub duration: Duration,
}
