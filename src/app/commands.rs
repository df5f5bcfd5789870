//! The commands that `init.lua` declares, of whichever generation is in force.

use super::{App, assemble::Live};
use crate::{
    domain::{BoxFuture, hook::TurnContext, id::TurnId, store::Session},
    gateway::Commands,
    script::run_command,
};
use arc_swap::ArcSwap;
use std::sync::Weak;

/// The commands of a configuration that may be replaced.
pub(super) struct CommandsHere(pub(super) Weak<ArcSwap<Live>>);

impl Commands for CommandsHere {
    fn list(&self) -> Vec<(String, String)> {
        self.0.upgrade().map(|live| list(&live.load())).unwrap_or_default()
    }

    fn run<'a>(
        &'a self,
        name: &'a str,
        typed: &'a str,
        context: &'a TurnContext,
    ) -> BoxFuture<'a, Option<Result<String, String>>> {
        Box::pin(async move {
            // Held until the command has ended: its function lives as long.
            let live = self.0.upgrade()?.load_full();
            run(&live, name, typed, context).await
        })
    }
}

fn list(live: &Live) -> Vec<(String, String)> {
    let commands = live.loaded.plan.commands.values();
    commands.map(|command| (command.name.clone(), command.help.clone())).collect()
}

pub(super) async fn run(
    live: &Live,
    name: &str,
    typed: &str,
    context: &TurnContext,
) -> Option<Result<String, String>> {
    let command = live.loaded.plan.commands.get(name)?;
    let result = run_command(&live.loaded.script, command, typed, context).await;
    Some(result.map_err(|error| error.to_string()))
}

impl App {
    /// The commands of the user's own, and what they do.
    pub fn commands(&self) -> Vec<(String, String)> {
        list(&self.live.load())
    }

    /// Runs a command in a session. `None`: there is no such command.
    pub async fn run_command(
        &self,
        name: &str,
        typed: &str,
        session: &Session,
        channel: &str,
    ) -> Option<Result<String, String>> {
        let context = TurnContext {
            session: session.id.clone(),
            turn: TurnId::from(""),
            agent: self.agent_of(session),
            origin: self.origin(channel),
            depth: 0,
        };
        let live = self.live.load_full();
        run(&live, name, typed, &context).await
    }
}
