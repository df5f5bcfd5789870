//! Recorded conversations: JSON of the form that agents of this kind share, checked and brought into
//! one shape for `lua/pista/spec/trace.lua`.

mod keys;

use crate::script::{ErrorKind, ScriptError};
use keys::{At, list, text};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The longest file.
const MAX_BYTES: u64 = 16 << 20;

const TRACE: &[&str] = &[
    "model_name",
    "id",
    "turns",
    "steps",
    "user_input",
    "expects",
    "approve",
    "agent",
    "tools",
    "setup",
    "http_exchanges",
    "memory_snapshot",
    "repo",
];
const TURN: &[&str] = &["user_input", "steps", "expects"];
const STEP: &[&str] = &["request_hint", "response", "tool_results", "expected_tool_results"];
const HINT: &[&str] = &["last_user_message_contains", "min_message_count", "min_messages"];
const RESPONSE: &[&str] = &["type", "content", "tool_calls", "input_tokens", "output_tokens", "usage"];
/// How programs call the tokens that were read, and those that were written.
const USAGE: [&[&str]; 2] =
    [&["input_tokens", "prompt_tokens", "input"], &["output_tokens", "completion_tokens", "output"]];
/// What a recording may hold that a replay has no use for, and why.
const UNUSED: &[(&str, &str)] = &[
    ("http_exchanges", "nothing is asked of the web; results of tools stand in tool_results"),
    ("memory_snapshot", "each replay begins with an empty memory"),
    ("setup", "the configuration is the init.lua that is tested"),
    ("tools", "the tools are those of the init.lua that is tested"),
    ("repo", "nothing is fetched"),
];
/// Under what several conversations stand in one file.
const SEVERAL: &[&str] = &["conversations", "traces"];
const CALL: &[&str] = &["id", "name", "arguments", "type", "function"];
const RESULT: &[&str] = &["tool_call_id", "id", "name", "content", "status", "is_error"];
const EXPECTS: &[&str] = &[
    "response_contains",
    "final_contains",
    "response_not_contains",
    "response_matches",
    "response_json",
    "tools_used",
    "tools_not_used",
    "tools_order",
    "tool_calls",
    "max_tool_calls",
    "min_tool_calls",
    "all_tools_succeeded",
    "tool_results_contain",
    "min_responses",
    "budget",
];
/// What others know, and nobody can check where nothing is written and no model judges.
const ELSEWHERE: &[&str] = &["workspace", "judge"];
const BUDGET: &[&str] = &["max_input_tokens", "max_output_tokens", "max_total_tokens", "max_llm_calls"];

/// Reads a recorded conversation. `name` is the file in messages.
pub(super) fn read(path: &Path, name: &str) -> Result<Value, ScriptError> {
    parse(path, name).map_err(|message| ScriptError {
        file: Some(name.to_owned()),
        ..ScriptError::new(ErrorKind::Io, message)
    })
}

/// What of recorded conversations is passed over.
pub(super) fn notes(traces: &Value) -> impl Iterator<Item = &str> {
    let traces = traces.as_array().into_iter().flatten();
    traces.filter_map(|trace| trace["notes"].as_array()).flatten().filter_map(Value::as_str)
}

fn parse(path: &Path, name: &str) -> Result<Value, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let json: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let listed = SEVERAL.iter().find_map(|key| Some((*key, json.get(key)?)));
    let (within, several) = match (&json, listed) {
        (Value::Array(items), _) => ("", items),
        (_, Some((key, Value::Array(items)))) => (key, items),
        _ => return Ok(json!([shape(&At::document(""), &json, name)?])),
    };
    if several.is_empty() {
        return Err("there is no conversation in it".into());
    }
    let place = |index: usize| format!("{within}[{}]", index + 1);
    let shaped = several.iter().enumerate().map(|(index, item)| {
        let whole = shape(&At::document(&place(index)), item, name)?;
        Ok(named(whole, name, index))
    });
    shaped.collect()
}

/// A conversation of several in a file, which has a name of its own.
fn named(mut trace: Value, file: &str, index: usize) -> Value {
    if trace["name"] == file {
        trace["name"] = format!("{file} {}", index + 1).into();
    }
    trace
}

/// The one shape.
fn shape(at: &At, json: &Value, file: &str) -> Result<Value, String> {
    let trace = at.object(json, TRACE)?;
    for (key, why) in UNUSED {
        if trace.contains_key(*key) {
            at.key(key).pass_over(why);
        }
    }
    let turns = match (trace.get("turns"), trace.get("steps")) {
        (Some(turns), None) => {
            list(&at.key("turns"), turns)?.map(|(at, item)| turn(&at, item)).collect::<Result<Vec<_>, _>>()?
        }
        (None, Some(steps)) => flat(at, steps, trace.get("user_input"))?,
        (Some(_), Some(_)) => return Err("a conversation has either turns or steps, not both".into()),
        (None, None) => return Err("turns is missing: a list of { user_input, steps }".into()),
    };
    if turns.is_empty() {
        return Err("turns is empty: nothing would be replayed".into());
    }
    let called = match (trace.get("id"), trace.get("model_name")) {
        (Some(id), _) => text(&at.key("id"), id)?,
        (None, Some(model)) => text(&at.key("model_name"), model)?,
        (None, None) => file.to_owned(),
    };
    let mut shaped = json!({ "name": called, "place": file, "turns": turns });
    if let Some(wanted) = trace.get("expects") {
        shaped["expects"] = expects(&at.key("expects"), wanted)?;
    }
    for key in ["approve", "agent"] {
        if let Some(value) = trace.get(key) {
            shaped[key] = json!(text(&at.key(key), value)?);
        }
    }
    shaped["notes"] = at.notes().into();
    Ok(shaped)
}

fn turn(at: &At, json: &Value) -> Result<Value, String> {
    let turn = at.object(json, TURN)?;
    let said = turn.get("user_input").ok_or_else(|| at.missing("user_input"))?;
    let steps = turn.get("steps").ok_or_else(|| at.missing("steps"))?;
    let mut shaped = finish(text(&at.key("user_input"), said)?, read_steps(&at.key("steps"), steps)?);
    if let Some(wanted) = turn.get("expects") {
        shaped["expects"] = expects(&at.key("expects"), wanted)?;
    }
    Ok(shaped)
}

/// An older form: steps alone, among which the user's messages may stand.
fn flat(at: &At, steps: &Value, said: Option<&Value>) -> Result<Vec<Value>, String> {
    let mut said = match said {
        Some(said) => Some(text(&at.key("user_input"), said)?),
        None => None,
    };
    let (mut turns, mut open) = (vec![], vec![]);
    for step in read_steps(&at.key("steps"), steps)? {
        if let Some(next) = step.said {
            if !open.is_empty() {
                turns.push(finish(said.take().unwrap_or_else(unsaid), std::mem::take(&mut open)));
            }
            said = Some(next);
        } else {
            // Without any message, what the first step hints at is as near as it gets.
            said = said.or_else(|| step.shaped.get("hint").and_then(Value::as_str).map(str::to_owned));
            open.push(step);
        }
    }
    if !open.is_empty() {
        turns.push(finish(said.unwrap_or_else(unsaid), open));
    }
    Ok(turns)
}

fn unsaid() -> String {
    "(not recorded)".to_owned()
}

#[derive(Default)]
struct Step {
    shaped: Map<String, Value>,
    /// Results by the id of the call.
    results: Vec<(String, Value)>,
    /// This is no answer of the model's, but what the user said.
    said: Option<String>,
}

/// Gives each result to the step that made its call: recordings have them there, or with the next one.
fn finish(said: String, steps: Vec<Step>) -> Value {
    let results: Map<String, Value> = steps.iter().flat_map(|step| step.results.clone()).collect();
    let steps: Vec<Value> = steps
        .into_iter()
        .map(|mut step| {
            if step.shaped.contains_key("tool_calls") && !results.is_empty() {
                step.shaped.insert("results".into(), results.clone().into());
            }
            Value::Object(step.shaped)
        })
        .collect();
    json!({ "user_input": said, "steps": steps })
}

fn read_steps(at: &At, json: &Value) -> Result<Vec<Step>, String> {
    list(at, json)?.map(|(at, item)| step(&at, item)).collect()
}

fn step(at: &At, json: &Value) -> Result<Step, String> {
    let fields = at.object(json, STEP)?;
    let mut step = Step::default();
    if let Some(hint) = fields.get("request_hint") {
        let hint = at.key("request_hint").object(hint, HINT)?;
        if let Some(words) = hint.get("last_user_message_contains") {
            step.shaped.insert("hint".into(), words.clone());
        }
        let least = ["min_message_count", "min_messages"].iter().find_map(|key| hint.get(*key)?.as_u64());
        if let Some(least) = least {
            step.shaped.insert("min_messages".into(), least.into());
        }
    }
    for key in ["tool_results", "expected_tool_results"] {
        if let Some(given) = fields.get(key) {
            for (at, item) in list(&at.key(key), given)? {
                step.results.push(result(&at, item)?);
            }
        }
    }
    let response = fields.get("response").ok_or_else(|| at.missing("response"))?;
    respond(&at.key("response"), response, &mut step)?;
    Ok(step)
}

fn respond(at: &At, json: &Value, step: &mut Step) -> Result<(), String> {
    let fields = at.object(json, RESPONSE)?;
    let content = match fields.get("content") {
        Some(Value::Null) | None => None,
        Some(content) => Some(text(&at.key("content"), content)?),
    };
    let kind = fields.get("type").ok_or_else(|| at.missing("type"))?;
    match kind.as_str() {
        Some("text") => {
            let content = content.ok_or_else(|| at.missing("content"))?;
            step.shaped.insert("text".into(), content.into());
        }
        Some("tool_calls") => {
            let calls = fields.get("tool_calls").ok_or_else(|| at.missing("tool_calls"))?;
            let calls: Result<Vec<Value>, String> =
                list(&at.key("tool_calls"), calls)?.map(|(at, item)| call(&at, item)).collect();
            step.shaped.insert("tool_calls".into(), calls?.into());
            step.shaped.extend(content.map(|content| ("text".into(), content.into())));
        }
        Some("user_input") => step.said = Some(content.ok_or_else(|| at.missing("content"))?),
        _ => {
            return Err(format!(
                "{}: {kind} is no type of a response; it is \"text\" or \"tool_calls\"",
                at.key("type")
            ));
        }
    }
    let usage = fields.get("usage").and_then(Value::as_object);
    let [input, output] = USAGE.map(|names| {
        let told = |map: &Map<String, Value>| names.iter().find_map(|name| map.get(*name)?.as_u64());
        usage.and_then(told).or_else(|| told(fields))
    });
    if let (Some(input), Some(output)) = (input, output) {
        step.shaped.insert("usage".into(), json!({ "input": input, "output": output }));
    }
    Ok(())
}

/// `{ id, name, arguments }`, or with name and arguments in `function`; arguments may be JSON in a text.
fn call(at: &At, json: &Value) -> Result<Value, String> {
    let fields = at.object(json, CALL)?;
    let (within, function) = match fields.get("function") {
        Some(function) => {
            let within = at.key("function");
            let function = within.object(function, &["name", "arguments"])?;
            (within, function)
        }
        None => (at.clone(), fields),
    };
    let name = function.get("name").ok_or_else(|| within.missing("name"))?;
    let arguments = match function.get("arguments") {
        None | Some(Value::Null) => json!({}),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| format!("{}: not JSON: {error}", within.key("arguments")))?,
        Some(arguments) => arguments.clone(),
    };
    if !arguments.is_object() {
        return Err(format!("{}: expected an object", within.key("arguments")));
    }
    let mut call = json!({ "name": text(&within.key("name"), name)?, "arguments": arguments });
    if let Some(id) = fields.get("id") {
        call["id"] = json!(text(&at.key("id"), id)?);
    }
    Ok(call)
}

fn result(at: &At, json: &Value) -> Result<(String, Value), String> {
    let fields = at.object(json, RESULT)?;
    let id =
        fields.get("tool_call_id").or_else(|| fields.get("id")).ok_or_else(|| at.missing("tool_call_id"))?;
    let content = match fields.get("content").ok_or_else(|| at.missing("content"))? {
        Value::String(content) => content.clone(),
        other => other.to_string(),
    };
    let failed = fields.get("is_error").and_then(Value::as_bool).unwrap_or(false);
    let status = match fields.get("status") {
        Some(status) => text(&at.key("status"), status)?,
        None => if failed { "error" } else { "ok" }.to_owned(),
    };
    Ok((text(&at.key("tool_call_id"), id)?, json!({ "content": content, "status": status })))
}

fn expects(at: &At, json: &Value) -> Result<Value, String> {
    if let Some(key) = json.as_object().and_then(|map| ELSEWHERE.iter().find(|key| map.contains_key(**key))) {
        return Err(format!(
            "{}: cannot be checked here: nothing is written, and no model is asked",
            at.key(key)
        ));
    }
    let fields = at.strict_object(json, EXPECTS)?;
    let mut shaped = fields.clone();
    shaped.retain(|key, _| !key.starts_with('_'));
    for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('_')) {
        let at = at.key(key);
        let fits = match key.as_str() {
            "response_contains" | "final_contains" | "response_not_contains" | "response_matches" => {
                texts(value)
            }
            "tools_used" | "tools_not_used" | "tools_order" => texts(value),
            "max_tool_calls" | "min_tool_calls" | "min_responses" => value.is_u64(),
            "all_tools_succeeded" => value.is_boolean(),
            "response_json" => value.is_object(),
            "tool_results_contain" => value.as_object().is_some_and(|map| map.values().all(texts)),
            "budget" => at.strict_object(value, BUDGET)?.values().all(Value::is_u64),
            _ => {
                let calls = list(&at, value)?.map(|(at, item)| match item {
                    Value::String(_) => Ok(item.clone()),
                    item => expected_call(&at, item),
                });
                shaped.insert(key.clone(), calls.collect::<Result<Vec<_>, _>>()?.into());
                true
            }
        };
        if !fits {
            return Err(format!("{at}: {value} is not what is expected there"));
        }
    }
    if let Some(Value::String(one)) = shaped.get("tools_order").cloned() {
        shaped.insert("tools_order".into(), json!([one]));
    }
    Ok(Value::Object(shaped))
}

fn expected_call(at: &At, json: &Value) -> Result<Value, String> {
    let fields = at.strict_object(json, &["name", "arguments"])?;
    text(&at.key("name"), fields.get("name").ok_or_else(|| at.missing("name"))?)?;
    Ok(json.clone())
}

/// A text that says something, or a list of such.
fn texts(value: &Value) -> bool {
    let says = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    says(value) || value.as_array().is_some_and(|items| items.iter().all(says))
}
