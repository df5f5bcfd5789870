//! What is said when a call may not run: to the model, which reads it as the result, and to the
//! person, who reads it over the model's shoulder.

use super::rules::is_bare;
use crate::domain::{
    arguments,
    call::{ToolCall, ToolResult, ToolStatus},
    tool::ToolSpec,
};
use serde_json::Value;

/// After a person's no.
pub(super) const SAID_NO: &str =
    "the user said no. Don't try it again in another form; go on without it, or ask the user what to do";

/// The longest name or text of a model's that is repeated to it, in characters.
const LONGEST_QUOTE: usize = 200;

/// The tool's spec; or, when the call is none of a known tool, what to say.
pub(super) fn malformed<'a>(call: &ToolCall, spec: Option<&'a ToolSpec>) -> Result<&'a ToolSpec, String> {
    let Some(spec) = spec.filter(|spec| spec.name == call.name) else {
        return Err(format!("there is no tool called {:?}; use one of those on offer", cut(&call.name)));
    };
    match &call.invalid {
        Some(sent) => Err(format!(
            "the arguments of {} must be one JSON object; this was sent: {}",
            spec.name,
            cut(sent)
        )),
        None => Ok(spec),
    }
}

/// Puts the arguments into the types that the tool wants, so that whoever judges the call sees what the
/// tool will see. The error is for the model: what is wrong with them.
pub(super) fn shape(call: &mut ToolCall, spec: &ToolSpec) -> Result<(), String> {
    call.args = arguments::fitted(&spec.parameters, std::mem::take(&mut call.args));
    arguments::check(&spec.parameters, &call.args).map_err(|problem| format!("{}: {problem}", spec.name))
}

/// What the model reads in place of a result. Arguments of the wrong shape are a mistake to be mended, and
/// no refusal.
pub fn refused(call: &ToolCall, spec: Option<&ToolSpec>, reason: &str) -> ToolResult {
    let misshapen = |spec: &ToolSpec| arguments::check(&spec.parameters, &call.args).is_err();
    match spec.is_some_and(misshapen) {
        true => ToolResult::new(call, ToolStatus::Error, reason),
        false => ToolResult::new(call, ToolStatus::Denied, format!("denied: {reason}")),
    }
}

/// When there is nobody to ask: how the user can allow the call, and nothing but it.
pub(super) fn nobody(call: &ToolCall, because: &str, agent: &str) -> String {
    let remedy = match words(call) {
        Some(rule) => format!(
            "The user can allow it with --yes, or with this in init.lua: pista.agent({}, {{ tools = {{ allow = {{ \
             {rule} }} }} }})",
            lua(agent)
        ),
        None => "The user can allow it where they are asked: at a terminal, with openpista repl".to_owned(),
    };
    format!("a person would have to allow this ({because}), and nobody can be asked. {remedy}")
}

/// The narrowest rule that would allow the call: its exact words, where they are all there is.
fn words(call: &ToolCall) -> Option<String> {
    let Some(Value::Array(words)) = call.args.get("argv") else { return None };
    if words.is_empty() || call.name != "system.run" || !is_bare(call) {
        return None;
    }
    let words = words.iter().map(|word| word.as_str().map(lua)).collect::<Option<Vec<_>>>()?.join(", ");
    (words.chars().count() <= LONGEST_QUOTE).then(|| format!("{{ \"system.run\", argv = {{ {words} }} }}"))
}

/// A string literal of Lua, on one line.
fn lua(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal += "\\n",
            c if c.is_control() => literal += &format!("\\u{{{:x}}}", u32::from(c)),
            c => literal.push(c),
        }
    }
    literal + "\""
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_QUOTE).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}
