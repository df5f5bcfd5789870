//! Makes a history valid for a chat model: every call has exactly one result, which follows it, and
//! no result is without its call.

use crate::domain::{
    call::{ToolResult, ToolStatus},
    id::CallId,
    message::Message,
    store::StoredMessage,
};
use std::collections::HashMap;

/// What the model reads where no result was stored.
const LOST: &str = "no result of this call was stored; whether it took effect is unknown";

/// A message that is no result, and the results of its calls, in the order of the calls.
struct Spoken {
    message: StoredMessage,
    answers: Vec<Option<StoredMessage>>,
}

/// Puts each result behind the message that called for it, makes one up where there is none, and
/// drops those that answer nothing, or answer again. A history in order stays as it is.
///
/// Ids never fall along the history: a result that had to be moved takes the id before it. So
/// the id of any message means "everything up to here", which summaries rely on.
pub(super) fn in_order(messages: Vec<StoredMessage>) -> Vec<StoredMessage> {
    let mut ordered = Vec::with_capacity(messages.len());
    let mut spoken = matched(messages).into_iter().peekable();
    while let Some(Spoken { message, answers }) = spoken.next() {
        let until = spoken.peek().map_or(i64::MAX, |next| next.message.id);
        let mut results = made_up(&message, &answers);
        results.splice(0..0, in_arrival(answers));
        let mut last = message.id;
        ordered.push(message);
        for mut result in results {
            if result.id <= last || result.id >= until {
                result.id = last;
            }
            last = result.id;
            ordered.push(result);
        }
    }
    ordered
}

fn in_arrival(answers: Vec<Option<StoredMessage>>) -> Vec<StoredMessage> {
    let mut results: Vec<_> = answers.into_iter().flatten().collect();
    results.sort_by_key(|result| result.id);
    results
}

fn made_up(message: &StoredMessage, answers: &[Option<StoredMessage>]) -> Vec<StoredMessage> {
    let Message::Assistant(said) = &message.message else { return Vec::new() };
    let open = said.calls.iter().zip(answers).filter(|(_, answer)| answer.is_none());
    open.map(|(call, _)| StoredMessage {
        id: message.id,
        turn: message.turn.clone(),
        at_ms: message.at_ms,
        message: Message::Tool(ToolResult::new(call, ToolStatus::Interrupted, LOST)),
    })
    .collect()
}

fn matched(messages: Vec<StoredMessage>) -> Vec<Spoken> {
    let mut spoken: Vec<Spoken> = Vec::with_capacity(messages.len());
    // Where each call still waits for its result; the latest is served first.
    let mut waiting: HashMap<CallId, Vec<(usize, usize)>> = HashMap::new();
    let mut early: HashMap<CallId, StoredMessage> = HashMap::new();
    for message in messages {
        let mut answers = Vec::new();
        match &message.message {
            Message::Tool(result) => {
                match waiting.get_mut(&result.call_id).map(Vec::pop) {
                    Some(Some((at, call))) => spoken[at].answers[call] = Some(message),
                    // Answered before: the first result stands.
                    Some(None) => {}
                    None => {
                        early.entry(result.call_id.clone()).or_insert(message);
                    }
                }
                continue;
            }
            Message::Assistant(said) => {
                for (index, call) in said.calls.iter().enumerate() {
                    let places = waiting.entry(call.id.clone()).or_default();
                    let answer = early.remove(&call.id);
                    if answer.is_none() {
                        places.push((spoken.len(), index));
                    }
                    answers.push(answer);
                }
            }
            Message::User { .. } | Message::Notice { .. } => {}
        }
        spoken.push(Spoken { message, answers });
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JsonMap, call::ToolCall, id::TurnId, message::AssistantMessage};

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.into(), ..ToolCall::new("t", JsonMap::new()) }
    }

    /// `u` a user's message, `a:x,y` an assistant's with the calls x and y, `x` a result of x.
    fn history(text: &str) -> Vec<StoredMessage> {
        let message = |word: &str| match word.split_once(':') {
            Some((_, calls)) => Message::Assistant(AssistantMessage {
                calls: calls.split(',').map(call).collect(),
                ..AssistantMessage::default()
            }),
            None if word == "u" => Message::user("hello"),
            None => Message::Tool(ToolResult::new(&call(word), ToolStatus::Ok, "done")),
        };
        let stored = |(i, word)| StoredMessage {
            id: 10 * (i as i64 + 1),
            turn: TurnId::from("t"),
            at_ms: 0,
            message: message(word),
        };
        text.split_whitespace().enumerate().map(stored).collect()
    }

    /// The same notation, with the ids, and `!` behind what was made up.
    fn shown(history: &[StoredMessage]) -> String {
        let word = |m: &StoredMessage| {
            let id = m.id;
            match &m.message {
                Message::Assistant(said) => {
                    let calls: Vec<_> = said.calls.iter().map(|c| c.id.as_str()).collect();
                    format!("a:{}@{id}", calls.join(","))
                }
                Message::Tool(r) if r.status == ToolStatus::Interrupted => format!("{}!@{id}", r.call_id),
                Message::Tool(r) => format!("{}@{id}", r.call_id),
                _ => format!("u@{id}"),
            }
        };
        history.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_call_gets_exactly_one_result_behind_it() {
        let cases = [
            ("", ""),
            ("u a:x,y y x u", "u@10 a:x,y@20 y@30 x@40 u@50"),
            ("u a:x,y y", "u@10 a:x,y@20 y@30 x!@30"),
            ("u a:x", "u@10 a:x@20 x!@20"),
            ("u a:x u x", "u@10 a:x@20 x@20 u@30"),
            ("u x a:x u", "u@10 a:x@30 x@30 u@40"),
            ("x u", "u@20"),
            ("a:x x x u", "a:x@10 x@20 u@40"),
            ("a:x x x a:x u", "a:x@10 x@20 a:x@40 x!@40 u@50"),
            ("a:x a:x x", "a:x@10 x!@10 a:x@20 x@30"),
            ("a:x,y,z u z a:w y w", "a:x,y,z@10 z@10 y@10 x!@10 u@20 a:w@40 w@60"),
            ("a:x,x x x", "a:x,x@10 x@20 x@30"),
        ];
        for (stored, expected) in cases {
            assert_eq!(shown(&in_order(history(stored))), expected, "from {stored:?}");
        }
    }

    #[test]
    fn what_is_in_order_stays_and_ids_never_fall() {
        let good = history("u a:x,y x y a:z z u");
        assert_eq!(in_order(good.clone()), good);
        let odd = in_order(history("z u a:x,y u y a:z u x x q u a:q"));
        assert!(odd.windows(2).all(|pair| pair[0].id <= pair[1].id), "{}", shown(&odd));
    }
}
