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

/// What the person said last, if anything: it is cut only when nothing else is left to be cut.
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
mod tests {
    use super::*;
    use crate::domain::{
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
    fn a_round_of_many_small_things_fits_too() {
        for (count, words) in [(1, 3_000), (128, 300), (500, 30)] {
            let many: Vec<Value> = vec!["a word or two".into(); words];
            let args: JsonMap = [("list".to_owned(), Value::Array(many))].into_iter().collect();
            let calls: Vec<_> = (0..count).map(|_| ToolCall::new("test.many", args.clone())).collect();
            let results = calls
                .iter()
                .map(|call| Message::Tool(ToolResult::new(call, ToolStatus::Ok, "x".repeat(150))));
            let mut history = vec![Message::user("do it")];
            history.push(Message::Assistant(AssistantMessage { calls: calls.clone(), ..Default::default() }));
            history.extend(results);
            let fitted = fit(&history, 2_000).expect("too long");
            assert_valid(&fitted);
            assert!(total(&fitted) <= 2_000, "{count}: {}", total(&fitted));
            assert_eq!(fitted[0].text(), "do it");
        }
    }

    #[test]
    fn the_newest_message_goes_last() {
        let newest = "n".repeat(3_000);
        for rounds in [0, 1, 6] {
            let mut history: Vec<Message> = (0..20).flat_map(|n| exchange(n, 2, 3_000)).collect();
            let mut last = exchange(99, rounds, 3_000);
            last.pop();
            last[0] = Message::user(newest.clone());
            history.extend(last);
            for room in [1_000, 1_500, 4_000, 20_000] {
                let fitted = fit(&history, room).expect("too long");
                assert!(total(&fitted) <= room, "{rounds} {room}: {}", total(&fitted));
                assert_valid(&fitted);
                assert_eq!(
                    super::newest(&fitted),
                    Some(newest.as_str()),
                    "{rounds} {room}: it fits, and is whole"
                );
            }
        }
    }

    #[test]
    fn a_message_that_does_not_fit_takes_all_the_room_there_is() {
        let text: String = (0..3_000).map(|n| format!("{n:04}")).collect();
        let fitted = fit(&[Message::user(&*text)], 1_300).expect("too long");
        let left = fitted[0].text();
        assert!(total(&fitted) <= 1_300 && total(&fitted) > 1_280, "{}", total(&fitted));
        let mark: String =
            left.split("[…").nth(1).expect("a mark").chars().filter(char::is_ascii_digit).take(4).collect();
        let shown = left.chars().count() - "\n[… 1234 characters left out …]\n".chars().count();
        assert_eq!(mark.parse::<usize>().expect("a number") + shown, 12_000, "the mark tells the whole");
    }

    #[test]
    fn a_huge_question_is_cut_rather_than_refused() {
        let history = vec![Message::user("x".repeat(1_000_000))];
        let fitted = fit(&history, 2_000).expect("too long");
        assert!(total(&fitted) <= 2_000);
        assert!(fitted[0].text().contains("characters left out"));
    }
}
