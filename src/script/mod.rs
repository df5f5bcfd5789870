//! The Lua host: the only module that names the binding.
//!
//! A *generation* is a thread with one VM. The rest of the engine holds a [`ScriptHandle`] and
//! sends calls to it; plain data comes back. Loading a configuration declares: what it declared
//! is a [`Plan`](crate::domain::plan::Plan), and its functions are named there by id.

mod api;
mod call;
mod channel;
mod command;
mod complete;
mod cron;
mod errors;
mod eval;
mod explain;
mod family;
mod fields;
mod guard;
mod handle;
mod hooks;
mod host;
mod loader;
mod observers;
mod patterns;
mod payload;
mod pretty;
mod program;
mod provider;
mod settings;
mod specs;
mod spin;
mod state;
mod stop;
mod tools;
mod unknown;
mod values;
mod vm;
mod waits;
mod worker;

pub use call::Limits;
pub use channel::{ChannelSelf, SEND_LIMIT, START_SLICE};
pub use command::run_command;
pub use complete::name_begins;
pub use cron::{CRON_CPU_LIMIT, run_job};
pub use errors::{ErrorKind, ScriptError};
pub use eval::{Evaluation, Form, Outcome};
pub use handle::{Health, ScriptHandle};
pub use hooks::{HookLimits, ScriptHooks};
pub use host::{Generation, HostOptions, LOAD_LIMIT, LoadFailure, LoadReport, MEMORY_LIMIT, ScriptHost};
pub use loader::{Source, Texts};
pub use observers::OBSERVER_LIMIT;
pub use program::{ENDING, Ended, Program};
pub use provider::LuaProvider;
pub use settings::{Check, SettingKey};
pub use specs::{CaseEnd, Doors, SpecCase};
pub use state::Sink;
pub use tools::{prompt_text, run_tool};
pub use worker::work;
