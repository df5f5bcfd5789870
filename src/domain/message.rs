//! The messages of a conversation.

use super::{
    JsonMap,
    call::{ToolCall, ToolResult},
    text,
};
use serde::{Deserialize, Serialize};

/// One message of a conversation, in the order in which the model reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// From a person, or from a program that speaks for one.
    User {
        /// What was said.
        text: String,
    },
    /// From the model.
    Assistant(AssistantMessage),
    /// The answer to one call of the assistant message before it.
    Tool(ToolResult),
    /// A remark of the engine's, such as a summary of what was dropped. Sent to the model in the
    /// user's role behind a marker, because many servers take system text at the start only.
    Notice {
        /// The remark.
        text: String,
    },
}

/// What the model said in one response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage {
    /// The visible text; may be empty when there are calls.
    #[serde(default)]
    pub text: String,
    /// The calls it asks for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// Opaque fields that the server wants back (reasoning, signatures) under the names it used.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extras: JsonMap,
    /// The provider that `extras` came from: they are replayed to that one alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
}

impl Message {
    /// A user's message.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into() }
    }

    /// The visible text.
    pub fn text(&self) -> &str {
        match self {
            Self::User { text } | Self::Notice { text } => text,
            Self::Assistant(message) => &message.text,
            Self::Tool(result) => &result.content,
        }
    }

    /// Whether every store and every server takes its texts as they are.
    pub fn is_clean(&self) -> bool {
        let more = match self {
            Self::Assistant(message) => message.extras.values().all(text::is_clean),
            _ => true,
        };
        more && !self.text().contains('\0')
    }

    /// The message with texts that every store and every server takes. What a tool was called with stays
    /// as it was: the tool has seen it.
    #[must_use]
    pub fn cleaned(self) -> Self {
        if self.is_clean() {
            return self;
        }
        match self {
            Self::User { text } => Self::User { text: text::clean(text) },
            Self::Notice { text } => Self::Notice { text: text::clean(text) },
            Self::Tool(result) => Self::Tool(ToolResult { content: text::clean(result.content), ..result }),
            Self::Assistant(AssistantMessage { text, calls, extras, origin }) => {
                let extras = extras.into_iter().map(|(name, value)| (name, text::clean_value(value)));
                let (text, extras) = (text::clean(text), extras.collect());
                Self::Assistant(AssistantMessage { text, calls, extras, origin })
            }
        }
    }

    /// The role's name, as stored and shown: `user`, `assistant`, `tool` or `notice`.
    pub fn role(&self) -> &'static str {
        match self {
            Self::User { .. } => "user",
            Self::Assistant(_) => "assistant",
            Self::Tool(_) => "tool",
            Self::Notice { .. } => "notice",
        }
    }
}
