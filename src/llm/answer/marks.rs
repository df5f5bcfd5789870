//! How calls begin that are written as text.

/// Tags around calls: how they open and close. `None`: they go on to the end of the answer.
const TAGS: [(&str, Option<&str>); 14] = [
    ("<tool_call>", Some("</tool_call>")),
    ("<tool_calls>", Some("</tool_calls>")),
    ("<toolcall>", Some("</toolcall>")),
    ("<tool_use>", Some("</tool_use>")),
    ("<function_call>", Some("</function_call>")),
    ("<function_calls>", Some("</function_calls>")),
    ("<function=", Some("</function>")),
    ("<invoke ", Some("</invoke>")),
    ("<minimax:tool_call>", Some("</minimax:tool_call>")),
    ("<|tool_call|>", Some("<|/tool_call|>")),
    ("<|tool_call_start|>", Some("<|tool_call_end|>")),
    ("[TOOL_REQUEST]", Some("[END_TOOL_REQUEST]")),
    ("[TOOL_CALLS]", None),
    ("<|python_tag|>", None),
];

/// Closing tags that are left over behind a call whose opening tag the model forgot.
const LEFTOVERS: [&str; 4] = ["</tool_call>", "</tool_calls>", "</function_calls>", "</function>"];

/// What the info line of a code block says when the block may be a call.
pub(super) const CALL_FENCES: [&str; 7] = ["", "json", "tool_call", "tool_calls", "tool_code", "tool", "xml"];

/// The longest info line of a code block.
const MAX_INFO: usize = 40;

/// What a place in the text is the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// Of nothing special.
    Nothing,
    /// More text is needed to tell.
    Perhaps,
    /// Of a call in tags.
    Tag(&'static str, Option<&'static str>),
    /// Of a closing tag without meaning, so long.
    Leftover(usize),
    /// Of JSON.
    Json,
    /// Of a block of code; with the length of its first line.
    Fence(usize),
}

/// What `text` begins. `blank`: it stands at the start of a line. `after_call`: a call came before.
pub(super) fn begin(text: &str, blank: bool, after_call: bool) -> Begin {
    if let Some((open, close)) = TAGS.iter().find(|(open, _)| text.starts_with(open)) {
        return Begin::Tag(open, *close);
    }
    if after_call && let Some(tag) = LEFTOVERS.iter().find(|tag| text.starts_with(**tag)) {
        return Begin::Leftover(tag.len());
    }
    let may_become =
        TAGS.iter().map(|(open, _)| *open).chain(after_call.then_some(LEFTOVERS).into_iter().flatten());
    let mut may_become = may_become.filter(|tag| tag.starts_with(text));
    match text.as_bytes()[0] {
        _ if may_become.next().is_some() => Begin::Perhaps,
        b'{' if blank => Begin::Json,
        b'[' if blank => match text[1..].trim_start().chars().next() {
            None => Begin::Perhaps,
            Some('{') => Begin::Json,
            Some(_) => Begin::Nothing,
        },
        b'`' if blank && text.starts_with("```") => match text.find('\n') {
            Some(end) => Begin::Fence(end + 1),
            None if text.len() < MAX_INFO => Begin::Perhaps,
            None => Begin::Nothing,
        },
        b'`' if blank && "```".starts_with(text) => Begin::Perhaps,
        _ => Begin::Nothing,
    }
}

/// Whether JSON that begins so may be a call: its first key is one that calls have.
pub(super) fn may_be_call(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix('[').map_or(text, str::trim_start);
    if text.is_empty() {
        return true;
    }
    let Some(inner) = text.strip_prefix('{').map(str::trim_start) else { return false };
    match inner.strip_prefix('"') {
        Some(key) => match key.split_once('"') {
            Some((key, _)) => KEYS.contains(&key),
            None => KEYS.iter().any(|known| known.starts_with(key)),
        },
        None => inner.is_empty(),
    }
}

const KEYS: [&str; 15] = [
    "name",
    "arguments",
    "parameters",
    "function",
    "tool",
    "tool_name",
    "tool_call",
    "tool_calls",
    "type",
    "id",
    "args",
    "input",
    "action",
    "action_input",
    "function_call",
];
