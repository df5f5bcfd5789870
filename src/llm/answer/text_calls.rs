//! Recovers calls that a model writes as text, and keeps their syntax away from readers.
//!
//! Text that may be the beginning of a call is held back until it is known what it is. Only calls
//! to declared tools are recovered; other text comes out as it went in. A call in explicit tags to a
//! tool that isn't there becomes a short remark.

use super::{
    extract::{self, Written},
    marks::{self, Begin},
    scan::{JsonScan, partial},
};
use crate::{
    domain::{call::ToolCall, tool::ToolSpec},
    llm::names::Names,
};

/// The most text that is held back, in bytes; then it counts as text.
const MAX_HELD: usize = 256 << 10;

/// What the text is that is coming in.
#[derive(Debug)]
enum Mode {
    /// Text, in which a call may begin.
    Text,
    /// A block of code that can't be a call.
    Code,
    /// JSON that can't be a call.
    Data(JsonScan),
    /// Explicit tags; with the tag that ends them.
    Tagged(&'static str, Option<&'static str>),
    /// JSON that may be a call.
    Json(JsonScan),
    /// A block of code that may be a call.
    Fence,
}

/// The state between two pieces of text.
#[derive(Debug)]
pub(super) struct TextCalls<'a> {
    names: &'a Names,
    tools: &'a [ToolSpec],
    held: String,
    mode: Mode,
    /// Nothing but blanks since the last line end that was handed on.
    blank_line: bool,
    found: Vec<ToolCall>,
}

impl<'a> TextCalls<'a> {
    pub(super) fn new(names: &'a Names, tools: &'a [ToolSpec]) -> Self {
        Self { names, tools, held: String::new(), mode: Mode::Text, blank_line: true, found: Vec::new() }
    }

    /// Takes a piece of text; what is for readers goes to `out`.
    pub(super) fn feed(&mut self, text: &str, out: &mut String) {
        if self.tools.is_empty() {
            return out.push_str(text);
        }
        self.held.push_str(text);
        while self.step(false, out) {}
    }

    /// Nothing more comes. The rest goes to `out`; returns the calls.
    pub(super) fn end(&mut self, out: &mut String) -> Vec<ToolCall> {
        while self.step(true, out) {}
        std::mem::take(&mut self.found)
    }

    /// Forgets all; returns the text that was held back.
    pub(super) fn forget(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        *self = Self::new(self.names, self.tools);
        held
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
            Mode::Tagged(open, close) => {
                let (open, close) = (*open, *close);
                self.tagged(open, close, last, out)
            }
            Mode::Json(_) => self.json(last, out),
            Mode::Fence => self.fence(last, out),
        }
    }

    fn text(&mut self, last: bool, out: &mut String) -> bool {
        let mut blank = self.blank_line;
        for (at, c) in self.held.char_indices() {
            let begin = match c {
                '<' | '[' | '{' | '`' => marks::begin(&self.held[at..], blank, !self.found.is_empty()),
                _ => Begin::Nothing,
            };
            match begin {
                Begin::Nothing => {}
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
                Begin::Tag(open, close) => {
                    self.hand_on(at, out);
                    self.mode = Mode::Tagged(open, close);
                    return true;
                }
                Begin::Json => {
                    self.hand_on(at, out);
                    self.mode = Mode::Json(JsonScan::default());
                    return true;
                }
                Begin::Fence(length) => {
                    self.hand_on(at, out);
                    let info = self.held[3..length].trim().to_ascii_lowercase();
                    if marks::CALL_FENCES.contains(&info.as_str()) {
                        self.mode = Mode::Fence;
                    } else {
                        self.hand_on(length, out);
                        self.mode = Mode::Code;
                    }
                    return true;
                }
            }
            blank = c == '\n' || (blank && c.is_whitespace());
        }
        self.hand_on(self.held.len(), out);
        false
    }

    fn code(&mut self, last: bool, out: &mut String) -> bool {
        let end = if self.blank_line && self.held.starts_with("```") {
            Some(3)
        } else {
            self.held.find("\n```").map(|at| at + 4)
        };
        if let Some(end) = end {
            self.hand_on(end, out);
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

    fn tagged(&mut self, open: &str, close: Option<&str>, last: bool, out: &mut String) -> bool {
        let close_at = close.and_then(|close| Some((self.held.find(close)?, close)));
        let end = match close_at {
            Some((at, close)) => at + close.len(),
            None if last || self.held.len() > MAX_HELD => self.held.len(),
            None => return false,
        };
        // Tags that name the tool are a part of what is read.
        let from = if open.ends_with(['=', ' ']) { 0 } else { open.len() };
        let until = close_at.map_or(end, |(at, _)| at).max(from);
        let calls = self.read(&self.held[from..until]);
        match calls.is_empty() {
            true => self.hand_on(end, out),
            false => {
                self.held.drain(..end);
                for call in calls {
                    if let Err(name) = self.accept(call) {
                        self.say(&format!("[the model asked for a tool that does not exist: {name}]"), out);
                    }
                }
            }
        }
        self.mode = Mode::Text;
        true
    }

    fn json(&mut self, last: bool, out: &mut String) -> bool {
        let Mode::Json(scan) = &mut self.mode else { return false };
        let Some(end) = scan.end(&self.held) else {
            let hopeless = last || self.held.len() > MAX_HELD || !marks::may_be_call(&self.held);
            if hopeless {
                self.mode = Mode::Data(std::mem::take(scan));
            }
            return hopeless;
        };
        let calls = self.read(&self.held[..end]);
        self.mode = Mode::Text;
        match self.all_declared(&calls) {
            true => {
                self.held.drain(..end);
                calls.into_iter().for_each(|call| drop(self.accept(call)));
            }
            false => self.hand_on(end, out),
        }
        true
    }

    fn fence(&mut self, last: bool, out: &mut String) -> bool {
        let body_at = self.held.find('\n').map_or(self.held.len(), |at| at + 1);
        let body = &self.held[body_at..];
        let Some(end) = body.find("\n```").or(body.starts_with("```").then_some(0)) else {
            let start = body.trim_start();
            let hopeless = !start.is_empty() && !start.starts_with('<') && !marks::may_be_call(start);
            if last && !hopeless {
                let calls = self.read(body);
                if self.all_declared(&calls) {
                    self.held.clear();
                    calls.into_iter().for_each(|call| drop(self.accept(call)));
                    return false;
                }
            }
            if last || hopeless || self.held.len() > MAX_HELD {
                self.hand_on(body_at, out);
                self.mode = Mode::Code;
                return true;
            }
            return false;
        };
        let calls = self.read(&body[..end]);
        let whole = body_at + end + body[end..].find("```").map_or(0, |at| at + 3);
        self.mode = Mode::Text;
        match self.all_declared(&calls) {
            true => {
                self.held.drain(..whole);
                calls.into_iter().for_each(|call| drop(self.accept(call)));
            }
            false => self.hand_on(whole, out),
        }
        true
    }

    fn read(&self, text: &str) -> Vec<Written> {
        extract::calls(text, &|name| {
            let name = self.names.to_ours(name);
            self.tools.iter().find(|tool| tool.name == name).cloned()
        })
    }

    fn all_declared(&self, calls: &[Written]) -> bool {
        !calls.is_empty() && calls.iter().all(|call| self.names.offers(&self.names.to_ours(&call.name)))
    }

    /// Keeps a call; `Err`: no such tool.
    fn accept(&mut self, call: Written) -> Result<(), String> {
        let name = self.names.to_ours(&call.name);
        if !self.names.offers(&name) {
            return Err(call.name);
        }
        let (args, invalid) = match call.args {
            Ok(args) => (args, None),
            Err(text) => (Default::default(), Some(text)),
        };
        self.found.push(ToolCall { invalid, ..ToolCall::new(name, args) });
        Ok(())
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
        let blank = text[line.unwrap_or(0)..].trim().is_empty();
        self.blank_line = blank && (line.is_some() || self.blank_line);
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests;
