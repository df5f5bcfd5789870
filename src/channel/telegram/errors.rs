//! What the server's refusals mean.

use crate::{
    channel::{Rest, Undelivered},
    domain::secret::Secret,
};
use std::time::Duration;
use teloxide_core::{ApiError, DownloadError, RequestError};

/// How long to leave the server alone when somebody else polls the same bot.
pub const CONFLICT_REST: Duration = Duration::from_secs(30);

/// What a server says that broke down.
const BROKEN: [&str; 4] = ["Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Time"];

/// Why the channel is down, and for how long.
pub(super) fn down(error: &RequestError, token: &Secret) -> (String, Rest) {
    match error {
        RequestError::Api(ApiError::InvalidToken) => (
            "Telegram does not know the token: take the one that @BotFather gives for the bot".into(),
            Rest::ForGood,
        ),
        RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => (
            "another program polls this bot: one token can serve one of them".into(),
            Rest::AtLeast(CONFLICT_REST),
        ),
        RequestError::Api(error) if webhook(error) => (
            "a webhook is set for this bot, so that it cannot be polled: remove it by deleteWebhook".into(),
            Rest::AtLeast(CONFLICT_REST),
        ),
        RequestError::RetryAfter(time) => (shown(error, token), Rest::AtLeast(time.duration())),
        _ => (shown(error, token), Rest::Usual),
    }
}

fn webhook(error: &ApiError) -> bool {
    matches!(error, ApiError::CantGetUpdates)
        || matches!(error, ApiError::Unknown(text) if text.contains("webhook is active"))
}

/// Why a message was not delivered.
pub(super) fn undelivered(error: &RequestError, token: &Secret) -> Undelivered {
    let text = shown(error, token);
    match error {
        RequestError::RetryAfter(time) => {
            Undelivered::Away { error: text, again: Some(time.duration()), doubtful: false }
        }
        // Where the connection was not made, nothing was sent.
        RequestError::Network(cause) => {
            Undelivered::Away { error: text, again: None, doubtful: !cause.is_connect() }
        }
        // The token is to be changed; until then nothing can be said.
        RequestError::Api(ApiError::InvalidToken) => {
            Undelivered::Away { error: text, again: None, doubtful: false }
        }
        // Where the server broke down, it may have been on its way.
        RequestError::Api(ApiError::Unknown(words)) if BROKEN.iter().any(|known| words.contains(known)) => {
            Undelivered::Away { error: text, again: None, doubtful: true }
        }
        // Whoever it is for does not want it, or is not there.
        RequestError::Api(error) if for_good(error) => Undelivered::Refused(text),
        // An answer that cannot be read says at least that there was one.
        RequestError::InvalidJson { .. } => Undelivered::Away { error: text, again: None, doubtful: true },
        _ => Undelivered::Failed(text),
    }
}

fn for_good(error: &ApiError) -> bool {
    match error {
        ApiError::BotBlocked
        | ApiError::UserDeactivated
        | ApiError::BotKicked
        | ApiError::BotKickedFromSupergroup
        | ApiError::BotKickedFromChannel
        | ApiError::CantInitiateConversation
        | ApiError::CantTalkWithBots
        | ApiError::ChatNotFound
        | ApiError::UserNotFound
        | ApiError::GroupDeactivated => true,
        ApiError::Unknown(text) => {
            ["Forbidden", "TOPIC_CLOSED", "message thread not found"].iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// Whether the server took what was said for broken HTML.
pub(super) fn unparsed(error: &RequestError) -> bool {
    match error {
        RequestError::Api(ApiError::CantParseEntities(_)) => true,
        RequestError::Api(ApiError::Unknown(text)) => text.contains("can't parse entities"),
        _ => false,
    }
}

/// Whether the server did what it was asked, in words that were not understood.
pub(super) fn done(error: &RequestError) -> bool {
    matches!(error, RequestError::InvalidJson { raw, .. } if raw.trim_start().starts_with("{\"ok\":true"))
}

/// An error in words, with what led to it; the token, which is part of every address, is in none.
pub(super) fn shown(error: &RequestError, token: &Secret) -> String {
    match error {
        // Holds the whole answer.
        RequestError::InvalidJson { source, .. } => {
            without(token, format!("the server's answer makes no sense: {source}"))
        }
        RequestError::Api(error) => without(token, format!("Telegram refuses: {error}")),
        RequestError::RetryAfter(time) => format!("Telegram wants to be left alone for {time}"),
        RequestError::Network(error) => without(token, network(&**error)),
        other => without(token, other.to_string()),
    }
}

/// The same for a file that could not be fetched.
pub(super) fn undownloaded(error: &DownloadError, token: &Secret) -> String {
    match error {
        DownloadError::Network(error) => without(token, network(&**error)),
        DownloadError::Io(error) => error.to_string(),
    }
}

fn network(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    format!("the server is not reached: {last}")
}

fn without(token: &Secret, text: String) -> String {
    text.replace(token.expose(), "[token]")
}
