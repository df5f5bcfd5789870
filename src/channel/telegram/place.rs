//! Conversations as places on Telegram: a chat, or a topic of one.

use super::message::GENERAL;
use std::fmt;
use teloxide_core::types::{ChatId, MessageId, ThreadId};

/// A place that messages go to. As a text: `-1001234`, `-1001234/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) chat: ChatId,
    pub(super) topic: Option<ThreadId>,
}

impl Place {
    pub(super) fn read(conversation: &str) -> Result<Self, String> {
        let (chat, topic) = match conversation.split_once('/') {
            Some((chat, topic)) => (chat, Some(topic)),
            None => (conversation, None),
        };
        let number = |text: &str| text.parse().ok();
        let topic = topic.map(|topic| topic.parse::<i32>().ok());
        match (number(chat), topic) {
            (Some(chat), None | Some(Some(GENERAL))) => Ok(Self { chat: ChatId(chat), topic: None }),
            (Some(chat), Some(Some(topic))) => {
                Ok(Self { chat: ChatId(chat), topic: Some(ThreadId(MessageId(topic))) })
            }
            _ => Err(format!(
                "{conversation:?} is no place on Telegram: write CHAT or CHAT/TOPIC, by their numbers"
            )),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.topic {
            None => write!(f, "{}", self.chat),
            Some(topic) => write!(f, "{}/{}", self.chat, topic.0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["42", "-1001234", "-1001234/17"] {
            assert_eq!(Place::read(text).map(|place| place.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "ada", "42/", "/17", "42/x", "42/17/3", "@channel"] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_general_topic_has_no_number() {
        assert_eq!(Place::read("-1001234/1"), Place::read("-1001234"));
    }
}
