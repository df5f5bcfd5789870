//! Makes a conversation fit a model's window, whatever it holds, without ever parting a call from
//! its result. The last resort: what a summary has not made shorter is shortened here.

use crate::domain::{cut, message::Message, usage::estimate_tokens};
use serde_json::Value;

/// Characters that an old tool result keeps.
const OLD_RESULT_CHARS: usize = 400;
/// Characters that a long string argument keeps once it has to be cut.
const ARGUMENT_CHARS: usize = 200;
/// When whole exchanges are dropped, down to this share of the room, so that it isn't done anew
/// (and the server's prompt cache isn't lost) on every turn.
const LOW_WATER: f64 = 0.6;
/// Tokens that a message costs besides its text.
const MESSAGE_OVERHEAD: u64 = 8;

/// The estimated tokens of a message.
pub(super) fn cost(message: &Message) -> u64 {
    let calls = match message {
        Message::Assistant(assistant) => assistant
            .calls
            .iter()
            .map(|call| {
                let args: u64 = call.args.iter().map(|(k, v)| estimate_tokens(k) + value_cost(v) + 2).sum();
                MESSAGE_OVERHEAD + estimate_tokens(&call.name) + args
            })
            .sum(),
        _ => 0,
    };
    MESSAGE_OVERHEAD + estimate_tokens(message.text()) + calls
}

fn value_cost(value: &Value) -> u64 {
    match value {
        Value::String(text) => estimate_tokens(text),
        other => estimate_tokens(&other.to_string()),
    }
}

/// The estimated tokens of a conversation.
pub(super) fn total(messages: &[Message]) -> u64 {
    messages.iter().map(cost).sum()
}

/// A shorter copy of `messages` of at most `room` tokens, or as near to it as can be; `None` when
/// they fit as they are.
pub(super) fn fit(messages: &[Message], room: u64) -> Option<Vec<Message>> {
    if total(messages) <= room {
        return None;
    }
    let costs: Vec<u64> = messages.iter().map(cost).collect();
    let mut fitted = Fitting { total: costs.iter().sum(), messages: messages.to_vec(), costs, room };
    fitted.shorten_old_results();
    fitted.drop_old_exchanges();
    fitted.shorten_current_results();
    fitted.drop_current_rounds();
    fitted.share_what_is_left();
    Some(fitted.messages)
}

struct Fitting {
    messages: Vec<Message>,
    /// What each costs, and all of them: counting anew at each step would take minutes.
    costs: Vec<u64>,
    total: u64,
    room: u64,
}

impl Fitting {
    fn over(&self) -> bool {
        self.total > self.room
    }

    /// Where the current exchange begins: at the last thing that the user said.
    fn current(&self) -> usize {
        self.messages.iter().rposition(|m| matches!(m, Message::User { .. })).unwrap_or(0)
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Message)) {
        change(&mut self.messages[index]);
        self.total -= self.costs[index];
        self.costs[index] = cost(&self.messages[index]);
        self.total += self.costs[index];
    }

    /// Puts a notice in the place of `messages[start..end]`.
    fn replace(&mut self, start: usize, end: usize, text: String) {
        let notice = Message::Notice { text };
        let price = cost(&notice);
        self.total += price;
        self.total -= self.costs.splice(start..end, [price]).sum::<u64>();
        self.messages.splice(start..end, [notice]);
    }

    fn sum(&self, start: usize, end: usize) -> u64 {
        self.costs[start..end].iter().sum()
    }

    fn shorten_old_results(&mut self) {
        for index in 0..self.current() {
            if !self.over() {
                return;
            }
            self.change(index, |message| shorten(message, OLD_RESULT_CHARS));
        }
    }

    fn drop_old_exchanges(&mut self) {
        if !self.over() {
            return;
        }
        // A summary at the very beginning stands for what was dropped before: it stays.
        let start = usize::from(matches!(self.messages.first(), Some(Message::Notice { .. })));
        let low = (self.room as f64 * LOW_WATER) as u64;
        let current = self.current();
        let mut end = start;
        let mut left = self.total;
        while end < current && left > low {
            let next = (end + 1..current)
                .find(|&i| matches!(self.messages[i], Message::User { .. }))
                .unwrap_or(current);
            left -= self.sum(end, next);
            end = next;
        }
        if end > start {
            let text = format!("{} earlier messages of this conversation are not shown.", end - start);
            self.replace(start, end, text);
        }
    }

    fn shorten_current_results(&mut self) {
        let last_round = self.rounds().last().map_or(self.messages.len(), |r| r.0);
        for index in self.current()..last_round {
            if !self.over() {
                return;
            }
            self.change(index, |message| shorten(message, OLD_RESULT_CHARS));
        }
    }

    /// The rounds of the current exchange: `[begin, end)` of an assistant message with calls and
    /// all that belongs to it.
    fn rounds(&self) -> Vec<(usize, usize)> {
        let begins: Vec<usize> = (self.current()..self.messages.len())
            .filter(|&i| matches!(&self.messages[i], Message::Assistant(a) if !a.calls.is_empty()))
            .collect();
        let ends = begins.iter().skip(1).copied().chain([self.messages.len()]);
        begins.iter().copied().zip(ends).collect()
    }

    fn drop_current_rounds(&mut self) {
        if !self.over() {
            return;
        }
        let rounds = self.rounds();
        let Some((&(first, _), &(last, _))) = rounds.first().zip(rounds.last()) else { return };
        let mut end = first;
        let mut left = self.total;
        for &(begin, next) in &rounds {
            if begin == last || left <= self.room {
                break;
            }
            left -= self.sum(begin, next);
            end = next;
        }
        if end > first {
            let text = "Earlier tool calls of this turn and their results are not shown.".to_owned();
            self.replace(first, end, text);
        }
    }

    /// Everything that is left is needed: each long text gets an equal share of what there is.
    fn share_what_is_left(&mut self) {
        let mut chars = 40_000;
        while self.over() && chars > ARGUMENT_CHARS {
            for index in 0..self.messages.len() {
                self.change(index, |message| {
                    shorten(message, chars);
                    shorten_speech(message, chars);
                });
            }
            chars = chars * 2 / 3;
        }
    }
}

/// Cuts what a tool said, and long arguments of calls.
fn shorten(message: &mut Message, chars: usize) {
    match message {
        Message::Tool(result) => result.content = cut::middle(&result.content, chars),
        Message::Assistant(assistant) => {
            for call in &mut assistant.calls {
                for value in call.args.values_mut() {
                    shorten_argument(value, chars.max(ARGUMENT_CHARS));
                }
            }
        }
        Message::User { .. } | Message::Notice { .. } => {}
    }
}

fn shorten_argument(value: &mut Value, chars: usize) {
    match value {
        Value::String(text) if text.len() > chars => *text = cut::middle(text, chars),
        Value::Array(items) => items.iter_mut().for_each(|item| shorten_argument(item, chars)),
        Value::Object(map) => map.values_mut().for_each(|item| shorten_argument(item, chars)),
        _ => {}
    }
}

/// Cuts what the user, the model or the engine said.
fn shorten_speech(message: &mut Message, chars: usize) {
    match message {
        Message::User { text } | Message::Notice { text } => *text = cut::middle(text, chars),
        Message::Assistant(assistant) => {
            assistant.text = cut::middle(&assistant.text, chars);
            // Reasoning that is replayed can be long as well, and may be left out.
            assistant.extras.clear();
        }
        Message::Tool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        message::AssistantMessage,
    };

    fn exchange(n: usize, rounds: usize, size: usize) -> Vec<Message> {
        let mut out = vec![Message::user(format!("question {n}"))];
        for round in 0..rounds {
            let mut args = JsonMap::new();
            args.insert("command".into(), Value::String(format!("{round}{}", "a".repeat(size / 10))));
            let call = ToolCall::new("system.run", args);
            let result = ToolResult::new(&call, ToolStatus::Ok, "ö".repeat(size));
            out.push(Message::Assistant(AssistantMessage { calls: vec![call], ..Default::default() }));
            out.push(Message::Tool(result));
        }
        out.push(Message::Assistant(AssistantMessage { text: format!("answer {n}"), ..Default::default() }));
        out
    }

    fn assert_valid(messages: &[Message]) {
        let mut open: Vec<&str> = vec![];
        for message in messages {
            match message {
                Message::Tool(result) => {
                    let at = open.iter().position(|id| *id == result.call_id.as_str());
                    open.remove(at.expect("a result has its call before it"));
                }
                other => {
                    assert!(open.is_empty(), "a call has its result right after it");
                    if let Message::Assistant(a) = other {
                        open.extend(a.calls.iter().map(|c| c.id.as_str()));
                    }
                }
            }
        }
        assert!(open.is_empty());
    }

    #[test]
    fn whatever_the_history_it_fits_and_stays_whole() {
        for (exchanges, rounds, size) in
            [(1, 1, 50_000), (1, 30, 10_000), (50, 3, 10_000), (300, 1, 10_000), (2, 1, 100), (200, 0, 0)]
        {
            let mut history: Vec<Message> = (0..exchanges).flat_map(|n| exchange(n, rounds, size)).collect();
            history.push(Message::user("and now?"));
            for room in [1_000, 4_000, 6_000, 100_000] {
                match fit(&history, room) {
                    None => assert!(total(&history) <= room),
                    Some(fitted) => {
                        assert!(
                            total(&fitted) <= room,
                            "{exchanges}/{rounds}/{size}: {} > {room}",
                            total(&fitted)
                        );
                        assert_valid(&fitted);
                        assert_eq!(fitted.last().map(Message::text), Some("and now?"));
                    }
                }
            }
        }
    }

    #[test]
    fn in_the_middle_of_a_turn_the_question_and_the_last_round_stay() {
        let mut history = exchange(1, 20, 9_000);
        history.pop();
        let fitted = fit(&history, 3_000).expect("too long");
        assert_valid(&fitted);
        assert!(total(&fitted) <= 3_000);
        assert_eq!(fitted[0].text(), "question 1");
        let last = fitted.iter().rev().find_map(|m| match m {
            Message::Assistant(a) => a.calls.first().map(|c| c.id.clone()),
            _ => None,
        });
        let expected = history.iter().rev().find_map(|m| match m {
            Message::Assistant(a) => a.calls.first().map(|c| c.id.clone()),
            _ => None,
        });
        assert_eq!(last, expected);
    }

    #[test]
    fn a_huge_question_is_cut_rather_than_refused() {
        let history = vec![Message::user("x".repeat(1_000_000))];
        let fitted = fit(&history, 2_000).expect("too long");
        assert!(total(&fitted) <= 2_000);
        assert!(fitted[0].text().contains("characters left out"));
    }
}
