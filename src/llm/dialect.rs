//! How servers that claim the same protocol differ, as data.

use super::{base_url::BaseUrl, hosts};
use crate::domain::{JsonMap, nearest::nearest};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// The flags of one server. Chosen by host, overridable one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialect {
    /// The field that limits the answer's length.
    pub max_tokens_field: MaxTokensField,
    /// Whether to ask for usage in the stream with `stream_options`.
    pub stream_options: bool,
    /// Whether reasoning goes back to the server with the calls it led to.
    pub replay_reasoning: bool,
    /// The form of tool call ids.
    pub tool_call_id_format: IdFormat,
    /// What `content` is beside tool calls when there is no text.
    pub assistant_content_with_calls: ContentWithCalls,
    /// Whether a user's message may not follow a tool result directly.
    pub assistant_after_tool: bool,
    /// Sent as given; `None`: not sent.
    pub parallel_tool_calls: Option<bool>,
    /// Whether answers may be streamed when tools are on offer.
    pub stream_tools: bool,
    /// The role of the system prompt.
    pub system_role: SystemRole,
    /// Which JSON Schema the server takes.
    pub schema: SchemaFilter,
    /// Whether calls that the model writes as text are recovered.
    pub text_tool_calls: bool,
    /// How the key is sent.
    pub auth: Auth,
    /// The context window in tokens that the server runs the model with, when it is known.
    pub num_ctx: Option<u32>,
    /// Fields added to each request; `null` takes a field away.
    pub extra_body: JsonMap,
    /// Headers added to each request; values are strings.
    pub extra_headers: JsonMap,
}

/// See [`Dialect::max_tokens_field`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum MaxTokensField {
    MaxTokens,
    MaxCompletionTokens,
}

impl MaxTokensField {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

/// See [`Dialect::tool_call_id_format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdFormat {
    /// Any text.
    Any,
    /// Nine letters and digits.
    Mistral9,
}

/// See [`Dialect::assistant_content_with_calls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentWithCalls {
    /// Leave the field out.
    Omit,
    /// An empty string.
    Empty,
    /// `null`.
    Null,
}

/// See [`Dialect::system_role`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SystemRole {
    System,
    Developer,
}

/// See [`Dialect::schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaFilter {
    /// What every server takes: an object at the top, arrays with `items`.
    Plain,
    /// Only the keywords that Gemini knows.
    Gemini,
}

/// See [`Dialect::auth`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    #[serde(rename = "bearer")]
    Bearer,
    /// `api-key: KEY`.
    #[serde(rename = "api-key")]
    ApiKey,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            max_tokens_field: MaxTokensField::MaxTokens,
            stream_options: true,
            replay_reasoning: false,
            tool_call_id_format: IdFormat::Any,
            assistant_content_with_calls: ContentWithCalls::Omit,
            assistant_after_tool: false,
            parallel_tool_calls: None,
            stream_tools: true,
            system_role: SystemRole::System,
            schema: SchemaFilter::Plain,
            text_tool_calls: true,
            auth: Auth::Bearer,
            num_ctx: None,
            extra_body: JsonMap::new(),
            extra_headers: JsonMap::new(),
        }
    }
}

const KEYS: [&str; 15] = [
    "assistant_after_tool",
    "assistant_content_with_calls",
    "auth",
    "extra_body",
    "extra_headers",
    "max_tokens_field",
    "num_ctx",
    "parallel_tool_calls",
    "replay_reasoning",
    "schema",
    "stream_options",
    "stream_tools",
    "system_role",
    "text_tool_calls",
    "tool_call_id_format",
];

impl Dialect {
    /// The dialect usual for the server at `url`.
    pub fn of(url: &BaseUrl) -> Self {
        hosts::dialect(url.host())
    }

    /// This dialect with the flags in `overrides` changed. The error names the flag and what it takes.
    pub fn with_overrides(mut self, overrides: &JsonMap) -> Result<Self, String> {
        for (key, value) in overrides {
            match key.as_str() {
                "max_tokens_field" => self.max_tokens_field = read(key, value)?,
                "stream_options" => self.stream_options = read(key, value)?,
                "replay_reasoning" => self.replay_reasoning = read(key, value)?,
                "tool_call_id_format" => self.tool_call_id_format = read(key, value)?,
                "assistant_content_with_calls" => self.assistant_content_with_calls = read(key, value)?,
                "assistant_after_tool" => self.assistant_after_tool = read(key, value)?,
                "parallel_tool_calls" => self.parallel_tool_calls = read(key, value)?,
                "stream_tools" => self.stream_tools = read(key, value)?,
                "system_role" => self.system_role = read(key, value)?,
                "schema" => self.schema = read(key, value)?,
                "text_tool_calls" => self.text_tool_calls = read(key, value)?,
                "auth" => self.auth = read(key, value)?,
                "num_ctx" => self.num_ctx = read(key, value)?,
                "extra_body" => self.extra_body.extend(object(key, value)?),
                "extra_headers" => {
                    let headers = object(key, value)?;
                    if let Some((name, _)) = headers.iter().find(|(_, v)| !v.is_string()) {
                        return Err(format!("dialect.extra_headers.{name} must be a string"));
                    }
                    self.extra_headers.extend(headers);
                }
                _ => return Err(unknown(key)),
            }
        }
        Ok(self)
    }
}

fn read<T: DeserializeOwned>(key: &str, value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|e| format!("dialect.{key}: {e}"))
}

/// An object; an empty list too, which is how an empty Lua table may arrive.
fn object(key: &str, value: &Value) -> Result<JsonMap, String> {
    match value {
        Value::Object(map) => Ok(map.clone()),
        Value::Array(list) if list.is_empty() => Ok(JsonMap::new()),
        _ => Err(format!("dialect.{key} must be a table of names and values")),
    }
}

fn unknown(key: &str) -> String {
    match nearest(key, KEYS.iter().copied()) {
        Some(known) => format!("dialect.{key} is unknown; did you mean {known:?}?"),
        None => format!("dialect.{key} is unknown; known: {}", KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn over(value: Value) -> Result<Dialect, String> {
        Dialect::default().with_overrides(value.as_object().expect("an object"))
    }

    #[test]
    fn overrides_are_read_and_checked() {
        let dialect = over(json!({
            "max_tokens_field": "max_completion_tokens", "stream_tools": false, "num_ctx": 32768,
            "tool_call_id_format": "mistral9", "extra_body": {"think": false}, "extra_headers": [],
        }))
        .expect("good overrides");
        assert_eq!(dialect.max_tokens_field, MaxTokensField::MaxCompletionTokens);
        assert_eq!(dialect.num_ctx, Some(32768));
        assert!(!dialect.stream_tools);
        assert_eq!(dialect.extra_body["think"], false);
    }

    #[test]
    fn mistakes_are_told_with_the_remedy() {
        let e = over(json!({"max_token_field": "max_tokens"})).expect_err("a typing error");
        assert!(e.contains("did you mean \"max_tokens_field\""), "{e}");
        let e = over(json!({"max_tokens_field": "tokens"})).expect_err("an unknown value");
        assert!(e.contains("max_completion_tokens"), "{e}");
        let e = over(json!({"banana": 1})).expect_err("an unknown key");
        assert!(e.contains("known: "), "{e}");
        let e = over(json!({"extra_headers": {"X-A": 1}})).expect_err("a number");
        assert!(e.contains("X-A"), "{e}");
    }
}
