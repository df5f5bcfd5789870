//! Makes a conversation fit a model's window, whatever it holds, without ever parting a call from
//! its result. The last resort: what a summary has not made shorter is shortened here.

use super::cost::{cost, total};
use crate::domain::{JsonMap, cut, message::Message};
use serde_json::Value;

/// Characters that an old tool result keeps.
const OLD_RESULT_CHARS: usize = 400;
/// Characters that a long string argument keeps once it has to be cut.
const ARGUMENT_CHARS: usize = 200;
/// Characters that are left of the newest message, whatever else there is.
const LEAST_CHARS: usize = 200;
/// The share of the room that a message may take which does not fit whole, where calls follow it.
const NEWEST_SHARE: f64 = 0.6;
/// When whole exchanges are dropped, down to this share of the room, so that it isn't done anew
/// (and the server's prompt cache isn't lost) on every turn.
const LOW_WATER: f64 = 0.6;

/// Takes the reasoning out of an answer, where it is not sent back.
pub(super) fn forget_reasoning(message: &mut Message) {
    if let Message::Assistant(assistant) = message {
        assistant.extras.retain(|name, _| !name.starts_with("reasoning"));
    }
}

/// A shorter copy of `messages` of at most `room` tokens, or as near to it as can be; `None` when
/// they fit as they are.
pub(super) fn fit(messages: &[Message], room: u64) -> Option<Vec<Message>> {
    if total(messages) <= room {
        return None;
    }
    let costs: Vec<u64> = messages.iter().map(cost).collect();
    let mut fitted = Fitting { total: costs.iter().sum(), messages: messages.to_vec(), costs, room };
    fitted.leave_room_beside_the_newest();
    fitted.shorten_old_results();
    fitted.drop_old_exchanges();
    fitted.shorten_current_results();
    fitted.drop_current_rounds();
    fitted.share_what_is_left();
    fitted.leave_out_arguments();
    fitted.drop_last_round();
    fitted.cut_newest(fitted.room);
    Some(fitted.messages)
}

/// The newest message of the person. It is cut last.
pub(super) fn newest(messages: &[Message]) -> Option<&str> {
    messages.iter().rev().find_map(|message| match message {
        Message::User { text } => Some(text.as_str()),
        _ => None,
    })
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

    /// Changes a message; `change` says whether it did.
    fn change(&mut self, index: usize, change: impl FnOnce(&mut Message) -> bool) {
        if !change(&mut self.messages[index]) {
            return;
        }
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

    /// A message that no window holds leaves a part of it to the calls and results that follow it: without
    /// them the model would make the same calls for ever.
    fn leave_room_beside_the_newest(&mut self) {
        let follows = self.current() + 1 < self.messages.len();
        let share = if follows { (self.room as f64 * NEWEST_SHARE) as u64 } else { self.room };
        if self.costs.get(self.current()).is_some_and(|cost| *cost > self.room) {
            let others = self.total - self.costs[self.current()];
            self.cut_newest(others + share);
        }
    }

    /// Cuts what the person said last, so that all together costs `most`.
    fn cut_newest(&mut self, most: u64) {
        let current = self.current();
        let Some(Message::User { text }) = self.messages.get(current) else { return };
        if self.total <= most {
            return;
        }
        let others = self.total - self.costs[current];
        let room = most.saturating_sub(others);
        let fits = |chars: usize| cost(&Message::user(cut::middle(text, chars))) <= room;
        let (mut low, mut high) = (0, text.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if fits(middle) { low = middle } else { high = middle }
        }
        self.change(current, |message| shorten_speech(message, low.max(LEAST_CHARS)));
    }

    fn shorten_old_results(&mut self) {
        for index in 0..self.current() {
            if !self.over() {
                return;
            }
            self.change(index, |message| shorten(message, OLD_RESULT_CHARS) | forget_extras(message));
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
            let newest = self.current();
            for index in (0..self.messages.len()).filter(|index| *index != newest) {
                self.change(index, |message| shorten(message, chars) | shorten_speech(message, chars));
            }
            chars = chars * 2 / 3;
        }
    }

    fn leave_out_arguments(&mut self) {
        for index in 0..self.messages.len() {
            if !self.over() {
                return;
            }
            self.change(index, leave_out_arguments);
        }
    }

    /// Calls of one answer that are too many to be shown at all.
    fn drop_last_round(&mut self) {
        if !self.over() {
            return;
        }
        if let Some(&(begin, end)) = self.rounds().last() {
            let text = "Your last tool calls and their results are too long to be shown. What they did is done: \
                        go on with fewer and smaller ones.";
            self.replace(begin, end, text.to_owned());
        }
    }
}

/// Puts a remark in the place of arguments that are long by their number. Whether there were any.
fn leave_out_arguments(message: &mut Message) -> bool {
    let Message::Assistant(assistant) = message else { return false };
    let mut changed = false;
    for call in &mut assistant.calls {
        let length = Value::Object(call.args.clone()).to_string().chars().count();
        if length > ARGUMENT_CHARS {
            call.args = JsonMap::new();
            call.args.insert("left_out".into(), format!("{length} characters of arguments").into());
            changed = true;
        }
    }
    changed
}

/// Cuts what a tool said, and long arguments of calls. Whether it did.
fn shorten(message: &mut Message, chars: usize) -> bool {
    match message {
        Message::Tool(result) => cut(&mut result.content, chars),
        Message::Assistant(assistant) => {
            let arguments = assistant.calls.iter_mut().flat_map(|call| call.args.values_mut());
            arguments.fold(false, |cut, value| cut | shorten_argument(value, chars.max(ARGUMENT_CHARS)))
        }
        Message::User { .. } | Message::Notice { .. } => false,
    }
}

fn shorten_argument(value: &mut Value, chars: usize) -> bool {
    match value {
        Value::String(text) => cut(text, chars),
        Value::Array(items) => items.iter_mut().fold(false, |cut, item| cut | shorten_argument(item, chars)),
        Value::Object(map) => map.values_mut().fold(false, |cut, item| cut | shorten_argument(item, chars)),
        _ => false,
    }
}

/// Cuts what the user, the model or the engine said, and leaves replayed reasoning out, which may be
/// long too. Whether it did.
fn shorten_speech(message: &mut Message, chars: usize) -> bool {
    let replayed = forget_extras(message);
    replayed
        | match message {
            Message::User { text } | Message::Notice { text } => cut(text, chars),
            Message::Assistant(assistant) => cut(&mut assistant.text, chars),
            Message::Tool(_) => false,
        }
}

/// Leaves out what servers want back but can do without.
fn forget_extras(message: &mut Message) -> bool {
    match message {
        Message::Assistant(assistant) => !std::mem::take(&mut assistant.extras).is_empty(),
        _ => false,
    }
}

fn cut(text: &mut String, chars: usize) -> bool {
    let long = text.len() > chars;
    if long {
        *text = cut::middle(text, chars);
    }
    long
}

#[cfg(test)]
mod tests;
