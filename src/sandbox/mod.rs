//! Where foreign code runs, and the limits that hold there, the same for every kind of sandbox.

mod capture;
pub mod docker;
pub mod lua;
pub mod process;
mod spill;
mod streams;
mod text;
pub mod wasm;

pub use capture::{Filter, Keep, Output, fit};
pub use spill::{SPILL_DIR_LIMIT, SPILL_MAX_AGE, keep_whole};
pub use streams::{Stream, Streams};
pub use text::{clean, cut};

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a run may take when nobody says.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How many characters of output are shown when nobody says.
pub const DEFAULT_OUTPUT_CHARS: usize = 10_000;

/// How many bytes of each stream of output are kept on disk when nobody says.
pub const DEFAULT_SPILL_BYTES: u64 = 64 * 1024 * 1024;

/// What one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time by the clock on the wall, after which the run is killed.
    pub timeout: Duration,
    /// Characters of output that are shown, over both streams.
    pub output_chars: usize,
    /// Bytes of each stream that are kept on disk when it is too long to be shown.
    pub spill_bytes: u64,
    /// Memory in bytes; `None`: what the kind of sandbox gives by default.
    pub memory_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            output_chars: DEFAULT_OUTPUT_CHARS,
            spill_bytes: DEFAULT_SPILL_BYTES,
            memory_bytes: None,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It said that all went well.
    Done,
    /// It failed with this code; 128 and the signal's number when a signal ended it.
    Failed(i32),
    /// It was killed at its deadline.
    TimedOut,
    /// It was killed for want of memory.
    OutOfMemory,
    /// It was killed because nobody waits for it any more, or because it could not have gone on.
    Cancelled,
}

impl Exit {
    /// The exit code of a program that ended by itself.
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Done => Some(0),
            Self::Failed(code) => Some(code),
            Self::TimedOut | Self::OutOfMemory | Self::Cancelled => None,
        }
    }

    /// Its name, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::Cancelled => "cancelled",
        }
    }
}
