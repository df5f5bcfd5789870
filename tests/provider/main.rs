//! The OpenAI-compatible provider against a server that keeps the real one's rules.

#[path = "../support/mod.rs"]
mod support;

mod ask;
mod chain;
mod deadlines;
mod dialects;
mod discovery;
mod errors;
mod history;
mod learning;
mod names;
mod replays;
mod requests;
