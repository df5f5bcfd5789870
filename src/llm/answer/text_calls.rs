//! Recovers calls that a model writes as text, and keeps their syntax away from readers.
//!
//! Text that may be the beginning of a call is held back until it is known what it is. Only calls
//! to declared tools are recovered; other text comes out as it went in. A call in marks to a tool that
//! isn't there becomes a short remark, and what is in marks and can't be read is kept for the error.

mod region;

use super::{
    forms::{self, Declared, Written},
    halves, lenient,
    marks::{self, Begin, Mark, Place},
    scan::{JsonScan, partial},
};
use crate::{
    domain::{call::ToolCall, tool::ToolSpec},
    llm::names::Names,
};
use region::Region;

/// The most text that is held back, in bytes; then it counts as text.
const MAX_HELD: usize = 256 << 10;

/// How much of what can't be read is kept, in characters.
const MAX_UNREADABLE: usize = 300;

/// What the text is that is coming in.
#[derive(Debug)]
enum Mode {
    /// Text, in which a call may begin.
    Text,
    /// A block of code that can't be a call.
    Code,
    /// JSON that can't be a call.
    Data(JsonScan),
    /// A call in marks.
    Marked(Region),
    /// JSON that may be a call.
    Json(JsonScan),
    /// Calls in brackets; with where they begin.
    Bracketed(JsonScan, usize),
    /// A block of code that may be a call.
    Fence,
}

/// The state between two pieces of text.
#[derive(Debug)]
pub(super) struct TextCalls<'a> {
    declared: Declared<'a>,
    /// Whether calls are looked for at all.
    on: bool,
    held: String,
    mode: Mode,
    /// Nothing but blanks since the last line end that was handed on.
    blank_line: bool,
    /// In `code` within a line.
    quoted: bool,
    found: Vec<ToolCall>,
    /// The last call was not closed: what it says may not be all.
    unclosed: bool,
    unreadable: Option<String>,
    /// Characters but blanks that were handed on.
    said: usize,
    /// The text of a mark that was handed on before anything else, and how much was handed on with it.
    doubtful: Option<(String, usize)>,
}

/// What is left at the end.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) calls: Vec<ToolCall>,
    /// The last of them was broken off.
    pub(super) unclosed: bool,
    /// What looks like a call and can't be read.
    pub(super) unreadable: Option<String>,
}

impl<'a> TextCalls<'a> {
    /// For an answer to a request that offers `tools`. `recover`: calls written as text count.
    pub(super) fn new(names: &'a Names, tools: &'a [ToolSpec], recover: bool) -> Self {
        Self {
            declared: Declared { names, tools },
            on: recover && !names.is_empty(),
            held: String::new(),
            mode: Mode::Text,
            blank_line: true,
            quoted: false,
            found: Vec::new(),
            unclosed: false,
            unreadable: None,
            said: 0,
            doubtful: None,
        }
    }

    /// Takes a piece of text, not longer than [`pieces`](super::scan::pieces) makes them; what is for
    /// readers goes to `out`.
    pub(super) fn feed(&mut self, text: &str, out: &mut String) {
        if !self.on {
            return out.push_str(text);
        }
        self.held.push_str(text);
        while self.step(false, out) {}
    }

    /// Takes a call that was marked as one.
    pub(super) fn take(&mut self, name: &str, arguments: &str, out: &mut String) {
        let args = lenient::arguments(arguments).ok_or_else(|| arguments.trim().to_owned());
        self.accept(Written { name: name.to_owned(), args }, out);
    }

    /// Nothing more comes. The rest goes to `out`.
    pub(super) fn end(&mut self, out: &mut String) -> Found {
        while self.step(true, out) {}
        let alone = self.doubtful.take().filter(|(_, said)| self.said == *said);
        Found {
            calls: std::mem::take(&mut self.found),
            unclosed: self.unclosed,
            unreadable: self.unreadable.take().or(alone.map(|(text, _)| text)),
        }
    }

    /// Forgets all; returns the text that was held back.
    pub(super) fn forget(&mut self) -> String {
        let fresh = Self { on: self.on, ..Self::new(self.declared.names, self.declared.tools, true) };
        std::mem::replace(self, fresh).held
    }

    /// How many calls were found.
    pub(super) fn found(&self) -> usize {
        self.found.len()
    }

    /// Whether there may be more to do.
    fn step(&mut self, last: bool, out: &mut String) -> bool {
        if self.held.is_empty() {
            return false;
        }
        match &mut self.mode {
            Mode::Text => self.text(last, out),
            Mode::Code => self.code(last, out),
            Mode::Data(scan) => {
                let end = scan.end(&self.held);
                let length = end.unwrap_or(self.held.len());
                scan.forget(length);
                if end.is_some() {
                    self.mode = Mode::Text;
                }
                self.hand_on(length, out);
                end.is_some()
            }
            Mode::Marked(_) => self.marked(last, out),
            Mode::Json(_) => self.json(last, out),
            Mode::Bracketed(..) => self.bracketed(last, out),
            Mode::Fence => self.fence(last, out),
        }
    }

    fn text(&mut self, last: bool, out: &mut String) -> bool {
        let (mut blank, mut quoted) = (self.blank_line, self.quoted);
        let after_call = !self.found.is_empty();
        for (at, c) in self.held.char_indices() {
            let begin = match c {
                '<' | '[' | ']' | '{' | '`' if !quoted => {
                    marks::begin(&self.held[at..], Place { blank, after_call }, &self.declared)
                }
                _ => Begin::Nothing,
            };
            match begin {
                Begin::Nothing => {}
                Begin::Perhaps if last && marks::is_broken_mark(&self.held[at..]) => {
                    let mark = Mark { name: String::new(), length: self.held.len() - at, special: true };
                    return self.enter(at, Mode::Marked(Region::of(mark)), out);
                }
                Begin::Perhaps if last => {}
                Begin::Perhaps => {
                    self.hand_on(at, out);
                    return false;
                }
                Begin::Leftover(length) => {
                    self.hand_on(at, out);
                    self.held.drain(..length);
                    return true;
                }
                Begin::Mark(mark) => return self.enter(at, Mode::Marked(Region::of(mark)), out),
                Begin::Json => return self.enter(at, Mode::Json(JsonScan::default()), out),
                Begin::Bracketed(from) => {
                    return self.enter(at, Mode::Bracketed(JsonScan::python(), from), out);
                }
                Begin::Fence(length) => {
                    self.hand_on(at, out);
                    if marks::CALL_FENCES.contains(&self.fence_info(length).as_str()) {
                        self.mode = Mode::Fence;
                    } else {
                        self.hand_on(length, out);
                        self.mode = Mode::Code;
                    }
                    return true;
                }
            }
            blank = c == '\n' || (blank && c.is_whitespace());
            quoted = c != '\n' && (quoted != (c == '`'));
        }
        self.hand_on(self.held.len(), out);
        false
    }

    /// Hands on what stands before `at`, and goes on in another mode.
    fn enter(&mut self, at: usize, mode: Mode, out: &mut String) -> bool {
        self.hand_on(at, out);
        self.mode = mode;
        true
    }

    /// What the first line of a block of code says, which is so long.
    fn fence_info(&self, length: usize) -> String {
        self.held[3..length].trim().to_ascii_lowercase()
    }

    fn code(&mut self, last: bool, out: &mut String) -> bool {
        let end = if self.blank_line && self.held.starts_with("```") {
            Some(3)
        } else {
            self.held.find("\n```").map(|at| at + 4)
        };
        if let Some(end) = end {
            self.hand_on(end, out);
            self.quoted = false;
            self.mode = Mode::Text;
            return true;
        }
        let at_start = self.blank_line && "```".starts_with(&self.held);
        let keep = match (last, at_start) {
            (true, _) => 0,
            (false, true) => self.held.len(),
            (false, false) => partial(&self.held, &["\n```"]),
        };
        self.hand_on(self.held.len() - keep, out);
        false
    }

    fn json(&mut self, last: bool, out: &mut String) -> bool {
        let Mode::Json(scan) = &mut self.mode else { return false };
        let Some(end) = scan.end(&self.held) else {
            let hopeless =
                last || self.held.len() > MAX_HELD || !marks::may_be_call(&self.held, &self.declared);
            if hopeless {
                self.mode = Mode::Data(std::mem::take(scan));
            }
            return hopeless;
        };
        self.mode = Mode::Text;
        self.plain(0, end, end, out);
        true
    }

    fn bracketed(&mut self, last: bool, out: &mut String) -> bool {
        let Mode::Bracketed(scan, from) = &mut self.mode else { return false };
        let (from, end) = (*from, scan.end(&self.held));
        if end.is_none() && !last && self.held.len() <= MAX_HELD {
            return false;
        }
        self.mode = Mode::Text;
        match end {
            Some(end) => self.plain(from, end - usize::from(from > 0), end, out),
            None => self.hand_on(self.held.len(), out),
        }
        true
    }

    fn fence(&mut self, last: bool, out: &mut String) -> bool {
        let body_at = self.held.find('\n').map_or(self.held.len(), |at| at + 1);
        let is_tool = marks::TOOL_FENCES.contains(&self.fence_info(body_at).as_str());
        let body = &self.held[body_at..];
        let start = body.trim_start();
        let may_be_call = is_tool
            || start.is_empty()
            || start.starts_with('<')
            || marks::may_be_call(start, &self.declared);
        if !may_be_call || self.held.len() > MAX_HELD {
            self.hand_on(body_at, out);
            self.mode = Mode::Code;
            return true;
        }
        let close = body.find("\n```").or(body.starts_with("```").then_some(0));
        let (until, whole) = match close {
            Some(end) => {
                let until = body_at + end;
                (until, until + body[end..].find("```").map_or(0, |at| at + 3))
            }
            None if last => (self.held.len(), self.held.len()),
            None => return false,
        };
        self.mode = Mode::Text;
        let declared = is_tool && self.declared.mentioned(&self.held[body_at..until]);
        if declared && forms::calls(&self.held[body_at..until], &self.declared).is_empty() {
            self.cannot_read(body_at, until);
            self.held.drain(..whole);
        } else {
            self.plain(body_at, until, whole, out);
            self.quoted = false;
        }
        true
    }

    /// Calls that nothing but their form marks as such: they count where all of them are to tools that
    /// are known. `from..until` is what is read, of the first `end` bytes.
    fn plain(&mut self, from: usize, until: usize, end: usize, out: &mut String) {
        let calls = forms::calls(&self.held[from..until], &self.declared);
        if !calls.is_empty() && calls.iter().all(|call| self.declared.knows(&call.name)) {
            self.held.drain(..end);
            calls.into_iter().for_each(|call| self.accept(call, out));
        } else {
            self.hand_on(end, out);
        }
    }

    /// Keeps a call, or tells the reader of it.
    fn accept(&mut self, call: Written, out: &mut String) {
        let name = self.declared.names.to_ours(&call.name);
        if !self.declared.names.offers(&name) {
            let remark = match self.declared.tools.is_empty() {
                true => format!("[the model asked for a tool, and none is on offer: {}]", call.name),
                false => format!("[the model asked for a tool that does not exist: {}]", call.name),
            };
            return self.say(&halves::whole(&remark), out);
        }
        let (args, invalid) = match call.args {
            Ok(args) => (args, None),
            Err(text) => (Default::default(), Some(text)),
        };
        self.unclosed = false;
        self.found.push(ToolCall { invalid, ..ToolCall::new(name, args) });
    }

    /// Keeps what looks like a call, for the error.
    fn cannot_read(&mut self, from: usize, until: usize) {
        let text = self.held[from..until].trim().chars().take(MAX_UNREADABLE).collect();
        tracing::warn!(text, "a model wrote a tool call in a form that is not known; it is left out");
        self.unreadable.get_or_insert(text);
    }

    /// The first `end` bytes are for readers.
    fn hand_on(&mut self, end: usize, out: &mut String) {
        let rest = self.held.split_off(end);
        let text = std::mem::replace(&mut self.held, rest);
        self.say(&text, out);
    }

    fn say(&mut self, text: &str, out: &mut String) {
        if text.is_empty() {
            return;
        }
        let line = text.rfind('\n');
        let last_line = &text[line.map_or(0, |at| at + 1)..];
        self.blank_line = last_line.trim().is_empty() && (line.is_some() || self.blank_line);
        let ticks = last_line.bytes().filter(|b| *b == b'`').count();
        self.quoted = (line.is_none() && self.quoted) != (ticks % 2 == 1);
        self.said += text.chars().filter(|c| !c.is_whitespace()).count();
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests;
