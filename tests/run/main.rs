//! The built program, as its users see it: messages in, answers and exit codes out.

#[path = "../support/mod.rs"]
mod support;

mod budget;
mod choosing;
mod commands;
mod configuring;
mod discovery;
mod exits;
mod hooks;
mod input;
mod kills;
mod lua;
mod output;
mod pasting;
mod policy;
mod pruning;
mod robust;
mod secrets;
mod sessions;
mod signals;
mod terminal;
mod tools;
