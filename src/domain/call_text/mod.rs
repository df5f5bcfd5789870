//! How a tool call is shown to a person: everywhere the same, at a terminal, in a chat and in the log.

mod details;
mod label;

pub use details::{details, visible};
pub use label::{LABEL_CHARS, call_label, printable};
