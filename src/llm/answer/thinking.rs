//! Telling thoughts in `<think>` tags from the answer, while both stream in.

use super::scan::partial;

/// Tags around thoughts. They count at the very start of an answer, or right behind other thoughts.
const TAGS: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>")];

/// Closing tags that some servers send without the opening one, which was in the prompt.
const STRAY: [&str; 2] = ["</think>", "</thinking>"];

/// A piece of the answer, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Part of the answer.
    Text(String),
    /// Part of the thoughts.
    Thought(String),
    /// All text so far was thoughts.
    AllBefore,
}

/// The state between two pieces of text.
#[derive(Debug)]
pub(super) struct Thinking {
    held: String,
    close: Option<&'static str>,
    at_start: bool,
    /// Thoughts were seen: closing tags are text from then on.
    seen: bool,
    /// Nothing but blanks since the last line end that was handed on.
    blank_line: bool,
    thought: String,
}

impl Thinking {
    pub(super) fn new() -> Self {
        Self {
            held: String::new(),
            close: None,
            at_start: true,
            seen: false,
            blank_line: true,
            thought: String::new(),
        }
    }

    /// Takes a piece of text.
    pub(super) fn feed(&mut self, text: &str, out: &mut Vec<Part>) {
        self.held.push_str(text);
        while self.step(false, out) {}
    }

    /// Nothing more comes. Returns the thought that was never closed.
    pub(super) fn end(&mut self, out: &mut Vec<Part>) -> Option<String> {
        while self.step(true, out) {}
        self.close.map(|_| std::mem::take(&mut self.thought))
    }

    /// Whether there may be more to do.
    fn step(&mut self, last: bool, out: &mut Vec<Part>) -> bool {
        match self.close {
            Some(close) => self.inside(close, last, out),
            None if self.at_start => self.start(last),
            None => self.outside(last, out),
        }
    }

    fn inside(&mut self, close: &'static str, last: bool, out: &mut Vec<Part>) -> bool {
        if let Some(at) = self.held.find(close) {
            let thought = self.taken(at);
            self.held.drain(..close.len());
            self.think(thought, out);
            self.close = None;
            self.at_start = true;
            return true;
        }
        let keep = if last { 0 } else { partial(&self.held, &[close]) };
        let thought = self.taken(self.held.len() - keep);
        self.think(thought, out);
        false
    }

    fn start(&mut self, last: bool) -> bool {
        let blanks = self.held.len() - self.held.trim_start().len();
        self.held.drain(..blanks);
        if self.held.is_empty() {
            return false;
        }
        if let Some((open, close)) = TAGS.iter().find(|(open, _)| self.held.starts_with(open)) {
            self.held.drain(..open.len());
            self.close = Some(close);
            self.seen = true;
            self.thought.clear();
            return true;
        }
        if !last && TAGS.iter().any(|(open, _)| open.starts_with(&self.held)) {
            return false;
        }
        self.at_start = false;
        true
    }

    fn outside(&mut self, last: bool, out: &mut Vec<Part>) -> bool {
        if !self.seen {
            for close in STRAY {
                let Some(at) = self.held.find(close).filter(|&at| self.is_line_start(at)) else {
                    continue;
                };
                let behind = &self.held[at + close.len()..];
                if behind.is_empty() && !last {
                    let text = self.taken(at);
                    self.say(text, out);
                    return false;
                }
                if behind.is_empty() || behind.starts_with('\n') {
                    out.push(Part::AllBefore);
                    let thought = self.taken(at);
                    self.held.drain(..close.len());
                    self.think(thought, out);
                    self.seen = true;
                    self.at_start = true;
                    return true;
                }
            }
        }
        let keep = if last || self.seen { 0 } else { partial(&self.held, &STRAY) };
        let text = self.taken(self.held.len() - keep);
        self.say(text, out);
        false
    }

    fn is_line_start(&self, at: usize) -> bool {
        let before = &self.held[..at];
        match before.rfind('\n') {
            Some(line) => before[line..].trim().is_empty(),
            None => self.blank_line && before.trim().is_empty(),
        }
    }

    fn taken(&mut self, end: usize) -> String {
        let rest = self.held.split_off(end);
        std::mem::replace(&mut self.held, rest)
    }

    fn say(&mut self, text: String, out: &mut Vec<Part>) {
        if !text.is_empty() {
            let line = text.rfind('\n');
            let blank = text[line.unwrap_or(0)..].trim().is_empty();
            self.blank_line = blank && (line.is_some() || self.blank_line);
            out.push(Part::Text(text));
        }
    }

    fn think(&mut self, thought: String, out: &mut Vec<Part>) {
        if !thought.is_empty() {
            self.thought.push_str(&thought);
            out.push(Part::Thought(thought));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, thoughts and the hanging thought, whatever the pieces.
    fn told(text: &str) -> (String, String, Option<String>) {
        let mut results = (1..8).map(|size| {
            let mut thinking = Thinking::new();
            let mut parts = Vec::new();
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(size) {
                thinking.feed(&piece.iter().collect::<String>(), &mut parts);
            }
            let hanging = thinking.end(&mut parts);
            let (mut said, mut thought) = (String::new(), String::new());
            for part in parts {
                match part {
                    Part::Text(t) => said.push_str(&t),
                    Part::Thought(t) => thought.push_str(&t),
                    Part::AllBefore => thought = std::mem::take(&mut said),
                }
            }
            (said, thought, hanging)
        });
        let first = results.next().expect("a result");
        results.for_each(|other| assert_eq!(other, first, "{text:?}"));
        first
    }

    fn case(text: &str, said: &str, thought: &str) {
        assert_eq!(told(text), (said.to_owned(), thought.to_owned(), None), "{text:?}");
    }

    #[test]
    fn thoughts_and_answers() {
        case("plain <b>text</b>", "plain <b>text</b>", "");
        case("<think>hm</think>\n\nyes", "yes", "hm");
        case("\n<think>a</think><think>b</think>c", "c", "ab");
        case("<thinking>hm</thinking>yes", "yes", "hm");
        case("say <think>no</think>", "say <think>no</think>", "");
        case("<think></think>x", "x", "");
        case("<thin air", "<thin air", "");
    }

    #[test]
    fn a_closing_tag_alone() {
        case("first I think\n</think>\n\nyes", "yes", "first I think\n");
        case("write `</think>` to end it", "write `</think>` to end it", "");
        case("a\n</think> b", "a\n</think> b", "");
    }

    #[test]
    fn a_thought_without_end() {
        assert_eq!(told("<think>on and on"), (String::new(), "on and on".into(), Some("on and on".into())));
        assert_eq!(told("<think>on </thi"), (String::new(), "on </thi".into(), Some("on </thi".into())));
    }
}
