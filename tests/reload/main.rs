//! A configuration that changes while the program runs.

#[path = "../support/mod.rs"]
mod support;

mod emptied;
mod faults;
mod flight;
mod piped;
mod saving;
mod starting;
mod telling;
mod terminal;
mod watching;
