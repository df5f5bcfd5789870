//! Well-formed events out of whatever a server sends as an event stream.
//!
//! What goes out has one JSON value on one line in each event, whole and in valid UTF-8. Servers and
//! proxies get this wrong in many ways, and what was meant is plain in most: no blank line between two
//! events, two objects on one line, one `data:` glued to another, one object over several lines, line
//! ends inside a string, halves of surrogate pairs.

use super::lines::{Lines, MAX_LINE};
use crate::{domain::text, llm::answer};
use serde_json::json;
use std::{borrow::Cow, fmt::Write as _};

/// The event that marks the end of the connection. It comes through only if no `[DONE]` came before.
pub(super) const END_KEY: &str = "openpista_eof";

/// The event that holds what was no JSON.
pub(super) const NOISE_KEY: &str = "openpista_noise";

/// So many lines that are no JSON are handed on; of later ones only how many there were.
const MAX_NOISE: usize = 100;

/// The end of an answer, in the place of JSON.
const DONE: &str = "[DONE]";

/// How the body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Events,
    /// One JSON document, which becomes one event.
    Json,
}

/// The state between two chunks of bytes.
#[derive(Debug)]
pub(super) struct Events {
    form: Form,
    lines: Lines,
    assembly: Assembly,
    document: Vec<u8>,
    started: bool,
}

impl Events {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            lines: Lines::default(),
            assembly: Assembly::default(),
            document: Vec::new(),
            started: false,
        }
    }

    /// Takes bytes; returns the events that are complete, perhaps none. `Err`: a line is too long.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<String, String> {
        let mut out = String::new();
        if self.form == Form::Json {
            if self.document.len() + bytes.len() > MAX_LINE {
                return Err(format!("the server sent a document of more than {MAX_LINE} bytes"));
            }
            self.document.extend_from_slice(bytes);
            return Ok(out);
        }
        let Self { lines, assembly, started, .. } = self;
        lines.push(bytes, |line| {
            let line = String::from_utf8_lossy(line);
            let line = if std::mem::replace(started, true) { &*line } else { without_mark(&line) };
            assembly.line(line, &mut out);
        })?;
        Ok(out)
    }

    /// Whether the end mark came through.
    pub(super) fn done(&self) -> bool {
        self.assembly.done
    }

    /// Forgets the line that is arriving: it is known that it won't be whole.
    pub(super) fn forget(&mut self) {
        self.lines = Lines::default();
        self.assembly = Assembly::default();
        self.document = Vec::new();
    }

    /// The rest, and the mark of the end.
    pub(super) fn end(&mut self) -> String {
        let mut out = String::new();
        let document = std::mem::take(&mut self.document);
        match self.form {
            Form::Events => {
                let rest = self.lines.rest();
                self.assembly.line(&String::from_utf8_lossy(&rest), &mut out);
            }
            Form::Json => self.assembly.data(without_mark(&String::from_utf8_lossy(&document)), &mut out),
        }
        self.assembly.give_up(&mut out);
        self.assembly.tell_noise(&mut out);
        event(&json!({ END_KEY: true }).to_string(), &mut out);
        out
    }
}

/// Text without a byte order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Puts events together out of lines.
#[derive(Debug, Default)]
struct Assembly {
    /// A value that is arriving.
    held: String,
    scan: answer::JsonScan,
    /// A blank line came while a value was arriving.
    parted: bool,
    done: bool,
    /// How many lines were no JSON.
    noise: usize,
}

impl Assembly {
    fn line(&mut self, line: &str, out: &mut String) {
        if line.trim().is_empty() {
            self.parted = !self.held.is_empty();
            return;
        }
        match line.split_once(':') {
            Some(("", _)) => {}
            Some(("data", value)) => self.data(value.strip_prefix(' ').unwrap_or(value), out),
            Some(("event" | "id" | "retry", _)) => {}
            // The rest of a string with a line end in it, or of a value over several lines.
            _ if !self.held.is_empty() => self.more(line, out),
            _ => self.data(line, out),
        }
    }

    fn data(&mut self, value: &str, out: &mut String) {
        let begins = value.trim_start().starts_with(['{', '[']);
        match self.held.is_empty() {
            true => self.held.push_str(value),
            // A server that sends whole values broke the one before off.
            false if self.parted && begins => {
                self.give_up(out);
                self.held.push_str(value);
            }
            // Cut in two by somebody who counts bytes.
            false if self.parted => self.held.push_str(value),
            false => return self.more(value, out),
        }
        self.parted = false;
        self.settle(out);
    }

    fn more(&mut self, line: &str, out: &mut String) {
        self.held.push('\n');
        self.held.push_str(line);
        self.settle(out);
    }

    /// Hands on all values that are whole.
    fn settle(&mut self, out: &mut String) {
        let mut at = 0;
        while let Some(length) = self.next(at, out) {
            at += length;
        }
        self.held.drain(..at);
    }

    /// Handles what begins at `at`; returns its length when it is whole.
    fn next(&mut self, at: usize, out: &mut String) -> Option<usize> {
        let rest = &self.held[at..];
        let text = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        let skipped = rest.len() - text.len();
        if skipped > 0 {
            // Nothing of a value was looked at yet: values begin where the last one ended.
            self.scan = answer::JsonScan::default();
            return Some(skipped);
        }
        if text.is_empty() {
            return None;
        }
        if text.starts_with(DONE) {
            self.done = true;
            event(DONE, out);
            return Some(DONE.len());
        }
        if let Some(behind) = text.strip_prefix("data:") {
            return Some(text.len() - behind.len());
        }
        if !text.starts_with(['{', '[']) {
            let length = text.find("data:").unwrap_or(text.len());
            noise(&text[..length], &mut self.noise, out);
            return Some(length);
        }
        let length = self.scan.end(text)?;
        value(&text[..length], out);
        self.scan = answer::JsonScan::default();
        Some(length)
    }

    /// Nothing completes the value any more. Lines of it that are whole by themselves come first: a
    /// proxy that tells of an error does so behind the half of an event.
    fn give_up(&mut self, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        *self = Self { done: self.done, noise: self.noise, ..Self::default() };
        let is_whole = |line: &&str| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
        let (whole, broken): (Vec<&str>, Vec<&str>) = held.lines().partition(is_whole);
        whole.into_iter().for_each(|line| value(line, out));
        broken.into_iter().for_each(|line| noise(line, &mut self.noise, out));
    }

    /// Says how many more lines were no JSON.
    fn tell_noise(&self, out: &mut String) {
        if let Some(more) = self.noise.checked_sub(MAX_NOISE).filter(|more| *more > 0) {
            event(&json!({ NOISE_KEY: format!("{more} more lines that are no events") }).to_string(), out);
        }
    }
}

/// An event with one JSON value.
fn value(json: &str, out: &mut String) {
    let json = match json.bytes().any(|b| b < b' ') {
        true => Cow::Owned(answer::escape_control(json)),
        false => Cow::Borrowed(json),
    };
    event(&text::replace_halves(&json, answer::half_mark), out);
}

/// An event with what was no JSON; `count` is how many such there were.
fn noise(text: &str, count: &mut usize, out: &mut String) {
    if text.trim().is_empty() {
        return;
    }
    *count += 1;
    if *count <= MAX_NOISE {
        event(&json!({ NOISE_KEY: text.trim() }).to_string(), out);
    }
}

fn event(data: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "data: {data}\n\n");
}

#[cfg(test)]
mod tests;
