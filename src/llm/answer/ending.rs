//! What an answer comes to, once the stream is over.

use super::{Accumulator, Answer, AssistantMessage, Delta, End, Sink, Usage, text_calls::Found};
use crate::{
    domain::{call::ToolCall, usage::estimate_tokens},
    llm::backend::{AttemptError, FailureKind},
};

/// What is added where an answer was ended that went round in a circle.
const CIRCLE: &str = "[the model began to repeat itself without end, and was stopped]";

impl Accumulator<'_> {
    /// The stream is over. `asked` is the request as it was sent, for estimates.
    pub(in crate::llm) fn finish(
        mut self,
        end: End,
        asked: &str,
        sink: &mut Sink<'_>,
    ) -> Result<Answer, AttemptError> {
        if let End::Cut(reason) = end
            && !self.finished()
        {
            return Err(self.broken_off(reason));
        }
        if !self.started {
            return Err(self.broken_off(Some("the server sent no answer".into())));
        }
        let hanging = self.flush(sink);
        let mut found = self.text_calls_end(sink);
        let written = self.calls.written();
        let mut calls = std::mem::take(&mut self.calls).finish(self.names);
        if self.text.is_empty() && calls.is_empty() && found.calls.is_empty() && found.unreadable.is_none() {
            found = self.only_thoughts(hanging, found, sink)?;
        }
        self.bounded()?;
        let mut unclosed = false;
        if calls.is_empty() {
            (calls, unclosed) = (found.calls, found.unclosed);
            if let Some(text) = found.unreadable.filter(|_| calls.is_empty()) {
                return Err(self.unreadable(&text, sink));
            }
        }
        if let Some(last) = calls.last_mut().filter(|_| self.is_cut()) {
            mark_cut(last, unclosed);
        }
        if self.circling && calls.is_empty() {
            let remark = if self.text.is_empty() { CIRCLE.to_owned() } else { format!("\n\n{CIRCLE}") };
            self.show(remark, sink);
        }
        let usage = self.usage(asked, &written);
        let cut = self.is_cut();
        let extras = self.reasoning.finish();
        let message = AssistantMessage { text: self.text, calls, extras, origin: String::new() };
        Ok(Answer { message, usage, cut })
    }

    /// Hands on all that was held back for what might have followed. Returns the thought in tags that was
    /// never closed.
    fn flush(&mut self, sink: &mut Sink<'_>) -> Option<String> {
        if let Some(end) = self.halves.end() {
            self.hear(end.encode_utf8(&mut [0; 4]), sink);
        }
        let mut found = Vec::new();
        self.harmony.end(&mut found);
        self.told(found, sink);
        let mut parts = Vec::new();
        let hanging = self.thinking.end(&mut parts);
        self.parts(parts, sink);
        hanging
    }

    fn text_calls_end(&mut self, sink: &mut Sink<'_>) -> Found {
        let mut rest = String::new();
        let found = self.text_calls.end(&mut rest);
        self.show(rest, sink);
        found
    }

    /// Nothing but thoughts: where the model ended by itself, the answer is in there, and so may be calls.
    fn only_thoughts(
        &mut self,
        hanging: Option<String>,
        found: Found,
        sink: &mut Sink<'_>,
    ) -> Result<Found, AttemptError> {
        if self.finish.as_deref() == Some("content_filter") {
            return Err(AttemptError::refused("the server's content filter held the answer back"));
        }
        if self.is_cut() {
            return Ok(found);
        }
        if self.circling {
            let text = "the model's thinking went round in a circle, and was stopped before it said a word";
            return Err(AttemptError::refused(text));
        }
        let thoughts = hanging.unwrap_or_else(|| self.reasoning.thoughts());
        let mut shown = String::new();
        for piece in super::pieces(thoughts.trim()) {
            self.text_calls.feed(piece, &mut shown);
        }
        let found = self.text_calls.end(&mut shown);
        // With calls it was thinking, after all.
        if found.calls.is_empty() && found.unreadable.is_none() {
            self.show(shown.trim_end().to_owned(), sink);
        }
        Ok(found)
    }

    /// Whether the answer was ended by a length limit.
    fn is_cut(&self) -> bool {
        matches!(self.finish.as_deref(), Some("length" | "max_tokens" | "model_length" | "MAX_TOKENS"))
    }

    /// The error for an answer with a call that can't be read: what was said so far is taken back.
    fn unreadable(&self, text: &str, sink: &mut Sink<'_>) -> AttemptError {
        let why = match self.is_cut() {
            true => "the length limit cut the answer in the midst of a tool call",
            false => "the model wrote a tool call as text, in a form that can't be read",
        };
        if !self.text.is_empty() {
            sink(Delta::Restart { reason: why.to_owned() });
        }
        AttemptError::new(FailureKind::Unreadable, format!("{why}: {text}"))
    }

    fn usage(&self, asked: &str, written: &str) -> Usage {
        let answered = || {
            [self.text.as_str(), written, self.reasoning.text()]
                .into_iter()
                .map(estimate_tokens)
                .sum::<u64>()
                .max(1)
        };
        let tally = self.tally.unwrap_or_default();
        Usage {
            input: if tally.input > 0 { tally.input } else { estimate_tokens(asked) },
            output: if tally.output > 0 { tally.output } else { answered() },
            usd: tally.usd,
            estimated: tally.input == 0 || tally.output == 0,
        }
    }
}

/// A call that a length limit cut must not run with half of its arguments. `unclosed`: it was written as
/// text, and the mark that ends it never came.
fn mark_cut(call: &mut ToolCall, unclosed: bool) {
    if call.invalid.is_none() && !call.args.is_empty() && !unclosed {
        return;
    }
    let sent = call.invalid.take().unwrap_or_default();
    call.args.clear();
    call.invalid = Some(format!("(cut by the length limit) {sent}"));
}
