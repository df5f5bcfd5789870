//! openpista: a scriptable agent engine.
//!
//! A small Rust core (the agent loop, memory, tools, policy) under a user's `init.lua`. The modules
//! follow the way of the data; `docs/architecture.md` has the picture.

pub mod domain;
pub mod policy;
pub mod script;
