//! The fields beside the text that hold reasoning, and those that a server wants back unread.

use super::halves::{Halves, whole_value};
use crate::domain::JsonMap;
use serde_json::Value;

/// Names under which servers send reasoning as text.
const TEXT_FIELDS: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_text"];

/// Opaque fields that are kept as they came.
const OPAQUE: [&str; 3] = ["extra_content", "thought_signature", "thinking_blocks"];

/// What one answer holds of both.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    fields: JsonMap,
    halves: [Halves; TEXT_FIELDS.len()],
    /// What stands among the parts of the text, or in details.
    noted: String,
}

impl Reasoning {
    /// Takes a delta; returns the reasoning in it as text.
    pub(super) fn take(&mut self, delta: &JsonMap) -> Option<String> {
        let mut said = None;
        for (name, halves) in TEXT_FIELDS.iter().zip(&mut self.halves) {
            if let Some(Value::String(text)) = delta.get(*name).filter(|v| *v != "") {
                let text = halves.join(text);
                append(self.fields.entry(*name).or_insert_with(|| "".into()), &text);
                // Some send the same under two names.
                said.get_or_insert_with(|| text.into_owned());
            }
        }
        if let Some(Value::Array(list)) = delta.get("reasoning_details") {
            let list: Vec<Value> = list.iter().map(whole_value).collect();
            let details: String = list.iter().filter_map(detail_text).collect();
            if said.is_none() && !details.is_empty() {
                self.noted.push_str(&details);
                said = Some(details);
            }
            let kept = self.fields.entry("reasoning_details").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(kept) = kept {
                list.iter().for_each(|detail| merge_detail(kept, detail));
            }
        }
        for name in OPAQUE {
            if let Some(value) = delta.get(name).filter(|v| !v.is_null()) {
                self.fields.insert(name.to_owned(), whole_value(value));
            }
        }
        said
    }

    /// Takes reasoning that stands among the parts of the text.
    pub(super) fn note(&mut self, text: &str) -> String {
        let text = super::halves::whole(text);
        self.noted.push_str(&text);
        text.into_owned()
    }

    /// All of it as text.
    pub(super) fn thoughts(&self) -> String {
        if self.text().is_empty() { self.noted.clone() } else { self.text().to_owned() }
    }

    /// The fields under the names the server used.
    pub(super) fn finish(self) -> JsonMap {
        self.fields
    }

    /// The reasoning as text, for estimates.
    pub(super) fn text(&self) -> &str {
        TEXT_FIELDS.iter().find_map(|name| self.fields.get(*name)?.as_str()).unwrap_or_default()
    }
}

fn detail_text(detail: &Value) -> Option<&str> {
    detail.get("text").or(detail.get("summary"))?.as_str()
}

/// Joins a piece of a detail to the one it continues: same type, same index.
fn merge_detail(kept: &mut Vec<Value>, detail: &Value) {
    let same =
        |other: &Value| other.get("type") == detail.get("type") && other.get("index") == detail.get("index");
    let last = kept.last_mut().filter(|last| same(last) && detail.get("index").is_some());
    let (Some(Value::Object(last)), Value::Object(piece)) = (last, detail) else {
        kept.push(detail.clone());
        return;
    };
    for (key, value) in piece {
        match (last.get_mut(key), value) {
            (Some(old @ Value::String(_)), Value::String(text))
                if ["text", "summary", "data"].contains(&key.as_str()) =>
            {
                append(old, text);
            }
            (_, Value::Null) => {}
            _ => {
                last.insert(key.clone(), value.clone());
            }
        }
    }
}

fn append(to: &mut Value, text: &str) {
    if let Value::String(old) = to {
        old.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn details_are_joined_piece_by_piece() {
        let mut reasoning = Reasoning::default();
        for delta in [
            json!({"reasoning": "a", "reasoning_details": [{"type":"reasoning.text","index":0,"text":"a"}]}),
            json!({"reasoning": "b", "reasoning_details": [{"type":"reasoning.text","index":0,"text":"b","signature":"s"}]}),
            json!({"reasoning_details": [{"type":"reasoning.encrypted","index":1,"data":"x"}]}),
        ] {
            reasoning.take(delta.as_object().expect("an object"));
        }
        assert_eq!(
            Value::Object(reasoning.finish()),
            json!({"reasoning": "ab", "reasoning_details": [
                {"type":"reasoning.text","index":0,"text":"ab","signature":"s"},
                {"type":"reasoning.encrypted","index":1,"data":"x"},
            ]})
        );
    }
}
