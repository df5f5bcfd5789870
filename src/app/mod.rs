//! The composition root: builds the parts in the order of their dependence.

mod anywhere;
mod assemble;
mod begin;
mod check;
mod commands;
pub mod daemon;
mod doctor;
mod door;
mod engine;
mod explain;
mod facts;
mod flags;
mod home;
mod init;
mod inputs;
mod jobs;
mod last_good;
mod line;
mod loaded;
mod lua_backend;
mod models;
mod oddities;
mod open_doors;
mod primitives;
mod process;
mod reload;
mod roster;
mod sandboxes;
mod scaffold;
mod secrets_there;
mod services;
mod sessions;
mod skills;
mod skills_watch;
mod speaking;
pub mod specs;
mod summary;
mod table;
mod toolset;
mod trust;
mod watching;

pub use check::{Item, Kind, Report, check};
pub use doctor::{Finding, Health, doctor};
pub use door::{Bulletin, DeviceQuestions, Door, Opened};
pub use engine::{App, check_name};
pub use explain::{Arguments, Explained, Question, explain};
pub use flags::Flags;
pub use home::Home;
pub use jobs::JobReport;
pub use line::{InLine, LONGEST_WAIT};
pub use loaded::Loaded;
pub use process::Told;
pub use reload::{Cause, Reloaded};
pub use scaffold::{Begun, Survey, Wishes, Wrote, begin, init_lua, model_name, survey};
pub use skills::SkillDesk;
pub use watching::Watching;

use std::future::Future;

/// What is said where the last message of a conversation was answered, and is to be taken up again.
pub const NOTHING_TO_RETRY: &str = "There is nothing to retry: the last message was answered.";

/// What is wrong with the configuration; ends in exit code 78.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// From any error that the configuration is to blame for.
    pub fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Runs a future on a runtime of its own: one thread, which is all that a single conversation needs.
pub fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(future);
    // A thread that waits for the terminal can't be woken: it must not hold up the end.
    runtime.shutdown_background();
    result
}

/// Waits for Ctrl-C, SIGTERM or the terminal's hang-up.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        // Without handlers the signals end the program by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
        _ = hangup.recv() => {}
    }
}
