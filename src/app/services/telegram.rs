//! Bots on Telegram, as the configuration declares them.

use crate::{
    app::Loaded,
    channel::telegram::{Options, Telegram},
    domain::{
        plan::{ChannelKind, ChannelSpec, Steer, TelegramSpec},
        secret::Secret,
    },
    health::Health,
};
use std::{path::PathBuf, sync::Arc};

/// What a bot runs with. One that would run with the same is left alone when the configuration changes.
#[derive(PartialEq)]
pub(super) struct Bot {
    spec: TelegramSpec,
    users: Vec<String>,
    agent: String,
    steer: Steer,
    commands: Vec<(String, String)>,
    workspace: PathBuf,
    /// The token itself: what it is read from may hold another one. `None`: it could not be read.
    token: Option<Secret>,
}

impl Bot {
    /// What the bot of a declaration would run with now.
    pub(super) async fn of(
        loaded: &Loaded,
        spec: &ChannelSpec,
        commands: Vec<(String, String)>,
    ) -> Option<Self> {
        let ChannelKind::Telegram(bot) = &spec.kind else { return None };
        Some(Self {
            spec: bot.clone(),
            users: spec.users.clone(),
            agent: spec.agent.clone().unwrap_or_else(|| loaded.settings.agent.clone()),
            steer: spec.steer,
            commands,
            workspace: loaded.workspace(),
            token: loaded.secrets.resolve(&bot.token).await.ok(),
        })
    }
}

/// The bot of a declaration. `commands` make up its menu.
pub(super) fn channel(
    loaded: &Loaded,
    spec: &ChannelSpec,
    bot: &TelegramSpec,
    commands: Vec<(String, String)>,
    health: Health,
) -> Telegram {
    let (secrets, place) = (loaded.secrets.clone(), bot.token.clone());
    let token = Arc::new(move || -> crate::domain::BoxFuture<'static, _> {
        let (secrets, place) = (secrets.clone(), place.clone());
        Box::pin(async move {
            secrets.resolve(&place).await.map_err(|error| format!("there is no token: {error}"))
        })
    });
    Telegram::new(Options {
        name: spec.name.clone(),
        token,
        api: bot.api.clone(),
        users: spec.speakers(),
        commands,
        stream: bot.stream,
        typing: bot.typing,
        workspace: loaded.workspace(),
        inbox: bot.inbox.clone(),
        owners: spec.owners(),
        pairing: bot.pairing,
        gather: bot.gather,
        health,
    })
}
