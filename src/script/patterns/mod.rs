//! Lua patterns with an end: a matcher that counts its steps and looks at the clock.
//!
//! Lua's own matcher is a C function, which no hook can stop, and patterns as plain as `.-.-b` make
//! it run for minutes. This one gives the same answers.

mod compile;
mod library;
mod matcher;

pub(super) use library::register;
