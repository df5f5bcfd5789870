//! The built program, as its users see it: messages in, answers and exit codes out.

#[path = "../support/mod.rs"]
mod support;

mod budget;
mod choosing;
mod commands;
mod configuring;
mod counting;
mod discovery;
mod exits;
mod hooks;
mod input;
mod kills;
mod lua;
mod naming;
mod output;
mod pasting;
mod policy;
mod pruning;
mod robust;
mod secrets;
mod sessions;
mod shapes;
mod signals;
mod terminal;
mod texts;
mod tool_names;
mod tools;
