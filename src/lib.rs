//! openpista: a scriptable agent engine.
//!
//! A small Rust core (the agent loop, memory, tools, policy) under a user's `init.lua`. The modules
//! follow the way of the data; `docs/architecture.md` has the picture.

pub mod agent;
pub mod app;
pub mod attach;
pub mod channel;
pub mod cli;
pub mod config;
pub mod cron;
pub mod domain;
pub mod frame;
pub mod front;
pub mod gateway;
pub mod health;
pub mod instance;
pub mod llm;
pub mod memory;
pub mod net;
pub mod policy;
pub mod quic;
pub mod reference;
pub mod repl;
pub mod sandbox;
pub mod script;
pub mod skill;
pub mod telemetry;
pub mod tool;
pub mod watch;
pub mod worker;
