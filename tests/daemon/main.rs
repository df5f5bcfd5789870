//! `openpista start`, and the commands that talk to it.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/protocol_schema.rs"]
mod protocol_schema;
#[path = "../support/mod.rs"]
mod support;

mod backup;
mod day;
mod ending;
mod fields;
mod guests;
mod idle;
mod reloading;
mod starting;
mod talking;
mod telling;
mod workspace;
