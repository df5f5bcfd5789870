//! Questions with buttons, and what pressing one does.

use super::{Telegram, Up, errors};
use crate::domain::post::Door;
use teloxide_core::{
    payloads::AnswerCallbackQuerySetters,
    prelude::Requester,
    types::{CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, MaybeInaccessibleMessage},
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
    pub(super) async fn pressed(&self, up: &Up, door: &dyn Door, press: CallbackQuery) {
        let told = match press.data.as_deref().and_then(read) {
            Some((yes, question)) if self.knows(press.from.id) => {
                door.answer(&press.from.id.to_string(), question, yes).await
            }
            Some(_) => "This question is not yours.".to_owned(),
            None => "This button does nothing.".to_owned(),
        };
        let told: String = told.chars().take(MAX_TOLD).collect();
        if let Err(error) = up.client.bot.answer_callback_query(press.id).text(told).await {
            let error = errors::shown(&error, &up.token);
            tracing::debug!(channel = self.options.name, "a press was not answered: {error}");
        }
        // Where others can press, too, it stays: this may not have been the answer.
        if let Some(MaybeInaccessibleMessage::Regular(message)) = press.message
            && message.chat.is_private()
        {
            let _ = up.client.bot.edit_message_reply_markup(message.chat.id, message.id).await;
        }
    }
}
