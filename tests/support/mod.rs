//! Stand-ins for what the engine talks to, and the program itself.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod daemon;
pub mod fake_openai;
pub mod fake_telegram;
pub mod program;
pub mod screen;
pub mod terminal;
