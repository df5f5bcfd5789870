//! The marks that models put around calls: `<tool_call>`, `<|tool_call_begin|>`, `<｜DSML｜invoke name=…>`,
//! `[TOOL_CALLS]`.
//!
//! Every family of models has its own, and new ones come with every release, so they are told by the words
//! in them rather than by a list.

/// The longest name of a mark, in bytes; what is longer is none.
const LONGEST: usize = 96;

/// How a mark is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `<name>`
    Tag,
    /// `<|name|>`, with bars of any kind: a token of the model's that was never meant to be read.
    Special,
    /// `[NAME]`
    Square,
}

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) style: Style,
    /// It ends what one of the same name began.
    pub(super) closing: bool,
    /// In lower case, without a namespace, and without the words for beginning and end.
    pub(super) name: String,
    /// Where the name ends, with the bars around it.
    pub(super) name_end: usize,
    /// Its length in bytes; 0 when it has attributes, or a value behind `=`.
    pub(super) length: usize,
}

/// What a text begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// No mark.
    Nothing,
    /// More text is needed to tell.
    Perhaps,
    /// A mark.
    Token(Token),
}

impl Token {
    fn new(style: Style, closing: bool, name: &str, name_end: usize, length: usize) -> Self {
        let mut base = name;
        let mut closing = closing;
        for (word, closes) in [("_begin", false), ("_start", false), ("_end", true)] {
            if let Some(rest) = base.strip_suffix(word).filter(|rest| !rest.is_empty()) {
                (base, closing) = (rest, closing || closes);
            }
        }
        for (word, closes) in [("begin_", false), ("start_", false), ("end_", true)] {
            if let Some(rest) = base.strip_prefix(word).filter(|rest| !rest.is_empty()) {
                (base, closing) = (rest, closing || closes);
            }
        }
        let name = match base.ends_with("section") {
            // Begun in the plural and ended in the singular by some.
            true => base.replace("calls", "call"),
            false => base.to_owned(),
        };
        Self { style, closing, name, name_end, length }
    }

    /// Whether it has attributes, or a value behind `=`.
    pub(super) fn is_given(&self) -> bool {
        self.length == 0
    }

    /// Whether it speaks of calling a tool.
    pub(super) fn is_call(&self) -> bool {
        let words = || self.name.split(['_', '-', '.']);
        let has = |wanted: &[&str]| words().any(|word| wanted.contains(&word));
        let joined = ["toolcall", "toolcalls", "functioncall", "functioncalls"].contains(&&*self.name);
        let bare = ["invoke", "function", "tool"].contains(&&*self.name);
        let special = ["python", "python_tag", "action", "plugin", "call", "message_sep"];
        joined
            || has(&TOOLS) && has(&CALLS)
            || bare && (self.is_given() || self.style == Style::Special || self.closing)
            || self.style == Style::Special && special.contains(&&*self.name)
    }

    /// Whether it is the end of a turn, which a server should have kept to itself.
    pub(super) fn ends_turn(&self) -> bool {
        const NAMES: [&str; 8] =
            ["of_text", "of_sentence", "of_turn", "endoftext", "eot_id", "eom_id", "eot", "eos"];
        let ends = if self.name == "im" { self.closing } else { NAMES.contains(&&*self.name) };
        self.style == Style::Special && ends
    }
}

const TOOLS: [&str; 5] = ["tool", "tools", "function", "functions", "plugin"];
const CALLS: [&str; 11] = [
    "call",
    "calls",
    "use",
    "request",
    "requests",
    "invoke",
    "invocation",
    "section",
    "sep",
    "execute",
    "run",
];

/// Looks at the start of `text`, which is `<` or `[`.
pub(super) fn look(text: &str) -> Look {
    match text.as_bytes().first() {
        Some(b'<') => angle(text),
        Some(b'[') => square(text),
        _ => Look::Nothing,
    }
}

fn angle(text: &str) -> Look {
    let (mut raw, mut closing) = (String::new(), false);
    for (at, c) in text.char_indices().skip(1) {
        if at > LONGEST {
            return Look::Nothing;
        }
        match c {
            '|' | '｜' | '‖' => raw.push('|'),
            '/' if !closing && raw.bytes().all(|b| b == b'|') => closing = true,
            '▁' => raw.push('_'),
            c if c.is_alphanumeric() || "_-.:".contains(c) => raw.extend(c.to_lowercase()),
            '>' => return named(&raw, closing, at, at + 1),
            '=' | ' ' | '\n' | '\t' => return named(&raw, closing, at, 0),
            _ => return Look::Nothing,
        }
    }
    Look::Perhaps
}

fn named(raw: &str, closing: bool, name_end: usize, length: usize) -> Look {
    let Some(name) = raw.split(['|', ':']).rfind(|part| !part.is_empty()) else { return Look::Nothing };
    let style = if raw.contains('|') { Style::Special } else { Style::Tag };
    // `<tool_call|>` ends what `<|tool_call>` began.
    let closing = closing || raw.ends_with('|') && !raw.starts_with('|') && !raw.contains("|_");
    Look::Token(Token::new(style, closing, name, name_end, length))
}

fn square(text: &str) -> Look {
    let inner = &text[1..];
    let name_at = usize::from(inner.starts_with('/'));
    let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
    let length = inner[name_at..].find(|c| !is_part(c)).unwrap_or(inner.len() - name_at);
    let end = 1 + name_at + length;
    if end > LONGEST {
        return Look::Nothing;
    }
    match text[end..].chars().next() {
        None => Look::Perhaps,
        Some(']') if length > 2 => {
            let name = inner[name_at..name_at + length].to_ascii_lowercase();
            Look::Token(Token::new(Style::Square, name_at > 0, &name, end, end + 1))
        }
        Some(_) => Look::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        match look(text) {
            Look::Token(token) => token,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn marks_of_all_families_are_calls() {
        for (open, close) in [
            ("<tool_call>", "</tool_call>"),
            ("<tool_calls>", "</tool_calls>"),
            ("<TOOLCALL>", "</TOOLCALL>"),
            ("<minimax:tool_call>", "</minimax:tool_call>"),
            ("<seed:tool_call>", "</seed:tool_call>"),
            ("<longcat_tool_call>", "</longcat_tool_call>"),
            ("<function=x>", "</function>"),
            ("<invoke name=\"x\">", "</invoke>"),
            ("<|tool_call|>", "<|/tool_call|>"),
            ("<|tool_call>", "<tool_call|>"),
            ("<|tool_call_start|>", "<|tool_call_end|>"),
            ("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
            ("<|tool_calls_section_begin|>", "<|tool_call_section_end|>"),
            ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
            ("<｜DSML｜function_calls>", "</｜DSML｜function_calls>"),
            ("<‖DSML‖tool_calls>", "</‖DSML‖tool_calls>"),
            ("<｜｜DSML｜｜invoke name=\"x\">", "</｜｜DSML｜｜invoke>"),
            ("<start_function_call>", "<end_function_call>"),
            ("<|START_ACTION|>", "<|END_ACTION|>"),
            ("<|action_start|>", "<|action_end|>"),
            ("<|python_start|>", "<|python_end|>"),
            ("[TOOL_REQUEST]", "[END_TOOL_REQUEST]"),
            ("[TOOL_CALLS]", "[/TOOL_CALLS]"),
        ] {
            let (open_token, close_token) = (token(open), token(close));
            assert!(open_token.is_call() && !open_token.closing, "{open}: {open_token:?}");
            assert!(close_token.is_call() && close_token.closing, "{close}: {close_token:?}");
            assert_eq!(open_token.name, close_token.name, "{open}");
            for cut in (1..close.len()).filter(|&cut| close.is_char_boundary(cut)) {
                assert_eq!(look(&close[..cut]), Look::Perhaps, "{}", &close[..cut]);
            }
        }
    }

    #[test]
    fn other_marks_are_none() {
        for text in [
            "<b>",
            "</b>",
            "<div class=\"x\">",
            "<tooltip>",
            "<tool_result>",
            "<function>",
            "<|user|>",
            "[LINK]",
        ] {
            assert!(!token(text).is_call() || token(text).closing, "{text}");
        }
        for text in ["< b", "<>", "<|>", "<(", "[x](y)", "[ ]", "[A]", "a"] {
            assert_eq!(look(text), Look::Nothing, "{text}");
        }
        assert!(token("<|im_end|>").ends_turn() && token("<｜end▁of▁sentence｜>").ends_turn());
        assert!(token("<|end_of_text|>").ends_turn() && !token("<|im_start|>").ends_turn());
    }
}
