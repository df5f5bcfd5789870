//! Questions with buttons, and what pressing one does.

use super::{Telegram, Up, errors, update::Press};
use crate::domain::post::Door;
use teloxide_core::{
    payloads::{AnswerCallbackQuery, EditMessageReplyMarkup},
    types::{CallbackQueryId, InlineKeyboardButton, InlineKeyboardMarkup},
};

/// What a button may carry, in bytes.
const MAX_DATA: usize = 64;
/// Characters of what is shown to whoever pressed one.
const MAX_TOLD: usize = 200;

/// The buttons of a question. `None`: its id does not fit; it can be answered in words.
pub(super) fn buttons(question: &str) -> Option<InlineKeyboardMarkup> {
    let button = |text: &str, answer: &str| {
        let data = format!("{answer}:{question}");
        (data.len() <= MAX_DATA).then(|| InlineKeyboardButton::callback(text, data))
    };
    Some(InlineKeyboardMarkup::new([[button("Yes", "yes")?, button("No", "no")?]]))
}

fn read(data: &str) -> Option<(bool, &str)> {
    match data.split_once(':')? {
        ("yes", question) => Some((true, question)),
        ("no", question) => Some((false, question)),
        _ => None,
    }
}

impl Telegram {
    /// Takes a press. Whoever may not answer is told so by the door.
    pub(super) async fn pressed(&self, up: &Up, door: &dyn Door, press: Press) {
        let Press { id, from, data, message } = press;
        let told = match (data.as_deref().and_then(read), from) {
            (Some((yes, question)), Some(from)) if self.knows(from.id) => {
                door.answer(&from.id.to_string(), question, yes).await
            }
            (Some(_), _) => "This question is not yours.".to_owned(),
            (None, _) => "This button does nothing.".to_owned(),
        };
        let mut answer = AnswerCallbackQuery::new(CallbackQueryId(id));
        answer.text = Some(told.chars().take(MAX_TOLD).collect());
        if let Err(fault) = up.client.call(&answer).await {
            let error = errors::shown(&fault, &up.token);
            tracing::debug!(channel = self.options.name, "a press was not answered: {error}");
        }
        // Where others can press, too, it stays: this may not have been the answer.
        if let Some(message) = message.filter(|message| message.is_private()) {
            let edit = EditMessageReplyMarkup::new(message.chat(), message.message_id());
            if let Err(fault) = up.client.call(&edit).await {
                let error = errors::shown(&fault, &up.token);
                tracing::debug!(channel = self.options.name, "buttons were not taken away: {error}");
            }
        }
    }
}
