//! The rules that the real server enforces, in its words.

use super::{Request, Rules};
use serde_json::{Value, json};
use std::collections::BTreeSet;

type Checked = Result<(), (u16, Value)>;

const FIELDS: [&str; 33] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "n",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "user",
    "seed",
    "response_format",
    "reasoning_effort",
    "metadata",
    "store",
    "service_tier",
    "modalities",
    "audio",
    "prediction",
    "functions",
    "function_call",
    "verbosity",
    "prompt_cache_key",
    "safety_identifier",
];

const MESSAGE_FIELDS: [&str; 6] = ["role", "content", "name", "tool_calls", "tool_call_id", "refusal"];

pub(super) fn key(request: &Request, rules: &Rules) -> Checked {
    let Some(key) = &rules.key else { return Ok(()) };
    match request.header("authorization").and_then(|h| h.strip_prefix("Bearer ")) {
        Some(given) if given == key => Ok(()),
        Some(given) => {
            let hint: String = given.chars().take(3).collect();
            Err((401, error(&format!("Incorrect API key provided: {hint}***."), "", Some("invalid_api_key"))))
        }
        None => Err((401, error("You didn't provide an API key.", "", None))),
    }
}

pub(super) fn request(body: &Value, rules: &Rules) -> Checked {
    let Value::Object(map) = body else {
        return bad("We could not parse the JSON body of your request.", "");
    };
    for field in map.keys() {
        if rules.unsupported.contains(&field.as_str()) {
            let other = match field.as_str() {
                "max_tokens" => " Use 'max_completion_tokens' instead.",
                _ => "",
            };
            let text = format!("Unsupported parameter: '{field}' is not supported with this model.{other}");
            return Err((400, error(&text, field, Some("unsupported_parameter"))));
        }
        if !FIELDS.contains(&field.as_str()) && !rules.extra_fields.contains(&field.as_str()) {
            return bad(&format!("Unrecognized request argument supplied: {field}"), "");
        }
    }
    if body["model"].as_str().is_none_or(str::is_empty) {
        return bad("you must provide a model parameter", "");
    }
    if map.contains_key("stream_options") && body["stream"] != true {
        return bad(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        );
    }
    tools(body)?;
    let Some(messages) = body["messages"].as_array().filter(|list| !list.is_empty()) else {
        return bad("[] is too short - 'messages'", "messages");
    };
    conversation(messages, rules)?;
    let tokens = body["messages"].to_string().len() / rules.bytes_per_token;
    match rules.context_limit {
        Some(limit) if tokens > limit && !rules.tells_limit => {
            let text = "Your input exceeds the context window of this model. Please adjust it and try again.";
            Err((400, error(text, "messages", Some("context_length_exceeded"))))
        }
        Some(limit) if tokens > limit => {
            let text = format!(
                "This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} \
                 tokens. Please reduce the length of the messages."
            );
            Err((400, error(&text, "messages", Some("context_length_exceeded"))))
        }
        _ => Ok(()),
    }
}

fn tools(body: &Value) -> Checked {
    let Some(list) = body.get("tools") else { return Ok(()) };
    let Some(list) = list.as_array().filter(|list| !list.is_empty()) else {
        return bad("[] is too short - 'tools'", "tools");
    };
    let mut seen = BTreeSet::new();
    for (at, tool) in list.iter().enumerate() {
        let name = tool["function"]["name"].as_str().unwrap_or_default();
        if tool["type"] != "function" || !is_name(name) {
            let text = format!(
                "Invalid 'tools[{at}].function.name': string does not match pattern. Expected a string that matches \
                 the pattern '^[a-zA-Z0-9_-]+$'."
            );
            return bad(&text, &format!("tools[{at}].function.name"));
        }
        if !seen.insert(name) {
            return bad(&format!("Tool names must be unique: {name}"), "tools");
        }
        let parameters = &tool["function"]["parameters"];
        if parameters["type"] != "object" || !parameters["properties"].is_object() {
            return bad(
                &format!("Invalid schema for function '{name}': schema must be of type 'object'"),
                "tools",
            );
        }
        if has_bare_array(parameters) {
            return bad(
                &format!("Invalid schema for function '{name}': array schema missing items"),
                "tools",
            );
        }
    }
    Ok(())
}

fn has_bare_array(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            (schema["type"] == "array" && !schema["items"].is_object()) || map.values().any(has_bare_array)
        }
        Value::Array(list) => list.iter().any(has_bare_array),
        _ => false,
    }
}

fn conversation(messages: &[Value], rules: &Rules) -> Checked {
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut last = "";
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        fields(message, &MESSAGE_FIELDS, &format!("messages[{at}]"), rules)?;
        if role != "tool" && !open.is_empty() {
            let missing = open.iter().copied().collect::<Vec<_>>().join(", ");
            let text = format!(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
                 'tool_call_id'. The following tool_call_ids did not have response messages: {missing}"
            );
            return bad(&text, &format!("messages.[{at}].role"));
        }
        match role {
            "system" | "developer" if at > 0 && rules.system_first => {
                return bad("System message must be at the beginning.", "messages");
            }
            "system" | "developer" | "user" if message["content"].as_str().is_none_or(str::is_empty) => {
                return bad(
                    &format!("Invalid value for 'content': expected a string, got {}.", message["content"]),
                    "messages",
                );
            }
            "user" | "assistant" if role == last && rules.alternate => {
                return bad(
                    "Conversation roles must alternate user/assistant/user/assistant/...",
                    "messages",
                );
            }
            "system" | "developer" | "user" => {}
            "assistant" => calls(message, at, &mut open, &mut ids, rules)?,
            "tool" => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                if !open.remove(id) {
                    let text = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                    return bad(text, &format!("messages.[{at}].role"));
                }
                if !message["content"].is_string() {
                    return bad("Missing required parameter: 'content'.", "messages");
                }
            }
            other => {
                return bad(
                    &format!(
                        "Invalid value: '{other}'. Supported values are: 'system', 'assistant', 'user', 'tool', and 'developer'."
                    ),
                    "messages",
                );
            }
        }
        last = role;
    }
    match open.is_empty() {
        true => Ok(()),
        false => bad("An assistant message with 'tool_calls' must be followed by tool messages.", "messages"),
    }
}

fn calls<'a>(
    message: &'a Value,
    at: usize,
    open: &mut BTreeSet<&'a str>,
    ids: &mut BTreeSet<&'a str>,
    rules: &Rules,
) -> Checked {
    let Some(calls) = message.get("tool_calls") else {
        return match message["content"].as_str().is_none_or(str::is_empty) {
            true => bad("Invalid value for 'content': expected a string, got null.", "messages"),
            false => Ok(()),
        };
    };
    let Some(calls) = calls.as_array().filter(|list| !list.is_empty()) else {
        return bad("[] is too short - 'tool_calls'", "messages");
    };
    for call in calls {
        fields(call, &["id", "type", "function"], &format!("messages[{at}].tool_calls"), rules)?;
        let id = call["id"].as_str().unwrap_or_default();
        if id.is_empty() || id.len() > 40 || !ids.insert(id) {
            return bad(&format!("Invalid tool call id: '{id}'"), "messages");
        }
        open.insert(id);
        let name = call["function"]["name"].as_str().unwrap_or_default();
        if call["type"] != "function" || !is_name(name) {
            return bad(
                &format!("Invalid 'messages[{at}].tool_calls[0].function.name': '{name}'"),
                "messages",
            );
        }
        let arguments = call["function"]["arguments"].as_str().map(serde_json::from_str::<Value>);
        if !matches!(arguments, Some(Ok(Value::Object(_)))) {
            return bad("Invalid 'arguments': expected a string holding a JSON object.", "messages");
        }
    }
    Ok(())
}

fn fields(value: &Value, known: &[&str], place: &str, rules: &Rules) -> Checked {
    let Value::Object(map) = value else {
        return bad(&format!("Invalid type for '{place}': expected an object."), "messages");
    };
    match map
        .keys()
        .find(|k| !known.contains(&k.as_str()) && !rules.extra_message_fields.contains(&k.as_str()))
    {
        Some(field) => bad(
            &format!("Additional properties are not allowed ('{field}' was unexpected) - '{place}'"),
            "messages",
        ),
        None => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn bad(message: &str, param: &str) -> Checked {
    Err((400, error(message, param, None)))
}

fn error(message: &str, param: &str, code: Option<&str>) -> Value {
    let param = if param.is_empty() { Value::Null } else { param.into() };
    json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}})
}
