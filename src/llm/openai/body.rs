//! The body of a request.

use super::{history, learn::Learned, offer::Offer};
use crate::{
    domain::{JsonMap, chat::ChatRequest},
    llm::{dialect::Dialect, names::Names},
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json, value::RawValue};
use std::sync::Arc;

/// A body: what is made for this request, and the tools, which many have alike.
pub(super) struct Body {
    fields: JsonMap,
    tools: Option<Arc<RawValue>>,
}

const TOOLS: &str = "tools";

impl Body {
    /// Builds the body. Nothing that isn't set is sent: servers refuse what they don't know.
    pub(super) fn new(
        request: ChatRequest<'_>,
        names: &Names,
        offer: &Offer,
        dialect: &Dialect,
        learned: &Learned,
        provider: &str,
    ) -> Self {
        let mut fields = JsonMap::new();
        fields.insert("model".into(), request.model.into());
        fields.insert("messages".into(), history::render(request, names, dialect, provider).into());
        let stream = dialect.stream_tools || request.tools.is_empty();
        fields.insert("stream".into(), stream.into());
        if stream && dialect.stream_options {
            fields.insert("stream_options".into(), json!({"include_usage": true}));
        }
        if let Some(max) = request.max_tokens {
            fields.insert(dialect.max_tokens_field.name().into(), max.into());
        }
        if let Some(parallel) = dialect.parallel_tool_calls.filter(|_| !request.tools.is_empty()) {
            fields.insert("parallel_tool_calls".into(), parallel.into());
        }
        let mut tools = offer.json.clone();
        for (key, value) in &dialect.extra_body {
            if key == TOOLS {
                tools = None;
            }
            match value {
                Value::Null => fields.remove(key),
                _ => fields.insert(key.clone(), value.clone()),
            };
        }
        learned.strip(&mut fields);
        Self { fields, tools: tools.filter(|_| learned.takes(TOOLS)) }
    }

    /// The names of its fields.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str).chain(self.tools.as_ref().map(|_| TOOLS))
    }

    /// Whether it has a field of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.keys().any(|key| key == name)
    }

    /// One of its fields, but for tools of ours.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &self.fields {
            map.serialize_entry(key, value)?;
        }
        if let Some(tools) = &self.tools {
            map.serialize_entry(TOOLS, &**tools)?;
        }
        map.end()
    }
}
