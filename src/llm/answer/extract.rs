//! Reading calls out of text that a model wrote in place of a call.

use super::lenient;
use crate::domain::{JsonMap, tool::ToolSpec};
use serde_json::Value;

/// A call as the model wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) args: Result<JsonMap, String>,
}

/// The calls in `text`, in any of the known forms. `types` tells the parameters of a tool.
pub(super) fn calls(text: &str, tool: &dyn Fn(&str) -> Option<ToolSpec>) -> Vec<Written> {
    let found = json_calls(text);
    if !found.is_empty() {
        return found;
    }
    let found = tagged_calls(text, tool);
    if !found.is_empty() {
        return found;
    }
    named_calls(text)
}

/// `{"name": …, "arguments": …}` and its relatives, one or several, in lists or not.
fn json_calls(text: &str) -> Vec<Written> {
    let Some(start) = text.find(['{', '[']) else { return Vec::new() };
    let mut found = Vec::new();
    // What stands before the JSON is a name in another form, or a tag.
    if text[..start].trim().chars().any(|c| c.is_alphanumeric()) && !text[..start].trim_end().ends_with('>') {
        return found;
    }
    if let Some(value) = lenient::json(text[start..].trim().trim_end_matches('`').trim()) {
        collect(&value, &mut found);
        return found;
    }
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    while let Some(Ok(value)) = values.next() {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<Written>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => {
            match map.get("tool_calls").or(map.get("tool_call")).or(map.get("function_call")) {
                Some(inner) => collect(inner, found),
                None => found.extend(one(map)),
            }
        }
        _ => {}
    }
}

fn one(map: &JsonMap) -> Option<Written> {
    if let Some(Value::Object(function)) = map.get("function") {
        return one(function);
    }
    let name =
        ["name", "function", "tool", "tool_name", "action"].iter().find_map(|key| map.get(*key)?.as_str())?;
    let keys = ["arguments", "parameters", "args", "input", "tool_input", "action_input"];
    let args = match keys.iter().find_map(|key| map.get(*key))? {
        Value::Object(args) => Ok(args.clone()),
        Value::String(text) => lenient::arguments(text).ok_or_else(|| text.clone()),
        Value::Null => Ok(JsonMap::new()),
        other => Err(other.to_string()),
    };
    (!name.is_empty()).then(|| Written { name: name.to_owned(), args })
}

/// `<function=NAME>` or `<invoke name="NAME">` around JSON or parameters in tags.
fn tagged_calls(text: &str, tool: &dyn Fn(&str) -> Option<ToolSpec>) -> Vec<Written> {
    let mut found = Vec::new();
    for (open, close) in [("<function=", "</function>"), ("<invoke ", "</invoke>")] {
        let mut rest = text;
        while let Some(at) = rest.find(open) {
            rest = &rest[at + open.len()..];
            let Some(end) = rest.find('>') else { break };
            let name = attribute(&rest[..end]);
            let body = rest[end + 1..].split(close).next().unwrap_or_default();
            let args = match body.trim_start().starts_with('{') {
                true => lenient::arguments(body).ok_or_else(|| body.trim().to_owned()),
                false => Ok(parameters(body, tool(&name).as_ref())),
            };
            found.push(Written { name, args });
            rest = &rest[end + 1..];
        }
    }
    found
}

/// `NAME`, `"NAME"` or `name="NAME"`.
fn attribute(text: &str) -> String {
    text.split_once("name=")
        .map_or(text, |(_, name)| name)
        .trim()
        .trim_matches(['"', '\'', '/'])
        .trim()
        .to_owned()
}

/// `<parameter=KEY>VALUE</parameter>` or `<parameter name="KEY">VALUE</parameter>`.
fn parameters(body: &str, tool: Option<&ToolSpec>) -> JsonMap {
    let mut args = JsonMap::new();
    let mut rest = body;
    while let Some(at) = rest.find("<parameter") {
        rest = &rest[at + "<parameter".len()..];
        let Some(end) = rest.find('>') else { break };
        let key = attribute(rest[..end].trim_start_matches('='));
        let value = rest[end + 1..].split("</parameter>").next().unwrap_or_default();
        let value = value.strip_prefix('\n').unwrap_or(value);
        let value = value.strip_suffix('\n').unwrap_or(value);
        args.insert(key.clone(), typed(value, tool, &key));
        rest = &rest[end + 1..];
    }
    args
}

/// A value in tags, as the tool's schema wants it: text stays text, the rest is JSON.
fn typed(value: &str, tool: Option<&ToolSpec>, key: &str) -> Value {
    let kind =
        tool.and_then(|t| t.parameters.get("properties")?.get(key)?.get("type")?.as_str().map(str::to_owned));
    match kind.as_deref() {
        Some("string") => value.into(),
        Some(_) => lenient::json(value.trim()).unwrap_or_else(|| value.into()),
        None => match lenient::json(value.trim()) {
            Some(json @ (Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_))) => json,
            _ => value.into(),
        },
    }
}

/// `NAME{…}` and `NAME[ARGS]{…}`, one after the other.
fn named_calls(text: &str) -> Vec<Written> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(at) = rest.find('{') {
        let name = rest[..at].trim().trim_end_matches("[ARGS]").trim();
        let name = name
            .rsplit("[TOOL_CALLS]")
            .next()
            .unwrap_or_default()
            .split("[CALL_ID]")
            .next()
            .unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-./:".contains(c));
        let mut values = serde_json::Deserializer::from_str(&rest[at..]).into_iter::<JsonMap>();
        let (true, Some(Ok(args))) = (is_name, values.next()) else { break };
        found.push(Written { name: name.to_owned(), args: Ok(args) });
        rest = &rest[at + values.byte_offset()..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Vec<(String, Value)> {
        calls(text, &|_| None)
            .into_iter()
            .map(|call| (call.name, call.args.map_or_else(|text| json!(text), Value::Object)))
            .collect()
    }

    #[test]
    fn all_written_forms_mean_the_same() {
        let wanted = [("fs_read".to_owned(), json!({"path": "/a"}))];
        for text in [
            r#"{"name":"fs_read","arguments":{"path":"/a"}}"#,
            r#"{"name":"fs_read","arguments":"{\"path\":\"/a\"}"}"#,
            r#"{"name":"fs_read","parameters":{"path":"/a"}}"#,
            r#"{"tool":"fs_read","args":{"path":"/a"}}"#,
            r#"{"action":"fs_read","action_input":{"path":"/a"}}"#,
            r#"{"function":"fs_read","arguments":{"path":"/a"}}"#,
            r#"{"type":"function","function":{"name":"fs_read","arguments":{"path":"/a"}}}"#,
            r#"{"tool_calls":[{"type":"function","function":{"name":"fs_read","arguments":"{\"path\":\"/a\"}"}}]}"#,
            r#"[{"name":"fs_read","arguments":{"path":"/a"}}]"#,
            "\n{\"name\":\"fs_read\",\"arguments\":{\"path\":\"/a\"}}\n",
            r#"<function=fs_read>{"path":"/a"}</function>"#,
            "<function=fs_read>\n<parameter=path>\n/a\n</parameter>\n</function>",
            r#"<invoke name="fs_read"><parameter name="path">/a</parameter></invoke>"#,
            r#"fs_read{"path":"/a"}"#,
            r#"fs_read[ARGS]{"path":"/a"}"#,
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
    }

    #[test]
    fn several_at_once() {
        let text = r#"{"name":"a","arguments":{}} {"name":"b","arguments":{}}"#;
        assert_eq!(read(text).len(), 2);
        assert_eq!(read(r#"a{"x":1}b{"y":2}"#).len(), 2);
        assert_eq!(read("<function=a></function><function=b></function>").len(), 2);
    }

    #[test]
    fn other_text_is_no_call() {
        for text in [
            "",
            "hello",
            r#"{"name":"x"}"#,
            r#"{"a":1}"#,
            "[1,2]",
            "{",
            "see {x}",
            r#"{"name":1,"arguments":{}}"#,
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
