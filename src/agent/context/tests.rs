//! Whatever the history, it fits and stays whole.

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
        let results =
            calls.iter().map(|call| Message::Tool(ToolResult::new(call, ToolStatus::Ok, "x".repeat(150))));
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
