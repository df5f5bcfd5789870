//! Messages as rows, and back, without loss.

use crate::domain::{
    JsonMap,
    call::{ToolCall, ToolResult, ToolStatus},
    id::{CallId, TurnId},
    message::{AssistantMessage, Message},
    store::StoredMessage,
};
use rusqlite::{
    Result, Row,
    types::{FromSqlError, Type},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The columns that [`read`] expects, in its order.
macro_rules! columns {
    () => {
        "id, turn, created_ms, role, content, tool_calls, tool_call_id, meta"
    };
}
pub(super) use columns;

/// A message, cut into the columns of its row.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) role: &'static str,
    pub(super) content: String,
    pub(super) calls: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) meta: Option<String>,
}

/// `meta` of an assistant's message.
#[derive(Default, Serialize, Deserialize)]
struct AssistantMeta {
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    extras: JsonMap,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    origin: String,
}

/// `meta` of a tool's message.
#[derive(Serialize, Deserialize)]
struct ToolMeta {
    name: String,
    status: ToolStatus,
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    facts: JsonMap,
}

impl Record {
    /// Cuts a message up. The one door by which text enters a conversation.
    pub(super) fn of(message: Message) -> serde_json::Result<Self> {
        let role = message.role();
        if !message.is_clean() {
            tracing::warn!(role, "a text held the character NUL, which many servers refuse; it is replaced");
        }
        let message = message.cleaned();
        Ok(match message {
            Message::User { text } | Message::Notice { text } => {
                Self { role, content: text, calls: None, call_id: None, meta: None }
            }
            Message::Assistant(AssistantMessage { text, calls, extras, origin }) => {
                let plain = extras.is_empty() && origin.is_empty();
                Self {
                    role,
                    content: text,
                    calls: (!calls.is_empty()).then(|| serde_json::to_string(&calls)).transpose()?,
                    call_id: None,
                    meta: (!plain)
                        .then(|| serde_json::to_string(&AssistantMeta { extras, origin }))
                        .transpose()?,
                }
            }
            Message::Tool(ToolResult { call_id, name, status, content, meta, .. }) => Self {
                role,
                content,
                calls: None,
                call_id: Some(call_id.as_str().to_owned()),
                meta: Some(serde_json::to_string(&ToolMeta { name, status, facts: meta })?),
            },
        })
    }
}

/// Puts a message together from the [`columns!`].
pub(super) fn read(row: &Row<'_>) -> Result<StoredMessage> {
    let content: String = row.get(4)?;
    let message = match row.get_ref(3)?.as_str()? {
        "user" => Message::User { text: content },
        "notice" => Message::Notice { text: content },
        "assistant" => {
            let calls: Vec<ToolCall> = json(row, 5)?.unwrap_or_default();
            let AssistantMeta { extras, origin } = json(row, 7)?.unwrap_or_default();
            Message::Assistant(AssistantMessage { text: content, calls, extras, origin })
        }
        "tool" => {
            let ToolMeta { name, status, facts } =
                json(row, 7)?.ok_or(FromSqlError::Other("a tool's message has no meta".into()))?;
            let call_id = CallId::from(row.get::<_, String>(6)?);
            Message::Tool(ToolResult { call_id, name, status, content, meta: facts, data: None })
        }
        other => {
            let text = format!("a message has the unknown role {other:?}");
            return Err(rusqlite::Error::FromSqlConversionFailure(3, Type::Text, text.into()));
        }
    };
    Ok(StoredMessage {
        id: row.get(0)?,
        turn: TurnId::from(row.get::<_, String>(1)?),
        at_ms: row.get(2)?,
        // What was stored before there was this door.
        message: message.cleaned(),
    })
}

/// The calls of an assistant's message, from its `tool_calls` column at `index`.
pub(super) fn calls(row: &Row<'_>, index: usize) -> Result<Vec<ToolCall>> {
    Ok(json(row, index)?.unwrap_or_default())
}

fn json<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> Result<Option<T>> {
    let Some(text) = row.get_ref(index)?.as_str_or_null()? else { return Ok(None) };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}
