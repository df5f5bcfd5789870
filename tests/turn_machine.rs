//! The turn's state machine under every order of events: whatever happens, the history stays valid,
//! the turn ends, and what ran is not lost.
#![allow(missing_docs)]

use openpista::{
    agent::{Action, Input, MAX_RETURNS, Turn, TurnLimits},
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        chat::{ChatError, ChatResponse},
        message::{AssistantMessage, Message},
        outcome::TurnEnd,
        usage::Usage,
    },
};
use std::collections::VecDeque;

fn answer(text: &str, calls: Vec<ToolCall>) -> Input {
    Input::Model(ChatResponse {
        message: AssistantMessage { text: text.into(), calls, ..Default::default() },
        usage: Usage::default(),
        model: "p/m".into(),
        cut: false,
    })
}

fn sent_back(text: &str, remark: &str, calls: Vec<ToolCall>) -> Input {
    let Input::Model(response) = answer(text, calls) else { unreachable!() };
    Input::SentBack { response, remark: remark.into() }
}

fn call(name: &str, n: u64) -> ToolCall {
    let mut args = JsonMap::new();
    args.insert("n".into(), n.into());
    ToolCall::new(name, args)
}

fn result(call: &ToolCall, text: &str) -> Input {
    Input::ToolDone(ToolResult::new(call, ToolStatus::Ok, text))
}

fn turn(max_tool_rounds: u32) -> Turn {
    Turn::new(TurnLimits { max_tool_rounds, max_tokens: None })
}

/// Takes down what a driver would do.
#[derive(Default)]
struct Log {
    history: Vec<Message>,
    running: Vec<ToolCall>,
    asked: Vec<bool>,
    shrinks: u32,
    notices: Vec<String>,
    end: Option<TurnEnd>,
}

impl Log {
    fn take(&mut self, actions: VecDeque<Action>) {
        for action in actions {
            assert!(self.end.is_none(), "nothing comes after the end: {action:?}");
            match action {
                Action::Store(message) => self.history.push(message),
                Action::CallModel { tools } => self.asked.push(tools),
                Action::Shrink { .. } => self.shrinks += 1,
                Action::RunTools(calls) => self.running = calls,
                Action::Notice(text) => self.notices.push(text),
                Action::Finish(end) => self.end = Some(end),
            }
        }
    }

    /// Every call has exactly one result, in the message after it, before anything else is said.
    fn assert_valid(&self) {
        let mut open: Vec<&str> = vec![];
        for message in &self.history {
            match message {
                Message::Tool(r) => {
                    let at = open.iter().position(|id| *id == r.call_id.as_str());
                    open.remove(at.expect("a result answers a call that is open"));
                }
                other => {
                    assert!(open.is_empty(), "calls without results before {other:?}");
                    if let Message::Assistant(a) = other {
                        open.extend(a.calls.iter().map(|c| c.id.as_str()));
                    }
                }
            }
        }
        assert!(open.is_empty(), "calls without results at the end");
    }
}

#[test]
fn an_answer_ends_the_turn() {
    let mut turn = turn(10);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    log.take(turn.handle(answer("42", vec![])));
    assert_eq!(log.end, Some(TurnEnd::Answered("42".into())));
    assert_eq!((log.asked, log.history.len()), (vec![true], 1));
    assert!(turn.handle(Input::Cancel { partial: "late".into() }).is_empty());
}

#[test]
fn parallel_calls_run_together_and_results_may_come_in_any_order() {
    let mut turn = turn(10);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    let calls = vec![call("a", 1), call("b", 2), call("c", 3)];
    log.take(turn.handle(answer("", calls.clone())));
    assert_eq!(log.running, calls);
    for index in [2, 0, 1] {
        assert_eq!(log.asked.len(), 1, "the model is asked again only when all are done");
        log.take(turn.handle(result(&calls[index], "r")));
    }
    assert_eq!(log.asked, [true, true]);
    log.take(turn.handle(result(&calls[0], "again")));
    log.take(turn.handle(answer("done", vec![])));
    log.assert_valid();
    assert_eq!(log.history.len(), 5);
}

#[test]
fn after_the_last_round_the_model_sums_up_without_tools() {
    let mut turn = turn(3);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for n in 0..3 {
        let c = call("a", n);
        log.take(turn.handle(answer("", vec![c.clone()])));
        log.take(turn.handle(result(&c, &n.to_string())));
    }
    assert_eq!(log.asked, [true, true, true, false]);
    // It asks for tools all the same: what it said counts, what it asks for isn't run.
    log.running.clear();
    log.take(turn.handle(answer("so far", vec![call("a", 9)])));
    assert!(log.running.is_empty());
    assert_eq!(log.end, Some(TurnEnd::Answered("so far".into())));
    assert_eq!(turn.rounds(), 3);
    log.assert_valid();
}

#[test]
fn no_work_is_lost_when_the_closing_answer_is_empty() {
    let mut turn = turn(1);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    let c = call("a", 1);
    log.take(turn.handle(answer("", vec![c.clone()])));
    log.take(turn.handle(result(&c, "r")));
    log.take(turn.handle(answer(" ", vec![call("a", 2)])));
    log.take(turn.handle(answer("", vec![])));
    assert!(matches!(&log.end, Some(TurnEnd::Answered(text)) if text.contains("1 round")));
    log.assert_valid();
}

#[test]
fn an_empty_answer_is_asked_for_once_more_and_then_an_error() {
    let mut turn = turn(5);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    log.take(turn.handle(answer("", vec![])));
    assert_eq!(log.asked.len(), 2);
    log.take(turn.handle(answer("", vec![])));
    assert!(matches!(log.end, Some(TurnEnd::Failed { kind: "model", .. })));
}

#[test]
fn repeating_itself_brings_a_hint_and_then_the_end() {
    let mut turn = turn(100);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for n in 1..=5 {
        let c = call("a", 7);
        log.take(turn.handle(answer("", vec![c.clone()])));
        log.take(turn.handle(result(&c, "same")));
        let notices = log.history.iter().filter(|m| matches!(m, Message::Notice { .. })).count();
        assert_eq!(notices, [0, 0, 1, 1, 2][n - 1]);
    }
    assert_eq!(log.asked.last(), Some(&false));
    // Different results are progress.
    let mut turn = self::turn(100);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for n in 0..20 {
        let c = call("poll", 7);
        log.take(turn.handle(answer("", vec![c.clone()])));
        log.take(turn.handle(result(&c, &n.to_string())));
    }
    assert!(log.asked.iter().all(|tools| *tools));
}

#[test]
fn refusals_in_a_row_bring_a_hint() {
    let mut turn = turn(100);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for n in 0..3 {
        let c = call("a", n);
        log.take(turn.handle(answer("", vec![c.clone()])));
        log.take(turn.handle(Input::ToolDone(ToolResult::new(&c, ToolStatus::Denied, format!("no {n}")))));
    }
    assert!(matches!(log.history.last(), Some(Message::Notice { text }) if text.contains("refused")));
}

#[test]
fn an_overflow_shortens_and_asks_again_but_not_for_ever() {
    let overflow =
        || Input::ModelFailed(ChatError::ContextOverflow { limit: Some(8192), message: "long".into() });
    let mut turn = turn(10);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for _ in 0..100 {
        log.take(turn.handle(overflow()));
        if log.end.is_some() {
            break;
        }
        log.take(turn.handle(Input::Shrunk(true)));
    }
    assert!(matches!(log.end, Some(TurnEnd::Failed { kind: "model", .. })));
    assert!((2..20).contains(&log.shrinks));

    let mut turn = self::turn(10);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    log.take(turn.handle(overflow()));
    log.take(turn.handle(Input::Shrunk(false)));
    assert!(matches!(log.end, Some(TurnEnd::Failed { .. })));
}

#[test]
fn an_answer_is_sent_back_a_bounded_number_of_times() {
    let mut turn = turn(3);
    let mut log = Log::default();
    log.take(turn.handle(Input::Begin));
    for attempt in 1..=MAX_RETURNS {
        assert_eq!(turn.may_send_back(), Some(attempt));
        let stray = vec![call("a", 1)];
        log.take(turn.handle(sent_back("first", "shorter", stray)));
        assert!(log.end.is_none() && log.running.is_empty(), "an answer that goes back asks for nothing");
    }
    assert_eq!(turn.may_send_back(), None);
    log.take(turn.handle(sent_back("last", "shorter", vec![])));
    assert_eq!(log.end, Some(TurnEnd::Answered("last".into())));
    assert_eq!(log.asked.len(), 1 + MAX_RETURNS as usize);
    let texts: Vec<_> = log.history.iter().map(Message::text).collect();
    assert_eq!(texts, ["first", "shorter", "first", "shorter", "last"]);
    log.assert_valid();
}

/// A walk over all that can happen, from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[test]
fn a_cancel_at_any_point_leaves_a_valid_history() {
    for seed in 1..=5_000 {
        let mut dice = Dice(seed * 0x9E37_79B9);
        let mut turn = turn(1 + dice.roll(6) as u32);
        let mut log = Log::default();
        let cancel_at = dice.roll(25);
        log.take(turn.handle(Input::Begin));
        let mut step = 0;
        let mut n = 0;
        while log.end.is_none() {
            assert!(step < 1_000, "seed {seed}: the turn does not end");
            if step == cancel_at {
                let partial = if dice.roll(2) == 0 { String::new() } else { "half a sen".into() };
                log.take(turn.handle(Input::Cancel { partial }));
                assert_eq!(log.end, Some(TurnEnd::Cancelled), "seed {seed}");
                break;
            }
            step += 1;
            if let Some(index) =
                (!log.running.is_empty()).then(|| dice.roll(log.running.len() as u64) as usize)
            {
                let c = log.running.remove(index);
                log.take(turn.handle(result(&c, &dice.roll(3).to_string())));
                continue;
            }
            let input = match dice.roll(10) {
                0 => Input::ModelFailed(ChatError::ContextOverflow { limit: None, message: "long".into() }),
                1 => answer("", vec![]),
                2 => answer("fin", vec![]),
                4 => sent_back("so so", "better", vec![]),
                3 => Input::ToolDone(ToolResult::new(&call("stray", 0), ToolStatus::Ok, "stray")),
                _ => {
                    n += 1;
                    answer("hm", (0..=dice.roll(3)).map(|i| call("a", n * 10 + i)).collect())
                }
            };
            log.take(turn.handle(input));
            if log.shrinks > 0 {
                log.shrinks = 0;
                log.take(turn.handle(Input::Shrunk(true)));
            }
        }
        log.assert_valid();
    }
}
