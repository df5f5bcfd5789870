//! Answers with the framing of gpt-oss models left in: channels, recipients, and the ends of messages.
//!
//! `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>`, and
//! the same after a server took the special tokens out: `analysis…assistantfinal…`.

use super::scan::partial;

/// A piece of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text for readers, or other markup.
    Text(String),
    /// Thoughts.
    Thought(String),
    /// A call of a tool.
    Call {
        /// The tool, as the model named it.
        name: String,
        /// What stands in the place of its arguments.
        arguments: String,
    },
}

/// What a message's header begins with.
const HEADS: [&str; 2] = ["<|channel|>", "<|start|>"];
const MESSAGE: &str = "<|message|>";
/// What a message's body ends with.
const ENDS: [&str; 5] = ["<|end|>", "<|return|>", "<|call|>", "<|channel|>", "<|start|>"];
/// The same without special tokens.
const BARE_ENDS: [&str; 3] = ["assistantfinal", "assistantcommentary", "assistantanalysis"];
/// What an answer without special tokens begins with.
const BARE_STARTS: [&str; 5] =
    ["analysis", "commentary", "assistantfinal", "assistantcommentary", "assistantanalysis"];

/// The longest header, in bytes; what is longer is text.
const MAX_HEADER: usize = 512;

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum To {
    Reader,
    Nobody,
    Tool(String),
}

#[derive(Debug)]
enum At {
    /// Nothing was told apart yet.
    Start,
    /// Outside of messages.
    Text,
    /// In a header.
    Header,
    /// In a body; whether special tokens end it.
    Body { to: To, bare: bool },
}

/// The state between two pieces of text.
#[derive(Debug)]
pub(super) struct Harmony {
    held: String,
    at: At,
    /// There was a message: what ends one is no text any more.
    seen: bool,
    /// The last character that was handed on is a backtick: a mark behind it is quoted.
    quoted: bool,
    arguments: String,
}

impl Harmony {
    pub(super) fn new() -> Self {
        Self { held: String::new(), at: At::Start, seen: false, quoted: false, arguments: String::new() }
    }

    /// Takes a piece of text.
    pub(super) fn feed(&mut self, text: &str, out: &mut Vec<Piece>) {
        if matches!(self.at, At::Text) && self.held.is_empty() && !text.contains('<') {
            self.quoted = text.ends_with('`');
            return say(text.to_owned(), out);
        }
        self.held.push_str(text);
        while self.step(false, out) {}
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, out: &mut Vec<Piece>) {
        while self.step(true, out) {}
        self.close(out);
    }

    /// Whether there may be more to do.
    fn step(&mut self, last: bool, out: &mut Vec<Piece>) -> bool {
        if self.held.is_empty() {
            return false;
        }
        match &self.at {
            At::Start => self.start(last),
            At::Text => self.text(last, out),
            At::Header => self.header(last, out),
            At::Body { bare, .. } => self.body(*bare, last, out),
        }
    }

    fn start(&mut self, last: bool) -> bool {
        let text = self.held.trim_start();
        if !last && (text.is_empty() || is_undecided(text)) {
            return false;
        }
        self.at = At::Text;
        if let Some((to, length)) = bare_message(text) {
            let blanks = self.held.len() - text.len();
            self.held.drain(..blanks + length);
            self.seen = true;
            self.at = At::Body { to, bare: true };
        }
        true
    }

    fn text(&mut self, last: bool, out: &mut Vec<Piece>) -> bool {
        let (mark, found) = first(&self.held, if self.seen { &ENDS } else { &HEADS });
        let is_quoted = |at: usize| if at == 0 { self.quoted } else { self.held[..at].ends_with('`') };
        if let Some(at) = found.filter(|&at| !is_quoted(at)) {
            say(self.taken(at), out);
            self.held.drain(..mark.len());
            self.seen = true;
            self.at = if HEADS.contains(&mark) { At::Header } else { At::Text };
            return true;
        }
        let keep = if last { 0 } else { partial(&self.held, &ENDS) };
        let text = self.taken(self.held.len() - keep);
        self.quoted = if text.is_empty() { self.quoted } else { text.ends_with('`') };
        say(text, out);
        false
    }

    fn header(&mut self, last: bool, out: &mut Vec<Piece>) -> bool {
        // Some leave the mark out in front of arguments.
        let object = self.held.find('{').filter(|at| self.held[..*at].contains("to="));
        let (length, skip) = match (self.held.find(MESSAGE), object) {
            (Some(at), Some(object)) if object < at => (object, 0),
            (Some(at), _) => (at, MESSAGE.len()),
            (None, Some(object)) => (object, 0),
            (None, None) if last || self.held.len() > MAX_HEADER => {
                self.at = At::Text;
                if !last {
                    return true;
                }
                let header = std::mem::take(&mut self.held);
                if let To::Tool(name) = recipient(&header) {
                    out.push(Piece::Call { name, arguments: String::new() });
                }
                return false;
            }
            (None, None) => return false,
        };
        let header = self.taken(length);
        self.held.drain(..skip);
        self.at = At::Body { to: recipient(&header), bare: false };
        true
    }

    fn body(&mut self, bare: bool, last: bool, out: &mut Vec<Piece>) -> bool {
        let ends: &[&str] = if bare { &BARE_ENDS } else { &ENDS };
        let (mark, found) = first(&self.held, ends);
        let Some(at) = found else {
            let keep = if last { 0 } else { partial(&self.held, ends) };
            let text = self.taken(self.held.len() - keep);
            self.pass(text, out);
            return false;
        };
        let text = self.taken(at);
        self.pass(text, out);
        if bare {
            let Some((to, length)) = bare_message(&self.held) else {
                if !last && is_undecided(&self.held) {
                    return false;
                }
                let text = self.taken(mark.len());
                self.pass(text, out);
                return true;
            };
            self.close(out);
            self.held.drain(..length);
            self.at = At::Body { to, bare };
            return true;
        }
        self.close(out);
        self.held.drain(..mark.len());
        self.at = if HEADS.contains(&mark) { At::Header } else { At::Text };
        true
    }

    /// Hands a part of a message to whom it is for.
    fn pass(&mut self, text: String, out: &mut Vec<Piece>) {
        match &self.at {
            At::Body { to: To::Nobody, .. } if !text.is_empty() => out.push(Piece::Thought(text)),
            At::Body { to: To::Tool(_), .. } => self.arguments.push_str(&text),
            _ => say(text, out),
        }
    }

    /// The message is at its end.
    fn close(&mut self, out: &mut Vec<Piece>) {
        if let At::Body { to: To::Tool(name), .. } = std::mem::replace(&mut self.at, At::Text) {
            out.push(Piece::Call { name, arguments: std::mem::take(&mut self.arguments) });
        }
    }

    fn taken(&mut self, end: usize) -> String {
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
    }
}

fn say(text: String, out: &mut Vec<Piece>) {
    if !text.is_empty() {
        out.push(Piece::Text(text));
    }
}

/// The first of `marks` in `text`.
fn first<'m>(text: &str, marks: &[&'m str]) -> (&'m str, Option<usize>) {
    let found = marks.iter().filter_map(|mark| Some((text.find(mark)?, *mark))).min();
    found.map_or(("", None), |(at, mark)| (mark, Some(at)))
}

/// Whom a header names: `commentary to=functions.x <|constrain|>json`, `assistant<|channel|>final`.
fn recipient(header: &str) -> To {
    if let Some((_, name)) = header.split_once("to=") {
        let name = name.split(|c: char| c.is_whitespace() || c == '<').next().unwrap_or_default();
        return To::Tool(name.strip_prefix("functions.").unwrap_or(name).to_owned());
    }
    let channel = header.rsplit("<|channel|>").next().unwrap_or_default().trim();
    if channel.starts_with("analysis") { To::Nobody } else { To::Reader }
}

/// Whether more text may make `text` the header of a message without special tokens.
fn is_undecided(text: &str) -> bool {
    BARE_STARTS.iter().any(|start| match text.strip_prefix(start) {
        None => start.starts_with(text),
        Some("") => true,
        Some(rest) if rest.len() > MAX_HEADER => false,
        Some(rest) => " to=".starts_with(rest) || rest.starts_with(" to=") && !rest.contains('{'),
    })
}

/// The message that `text` begins without special tokens, and how long its header is.
fn bare_message(text: &str) -> Option<(To, usize)> {
    let inner = text.strip_prefix("assistant").unwrap_or(text);
    let skipped = text.len() - inner.len();
    let (channel, rest) = ["analysis", "commentary", "final"]
        .iter()
        .find_map(|channel| Some((*channel, inner.strip_prefix(channel)?)))?;
    if rest.starts_with(" to=") {
        let object = rest.find('{')?;
        return Some((recipient(&rest[..object]), skipped + channel.len() + object));
    }
    // A word of a sentence goes on with a blank, with punctuation or in small letters.
    let is_glued = rest.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    let to = match channel {
        "analysis" if is_glued => To::Nobody,
        "final" if skipped > 0 && !rest.is_empty() => To::Reader,
        "commentary" if skipped > 0 && is_glued => To::Reader,
        _ => return None,
    };
    Some((to, skipped + channel.len()))
}

#[cfg(test)]
mod tests;
