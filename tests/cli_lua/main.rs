//! The tools of those who write `init.lua`, by the built binary.
#![allow(missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod check;
mod doctor;
mod eval;
mod explain;
mod help;
mod init;
mod program;
mod waiting;
