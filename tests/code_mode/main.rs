//! Code mode: programs of the model's, in the process that the built binary becomes for them.

#[path = "../script_support/mod.rs"]
mod script_support;
#[path = "../support/mod.rs"]
mod support;

mod bombs;
mod confined;
mod ends;
mod liars;
mod permissions;
mod rig;
mod working;
