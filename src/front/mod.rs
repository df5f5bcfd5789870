//! What the two interactive fronts and the one-shot command share: how a turn looks on a terminal,
//! in a pipe and as JSON, and how a person is asked.

mod approve;
mod columns;
mod flow;
mod json;
mod live;
mod output;
mod plain;
mod progress;
mod screen;
mod sessions;
mod terminal;
mod tools;
mod write;

pub use crate::domain::call_text::{call_label, printable};
pub use approve::{AskOnTerminal, Offer, question, read_answer};
pub use json::JsonLines;
pub use live::Live;
pub use output::Output;
pub use plain::Plain;
pub use sessions::{ID_CHARS, ago, session_line, tail, transcript};
pub use terminal::{Colour, forget_typed, is_drawable, size};
pub use tools::tool_table;
pub use write::{say, to_stderr, to_stdout};
