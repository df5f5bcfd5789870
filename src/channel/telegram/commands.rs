//! The menu of commands that Telegram shows.

use super::{Telegram, Up, errors};
use std::convert::Infallible;
use teloxide_core::{payloads::SetMyCommands, types::BotCommand};

/// Commands that Telegram takes, at most.
const MOST: usize = 100;
/// Characters of what one does.
const MOST_CHARS: usize = 256;

impl Telegram {
    /// Sets the menu, once the first poll was answered. It works without, so that an error is only told.
    pub(super) async fn tell_commands(&self, up: &Up) -> Infallible {
        self.polled.notified().await;
        let commands = SetMyCommands::new(listed(&self.options.commands));
        if let Err(fault) = up.client.call(&commands).await {
            let error = errors::shown(&fault, &up.token);
            tracing::warn!(channel = self.options.name, "the menu of commands was not set: {error}");
        }
        std::future::pending().await
    }
}

/// Those whose names Telegram takes; others can be typed all the same.
fn listed(commands: &[(String, String)]) -> Vec<BotCommand> {
    let known = commands.iter().filter(|(name, _)| {
        (1..=32).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    });
    let shown = |(name, help): &(String, String)| {
        let help = if help.trim().is_empty() { name } else { help };
        BotCommand::new(name.clone(), help.chars().take(MOST_CHARS).collect::<String>())
    };
    known.take(MOST).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_telegram_refuses_are_left_out() {
        let named = |name: &str| (name.to_owned(), String::new());
        let commands = [named("help"), named("Deploy"), named("two-words"), named(&"x".repeat(33))];
        let listed = listed(&commands);
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].command.as_str(), listed[0].description.as_str()), ("help", "help"));
    }
}
