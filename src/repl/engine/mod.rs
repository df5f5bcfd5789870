//! What the REPL talks to: the engine in this program, or a daemon that runs.

mod local;
mod remote;

pub(super) use local::Local;
pub(super) use remote::Remote;

use crate::{
    domain::{BoxFuture, event::Observer, outcome::TurnEnd, store::Session},
    front::Colour,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A message to the agent.
pub(super) struct Said {
    pub(super) text: String,
    /// The last message that was not answered is meant, and no text.
    pub(super) again: bool,
    pub(super) session: Session,
    /// In place of the agent's own.
    pub(super) model: Option<String>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) cancel: CancellationToken,
}

/// What came of evaluating Lua.
pub(super) struct Evaluated {
    /// What `print` wrote meanwhile.
    pub(super) printed: String,
    pub(super) ended: Ended,
}

/// How that ended.
pub(super) enum Ended {
    Values(Option<String>),
    /// More has to follow.
    Incomplete,
    Error(String),
}

/// An engine. Errors are for a person to read.
pub(super) trait Engine: Send + Sync {
    /// Has a message answered. The last event is `Done` or `Failed`.
    fn say(&self, said: Said) -> BoxFuture<'_, TurnEnd>;

    /// Evaluates Lua in the live engine. Dropping the future stops it.
    fn evaluate<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Evaluated>;

    /// The names that could stand in the place of one that was begun.
    fn complete<'a>(&'a self, begun: &'a str) -> BoxFuture<'a, Vec<String>>;

    /// The commands of the user's own, and what they do.
    fn commands(&self) -> BoxFuture<'_, Vec<(String, String)>>;

    /// Runs one in a session. `None`: there is no such command. Dropping the future stops it.
    fn run_command<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        session: &'a Session,
    ) -> BoxFuture<'a, Option<Result<String, String>>>;

    /// Loads the configuration again; what came of it.
    fn reload(&self) -> BoxFuture<'_, anyhow::Result<String>>;

    /// The same because a signal said so; the person is told.
    fn reload_and_tell(&self) -> BoxFuture<'_, ()>;

    /// How the engine is.
    fn status(&self) -> BoxFuture<'_, anyhow::Result<String>>;

    /// The session of that name or id, begun under that name where there is none; without a name, the
    /// one that was spoken in last.
    fn open<'a>(&'a self, wanted: Option<&'a str>) -> BoxFuture<'a, anyhow::Result<Session>>;

    /// Begins a session in which whoever spoke in `old` goes on.
    fn begin<'a>(&'a self, name: Option<&'a str>, old: &'a Session)
    -> BoxFuture<'a, anyhow::Result<Session>>;

    /// The sessions, the last one touched first.
    fn sessions(&self, limit: usize) -> BoxFuture<'_, anyhow::Result<Vec<Session>>>;

    /// A session that is there, and the last that was said in it, for a person to read.
    fn resume<'a>(
        &'a self,
        wanted: &'a str,
        messages: usize,
        colour: Colour,
    ) -> BoxFuture<'a, anyhow::Result<(Session, String)>>;

    /// The tools, and what the agent of a session may do with each.
    fn tools<'a>(&'a self, session: &'a Session, colour: Colour) -> BoxFuture<'a, anyhow::Result<String>>;

    /// What would answer in a session: the model chosen, or the agent's own; as provider/model.
    fn model<'a>(
        &'a self,
        session: &'a Session,
        chosen: Option<&'a str>,
    ) -> BoxFuture<'a, anyhow::Result<String>>;

    /// The first lines that a person sees.
    fn greeting(&self) -> String;
}
