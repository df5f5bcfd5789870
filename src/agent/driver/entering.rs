//! Messages that are too long for the model: kept whole as files, which the model is told of.

use super::Run;
use crate::domain::{message::Message, usage::estimate_tokens};

/// The share of the model's room that one message of a person's may take. A longer one is kept as a file.
const MESSAGE_SHARE: f64 = 0.75;
/// The share that stays of such a message, and the most characters of it.
const SHOWN_SHARE: f64 = 0.125;
const SHOWN_CHARS: usize = 20_000;
/// Characters of a token, about.
const CHARS_PER_TOKEN: f64 = 4.0;

impl Run<'_> {
    /// Puts the beginning, the end and the place of the whole into a person's message that the model has
    /// no room for; what is stored stays whole. Returns what the person is told of it.
    pub(super) async fn shorten(&mut self, message: &mut Message) -> Option<String> {
        let Message::User { text } = message else { return None };
        let facts = self.agent.parts.llm.facts(&self.asking);
        let room = self.agent.windows.room(&self.asking, &facts) as f64;
        // A token has a byte at least.
        if text.len() as f64 <= room * MESSAGE_SHARE || estimate_tokens(text) as f64 <= room * MESSAGE_SHARE {
            return None;
        }
        let (bytes, chars) = (text.len(), ((room * SHOWN_SHARE * CHARS_PER_TOKEN) as usize).min(SHOWN_CHARS));
        let told = format!("the message of {bytes} bytes is too long for {}", self.asking);
        let told = match self.agent.parts.executor.kept(text, chars).await {
            Ok(kept) => {
                *text = kept.text;
                let place = kept.place.display();
                format!(
                    "{told}: it is kept whole in {place}, and the model is shown its beginning and its end"
                )
            }
            Err(why) => format!("{told}, which is shown a part of it; it can't be kept as a file: {why}"),
        };
        Some(told)
    }

    /// Tells the person, and the log, of a message that was too long.
    pub(super) fn tell_long(&self, told: String) {
        tracing::warn!("{told}");
        self.notice(told);
    }
}
