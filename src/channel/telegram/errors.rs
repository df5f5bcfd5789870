//! What went wrong with a request, and what that means.

use super::client::Envelope;
use crate::{
    channel::{Rest, Undelivered},
    domain::secret::Secret,
};
use serde_json::Value;
use std::time::Duration;
use teloxide_core::{ApiError, types::ChatId};

/// How long to leave the server alone when somebody else polls the same bot.
pub const CONFLICT_REST: Duration = Duration::from_secs(30);
/// Characters of an answer that makes no sense that are told.
const HEAD_CHARS: usize = 120;
/// The longest time that a server may ask to be left alone; a longer one is taken for this.
const LONGEST_REST: u64 = 24 * 3_600;

/// Why a request did not do what it was to do. Its words may hold the token: see [`shown`].
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server says no.
    #[error("Telegram refuses {method}: {error}")]
    Refused { method: String, code: u64, error: ApiError },
    /// The group has become a supergroup, which has another id.
    #[error("the group has become a supergroup with the id {0}")]
    Moved(ChatId),
    /// The server wants to be left alone for some time.
    #[error("Telegram wants to be left alone for {} s", .0.as_secs())]
    TooMany(Duration),
    /// There is no connection, or it broke.
    #[error("the server is not reached: {cause}")]
    Unreached { cause: String, connected: bool },
    /// The server broke down, or its answer makes no sense.
    #[error("the answer to {method} makes no sense (HTTP {status}): {head}")]
    Broken { method: String, status: u16, head: String },
    /// A file of this machine could not be read.
    #[error("{0}")]
    File(String),
}

impl Fault {
    pub(super) fn network(error: reqwest_012::Error) -> Self {
        let connected = !error.is_connect();
        let error = error.without_url();
        let mut last: &dyn std::error::Error = &error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        Self::Unreached { cause: last.to_string(), connected }
    }

    pub(super) fn broken(method: &str, status: u16, text: &str) -> Self {
        let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
        let head = line.take(HEAD_CHARS).collect();
        Self::Broken { method: method.to_owned(), status, head }
    }

    /// From an answer of refusal.
    pub(super) fn refused(method: &str, status: u16, envelope: &Envelope<'_>) -> Self {
        let code = envelope.error_code.as_u64().unwrap_or_else(|| u64::from(status));
        let words = match &envelope.description {
            Value::String(words) => words.clone(),
            Value::Null => "no reason is given".to_owned(),
            other => other.to_string(),
        };
        if let Some(to) = envelope.parameters["migrate_to_chat_id"].as_i64() {
            return Self::Moved(ChatId(to));
        }
        if code == 429 || envelope.parameters["retry_after"].is_number() {
            let seconds = envelope.parameters["retry_after"].as_u64().or_else(|| number_in(&words));
            return Self::TooMany(Duration::from_secs(seconds.unwrap_or(1).clamp(1, LONGEST_REST)));
        }
        if code >= 500 {
            return Self::broken(method, u16::try_from(code).unwrap_or(status), &words);
        }
        let error = serde_json::from_value(Value::String(words.clone()));
        Self::Refused { method: method.to_owned(), code, error: error.unwrap_or(ApiError::Unknown(words)) }
    }

    /// The words of a refusal.
    fn words(&self) -> String {
        match self {
            Self::Refused { error, .. } => error.to_string(),
            _ => String::new(),
        }
    }
}

fn number_in(words: &str) -> Option<u64> {
    words.rsplit(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty())?.parse().ok()
}

/// Why the channel is down, and for how long. `telegrams`: the server is Telegram's own.
pub(super) fn down(fault: &Fault, token: &Secret, telegrams: bool) -> (String, Rest) {
    match fault {
        Fault::Refused { method, code, .. }
            if *code == 401 || (*code == 404 && telegrams && method == "getMe") =>
        {
            let words = "Telegram does not know the token: take the one that @BotFather gives for the bot";
            (words.into(), Rest::ForGood)
        }
        Fault::Refused { method, code: 404, .. } => (
            format!("the server of `api` knows no {method} for this token (HTTP 404): is the address right?"),
            Rest::Usual,
        ),
        Fault::Refused { error: ApiError::TerminatedByOtherGetUpdates, .. } => (
            "another program polls this bot: one token can serve one of them".into(),
            Rest::AtLeast(CONFLICT_REST),
        ),
        Fault::Refused { error, .. } if is_webhook(error) => (
            "a webhook is set for this bot, so that it cannot be polled: remove it by deleteWebhook".into(),
            Rest::AtLeast(CONFLICT_REST),
        ),
        Fault::TooMany(time) => (shown(fault, token), Rest::AtLeast(*time)),
        _ => (shown(fault, token), Rest::Usual),
    }
}

fn is_webhook(error: &ApiError) -> bool {
    matches!(error, ApiError::CantGetUpdates)
        || matches!(error, ApiError::Unknown(text) if text.contains("webhook is active"))
}

/// Why a message was not delivered.
pub(super) fn undelivered(fault: &Fault, token: &Secret) -> Undelivered {
    let error = shown(fault, token);
    let away = |again, doubtful| Undelivered::Away { error: error.clone(), again, doubtful };
    match fault {
        Fault::TooMany(time) => away(Some(*time), false),
        // Where the connection was not made, nothing was sent.
        Fault::Unreached { connected, .. } => away(None, *connected),
        // The token is to be changed; until then nothing can be said.
        Fault::Refused { code: 401, .. } => away(None, false),
        // Where the server broke down, it may have been on its way. What it answers to a method that
        // it does not know, and other nonsense, says that nothing was sent.
        Fault::Broken { status, .. } if *status >= 500 || *status < 400 => away(None, true),
        // Whoever it is for does not want it, or is not there.
        Fault::Refused { error: reason, .. } if is_for_good(reason) => Undelivered::Refused(error),
        _ => Undelivered::Failed(error),
    }
}

fn is_for_good(error: &ApiError) -> bool {
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
            let words = ["Forbidden", "TOPIC_CLOSED", "message thread not found", "not enough rights"];
            words.iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// Whether the topic that something was sent to is gone, or closed.
pub(super) fn is_without_topic(fault: &Fault) -> bool {
    let words = fault.words();
    ["message thread not found", "TOPIC_DELETED", "TOPIC_CLOSED", "TOPIC_ID_INVALID"]
        .iter()
        .any(|known| words.contains(known))
}

/// Whether the server took what was said for broken HTML.
pub(super) fn is_unparsed(fault: &Fault) -> bool {
    let words = fault.words();
    words.contains("can't parse entities") || words.contains("Can't parse entities")
}

/// Whether a file that was sent as a picture cannot be one.
pub(super) fn is_no_picture(fault: &Fault) -> bool {
    let words = fault.words();
    ["PHOTO_", "IMAGE_", "photo"].iter().any(|known| words.contains(known))
}

/// Whether a message shows already what it was to show.
pub(super) fn is_unchanged(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { error: ApiError::MessageNotModified, .. })
        || fault.words().contains("message is not modified")
}

/// An error in words; the token, which is part of every address, is in none.
pub(super) fn shown(fault: &Fault, token: &Secret) -> String {
    fault.to_string().replace(token.expose(), "[token]")
}

#[cfg(test)]
mod tests {
    use super::{super::client::read, *};

    fn fault(status: u16, text: &str) -> Fault {
        read("sendMessage", status, text).err().expect("a refusal")
    }

    fn refused(code: u16, description: &str, parameters: &str) -> Fault {
        let text = format!(
            r#"{{"ok":false,"error_code":{code},"description":"{description}","parameters":{parameters}}}"#
        );
        fault(code, &text)
    }

    #[test]
    fn what_went_wrong_decides_what_becomes_of_a_message() {
        let secret = Secret::new("1:x");
        let away = |doubtful| move |kept: &Undelivered| matches!(kept, Undelivered::Away { doubtful: d, .. } if *d == doubtful);
        let failed = |kept: &Undelivered| matches!(kept, Undelivered::Failed(_));
        let gone = |kept: &Undelivered| matches!(kept, Undelivered::Refused(_));
        type Expected<'a> = &'a dyn Fn(&Undelivered) -> bool;
        let table: [(Fault, Expected<'_>); 10] = [
            (refused(429, "Too Many Requests: retry after 7", "{}"), &away(false)),
            (refused(500, "Internal Server Error", "{}"), &away(true)),
            (fault(502, "<html>Bad Gateway"), &away(true)),
            (fault(200, "<html>login"), &away(true)),
            (fault(404, "<html>no"), &failed),
            (refused(401, "Unauthorized", "{}"), &away(false)),
            (refused(403, "Forbidden: bot was blocked by the user", "{}"), &gone),
            (refused(400, "Bad Request: chat not found", "{}"), &gone),
            (refused(400, "Bad Request: something new", "{}"), &failed),
            (fault(400, r#"{"ok":false}"#), &failed),
        ];
        for (fault, expected) in table {
            let kept = undelivered(&fault, &secret);
            assert!(expected(&kept), "{fault}: {kept:?}");
        }
        let later = undelivered(&refused(429, "Too Many Requests: retry after 7", "{}"), &secret);
        assert!(matches!(later, Undelivered::Away { again: Some(time), .. } if time.as_secs() == 7));
        assert!(matches!(
            refused(400, "upgraded", r#"{"migrate_to_chat_id":-1001}"#),
            Fault::Moved(ChatId(-1001))
        ));
    }

    #[test]
    fn the_token_is_in_no_words() {
        let fault = Fault::broken("getMe", 200, "you asked for /bot1:x/getMe");
        assert!(!shown(&fault, &Secret::new("1:x")).contains("1:x"));
    }
}
