//! `openpista start`, and the commands that talk to it.

#[path = "../support/mod.rs"]
mod support;

mod talking;
