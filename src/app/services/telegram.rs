//! Bots on Telegram, as the configuration declares them.

use crate::{
    app::Loaded,
    channel::telegram::{Options, Telegram},
    domain::plan::{ChannelSpec, TelegramSpec},
};
use std::sync::Arc;

/// The bot of a declaration. `commands` make up its menu.
pub(super) fn channel(
    loaded: &Loaded,
    spec: &ChannelSpec,
    bot: &TelegramSpec,
    commands: Vec<(String, String)>,
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
        users: spec.users.clone(),
        commands,
        stream: bot.stream,
        typing: bot.typing,
        workspace: loaded.workspace(),
        inbox: bot.inbox.clone(),
        pairing: bot.pairing,
        gather: bot.gather,
    })
}
