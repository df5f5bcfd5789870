//! From the chunks of a streamed answer to deltas and a message. Does no input or output.

mod calls;
mod content;
mod ending;
mod forms;
mod halves;
mod harmony;
mod lenient;
mod marks;
mod reasoning;
mod repeat;
mod scan;
mod tally;
mod text_calls;
mod thinking;
mod token;

pub(super) use halves::half_mark;
pub(super) use lenient::escape_control;
pub(super) use scan::JsonScan;

use super::{
    backend::AttemptError,
    failure,
    names::Names,
    words::{self, Words},
};
use crate::domain::{chat::Delta, message::AssistantMessage, tool::ToolSpec, usage::Usage};
use calls::{Calls, MAX_CALLS};
use content::Content;
use halves::Halves;
use harmony::{Harmony, Piece};
use reasoning::Reasoning;
use repeat::Repetition;
use scan::pieces;
use serde_json::Value;
use tally::Tally;
use text_calls::TextCalls;
use thinking::{Part, Thinking};

/// Where deltas go.
pub(super) type Sink<'s> = dyn FnMut(Delta) + Send + 's;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With `[DONE]`.
    Done,
    /// Without; with what broke it, if that is known.
    Cut(Option<String>),
}

/// What one answer came to.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) message: AssistantMessage,
    pub(super) usage: Usage,
    pub(super) cut: bool,
}

/// Puts one answer together.
pub(super) struct Accumulator<'a> {
    names: &'a Names,
    halves: Halves,
    harmony: Harmony,
    thinking: Thinking,
    text_calls: TextCalls<'a>,
    text: String,
    calls: Calls,
    reasoning: Reasoning,
    repetition: Repetition,
    /// The model says the same over and over: nothing new will come.
    circling: bool,
    tally: Option<Tally>,
    finish: Option<String>,
    /// The answer came in one document, so nothing is missing.
    whole: bool,
    started: bool,
    /// What stood in the stream in place of JSON.
    noise: Option<String>,
}

impl<'a> Accumulator<'a> {
    /// For an answer to a request that offers `tools`. `recover`: calls written as text count too.
    pub(super) fn new(names: &'a Names, tools: &'a [ToolSpec], recover: bool) -> Self {
        Self {
            names,
            halves: Halves::default(),
            harmony: Harmony::new(),
            thinking: Thinking::new(),
            text_calls: TextCalls::new(names, tools, recover),
            text: String::new(),
            calls: Calls::default(),
            reasoning: Reasoning::default(),
            repetition: Repetition::default(),
            circling: false,
            tally: None,
            finish: None,
            whole: false,
            started: false,
            noise: None,
        }
    }

    /// Whether a piece of the answer itself has arrived.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    /// Whether the model said that it is done; counts and the end mark may follow.
    pub(super) fn finished(&self) -> bool {
        self.finish.is_some() || self.whole
    }

    /// Whether the model goes round in a circle, so that there is no use in waiting for its end.
    pub(super) fn circling(&self) -> bool {
        self.circling
    }

    /// Takes an event that is no JSON. Pings are; a broken object is an error, with a part of it.
    pub(super) fn noise(&mut self, text: &str) -> Result<(), AttemptError> {
        if text.trim_start().starts_with(['{', '[']) && text.trim() != "[DONE]" {
            let start: String = text.chars().take(QUOTED).collect();
            return Err(AttemptError::transient(format!("the server sent broken JSON: {start}")));
        }
        self.noise = Some(words::cut(text));
        Ok(())
    }

    /// Takes a chunk. `Err`: the server reports an error in it.
    pub(super) fn push(&mut self, chunk: &Value, sink: &mut Sink<'_>) -> Result<(), AttemptError> {
        let chunk = match chunk {
            Value::Array(list) if list.len() == 1 => &list[0],
            other => other,
        };
        // Some gateways put the answer into an envelope of their own.
        let enveloped = chunk.get("data").filter(|data| data.get("choices").is_some());
        let chunk = enveloped.filter(|_| chunk.get("choices").is_none()).unwrap_or(chunk);
        if let Some(words) = reported(chunk) {
            return Err(failure::classify(None, &words, None));
        }
        self.tally = Tally::of_chunk(chunk).or(self.tally);
        let Some(choices) = chunk.get("choices").and_then(Value::as_array) else {
            return Ok(());
        };
        let first =
            |choice: &&Value| choice.get("index").and_then(Value::as_i64).is_none_or(|index| index == 0);
        for choice in choices.iter().filter(first).take(1) {
            if let Some(words) = reported(choice) {
                return Err(failure::classify(None, &words, None));
            }
            // The last text may come with the reason for the end: text first.
            if let Some(delta) = choice.get("delta").filter(|d| d.is_object()) {
                self.delta(delta, sink);
                self.bounded()?;
            } else if let Some(message) = choice.get("message").filter(|m| m.is_object()) {
                self.delta(message, sink);
                self.bounded()?;
                self.whole = true;
                self.started = true;
            }
            if let Some(reason) =
                choice.get("finish_reason").and_then(Value::as_str).filter(|r| !r.is_empty())
            {
                if reason == "error" {
                    return Err(AttemptError::transient(
                        "the server ended its answer with an error of its own",
                    ));
                }
                self.finish = Some(reason.to_owned());
                self.started = true;
            }
        }
        Ok(())
    }

    /// `Err`: there are more calls than one answer may have.
    fn bounded(&self) -> Result<(), AttemptError> {
        if self.calls.too_many() || self.text_calls.found() > MAX_CALLS {
            let text =
                format!("the model asked for more than {MAX_CALLS} tool calls in one answer; none was run");
            return Err(AttemptError::refused(text));
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value, sink: &mut Sink<'_>) {
        let Value::Object(map) = delta else { return };
        if let Some(thought) = self.reasoning.take(map) {
            self.started = true;
            self.think(thought, sink);
        }
        for piece in ["content", "refusal"].iter().filter_map(|name| map.get(*name)).flat_map(content::pieces)
        {
            self.started = true;
            match piece {
                Content::Text(text) => {
                    let text = self.halves.join(&text).into_owned();
                    self.hear(&text, sink);
                }
                Content::Thought(text) => {
                    let text = self.reasoning.note(&text);
                    self.think(text, sink);
                }
            }
        }
        match map.get("tool_calls") {
            Some(Value::Array(list)) => {
                list.iter().filter(|call| call.is_object()).for_each(|call| self.call(call))
            }
            Some(call @ Value::Object(_)) => self.call(call),
            _ => {}
        }
        if let Some(call) = map.get("function_call").filter(|call| call.is_object()) {
            self.call(call);
        }
    }

    fn call(&mut self, call: &Value) {
        self.started = true;
        self.calls.take(call);
    }

    /// Takes a piece of what stands in the place of the text: thoughts and calls may be in it.
    fn hear(&mut self, text: &str, sink: &mut Sink<'_>) {
        self.circling |= self.repetition.feed(text);
        for piece in pieces(text) {
            let mut found = Vec::new();
            self.harmony.feed(piece, &mut found);
            self.told(found, sink);
        }
    }

    /// Takes what was told apart by channels.
    fn told(&mut self, found: Vec<Piece>, sink: &mut Sink<'_>) {
        for piece in found {
            match piece {
                Piece::Text(text) => {
                    let mut parts = Vec::new();
                    self.thinking.feed(&text, &mut parts);
                    self.parts(parts, sink);
                }
                Piece::Thought(text) => {
                    let text = self.reasoning.note(&text);
                    sink(Delta::Reasoning(text));
                }
                Piece::Call { name, arguments } => {
                    let mut shown = String::new();
                    self.text_calls.take(&name, &arguments, &mut shown);
                    self.show(shown, sink);
                }
            }
        }
    }

    fn think(&mut self, thought: String, sink: &mut Sink<'_>) {
        self.circling |= self.repetition.feed(&thought);
        sink(Delta::Reasoning(thought));
    }

    fn parts(&mut self, parts: Vec<Part>, sink: &mut Sink<'_>) {
        for part in parts {
            match part {
                Part::Text(text) => {
                    let mut shown = String::new();
                    self.text_calls.feed(&text, &mut shown);
                    self.show(shown, sink);
                }
                Part::Thought(text) => sink(Delta::Reasoning(text)),
                Part::AllBefore => {
                    let before = std::mem::take(&mut self.text) + &self.text_calls.forget();
                    if !before.is_empty() {
                        sink(Delta::Restart { reason: "the text so far was the model's thinking".into() });
                        sink(Delta::Reasoning(before));
                    }
                }
            }
        }
    }

    /// Hands text on; blanks before the first word are left out.
    fn show(&mut self, text: String, sink: &mut Sink<'_>) {
        let text = if self.text.is_empty() { text.trim_start().to_owned() } else { text };
        if !text.is_empty() {
            self.text.push_str(&text);
            sink(Delta::Text(text));
        }
    }

    fn broken_off(&self, reason: Option<String>) -> AttemptError {
        let reason = reason.unwrap_or_else(|| "the stream ended before the answer did".into());
        match &self.noise {
            Some(noise) => AttemptError::transient(format!("{reason}; it said: {noise}")),
            None => AttemptError::transient(reason),
        }
    }
}

/// How much of broken JSON is quoted, in characters.
const QUOTED: usize = 200;

/// The error that a chunk or a choice reports, if it does.
fn reported(value: &Value) -> Option<Words> {
    let error = value.get("error");
    let says_so = match error {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        _ => false,
    };
    let bare = value.get("choices").is_none()
        && (value.get("object").is_some_and(|o| o == "error") || value.get("detail").is_some());
    (says_so || bare).then(|| Words::of_value(value))
}
