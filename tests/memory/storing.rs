//! Storing and reading back.

use super::{assert_valid, begin, calls, new_session, open, origin, place, raw, result, texts};
use openpista::{
    domain::{
        JsonMap,
        approval::{Grant, Grants},
        call::{ToolCall, ToolResult, ToolStatus},
        id::{SessionId, TurnId},
        message::{AssistantMessage, Message},
        store::{StoreError, TurnStatus, TurnStore},
        usage::Usage,
    },
    memory::{Memory, OpenOptions},
};
use serde_json::json;
use std::time::Duration;

/// Contents that are likely to be spoilt on the way.
fn odd_contents() -> Vec<String> {
    let mut contents: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b\0",
        "\u{feff}bom",
        "null",
        "'; DROP TABLE messages; --",
        "{\"role\":\"user\"}",
        "\"\\u0000\\ud800",
        "line\r\nline\u{2028}\u{85}line",
        "e\u{301}\u{301}é 한국어 עברית \u{202e}turned\u{202c}",
        "👩‍👩‍👧‍👦\u{10ffff}\u{e000}\u{fffd}",
        "\u{1b}[31mred\u{7f}\u{80}",
    ]
    .map(str::to_owned)
    .into();
    contents.push("漢\0字 ".repeat(1 << 17));
    let mut state = 42_u64;
    for length in 0..200 {
        contents.push((0..length % 40).map(|_| odd_char(&mut state)).collect());
    }
    contents
}

/// Characters of all planes, surrogates left out.
fn odd_char(state: &mut u64) -> char {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let bits = (*state >> 33) as u32;
    char::from_u32(bits % 0x11_0000).unwrap_or('\0')
}

fn shapes(text: &str) -> Vec<Message> {
    let object = |value: serde_json::Value| value.as_object().cloned().unwrap();
    let args = object(json!({
        text: text, "n": [0.1, 31.245270191439438, -2.5e-300, u64::MAX, i64::MIN, 1e300], "deep": {"a": [null, true, {}]},
    }));
    let plain = ToolCall::new("fs.read", args.clone());
    let mut with_extras = ToolCall::new(text, JsonMap::new());
    with_extras.extras = object(json!({ "id": text, "extra_content": { "google": { "sig": text } } }));
    let mut invalid = ToolCall::new("system.run", JsonMap::new());
    invalid.invalid = Some(text.to_owned());
    let mut answered = ToolResult::new(&plain, ToolStatus::Error, text);
    answered.meta = object(json!({ "exit_code": -1, "spill": text }));
    let said = |text: &str, calls| AssistantMessage { text: text.to_owned(), calls, ..Default::default() };
    vec![
        Message::user(text),
        Message::Notice { text: text.into() },
        Message::Assistant(said(text, vec![])),
        Message::Assistant(AssistantMessage {
            extras: args,
            origin: text.into(),
            ..said("", vec![plain, with_extras.clone(), invalid.clone()])
        }),
        Message::Assistant(AssistantMessage { origin: text.into(), ..said(text, vec![]) }),
        Message::Tool(answered),
        Message::Tool(ToolResult::new(&with_extras, ToolStatus::Denied, text)),
        Message::Tool(ToolResult::new(&invalid, ToolStatus::Cancelled, text)),
    ]
}

#[tokio::test]
async fn every_shape_of_message_comes_back_as_it_was() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let mut stored = vec![Message::user("hello")];
    for content in odd_contents() {
        for message in shapes(&content) {
            place.memory.append(&session, &turn, message.clone()).await.unwrap();
            stored.push(message);
        }
    }
    drop(place.memory);
    let read = open(&place.dir).messages(&session).await.unwrap();
    assert_eq!(read.len(), stored.len());
    for (read, stored) in read.iter().zip(&stored) {
        // Servers refuse a conversation with NUL in it.
        let stored = stored.clone().cleaned();
        assert!(!stored.text().contains('\0'));
        assert!(read.message == stored, "stored {stored:?}, read {:?}", read.message);
        assert_eq!(read.turn, turn);
    }
}

#[tokio::test]
async fn many_callers_at_once_all_land_each_in_its_order() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..64 {
        let (memory, session, turn) = (place.memory.clone(), session.clone(), turn.clone());
        callers.spawn(async move {
            for n in 0..20 {
                memory.append(&session, &turn, Message::user(format!("{caller} {n}"))).await.unwrap();
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    let read = texts(&place.memory.messages(&session).await.unwrap());
    assert_eq!(read.len(), 1 + 64 * 20);
    for caller in 0..64 {
        let prefix = format!("{caller} ");
        let own: Vec<_> = read.iter().filter_map(|text| text.strip_prefix(&prefix)).collect();
        assert_eq!(own, (0..20).map(|n| n.to_string()).collect::<Vec<_>>(), "caller {caller}");
    }
}

#[tokio::test]
async fn the_order_of_the_calls_counts_not_that_of_the_awaits() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let append = |n: i32| place.memory.append(&session, &turn, Message::user(n.to_string()));
    let mut futures: Vec<_> = (0..100).map(append).collect();
    drop(futures.remove(50));
    while let Some(future) = futures.pop() {
        future.await.unwrap();
    }
    let read = texts(&place.memory.messages(&session).await.unwrap());
    assert_eq!(read[1..], (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_that_fails_does_not_spoil_what_is_committed_with_it() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let (fresh, nobody) = (place.session().await, TurnId::generate());
    // While another has the file, everything queues up for one commit.
    let other = raw(&place.dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let memory = &place.memory;
    let user = origin();
    let again = Message::user("the same turn again");
    let first = memory.append(&session, &turn, Message::user("first"));
    let bad = memory.append(&session, &nobody, Message::user("no such turn"));
    let second = memory.append(&session, &turn, Message::user("second"));
    let busy = memory.begin_turn(&session, &nobody, &user, &again);
    // Fails halfway: it has given the session its title by then.
    let halfway = memory.begin_turn(&fresh, &turn, &user, &again);
    let third = memory.append(&session, &turn, Message::user("third"));
    std::thread::sleep(Duration::from_millis(50));
    other.execute_batch("COMMIT").unwrap();
    first.await.unwrap();
    let error = bad.await.unwrap_err().to_string();
    assert!(error.contains(nobody.as_str()) && error.contains("memory.db"), "{error}");
    second.await.unwrap();
    assert!(matches!(busy.await, Err(StoreError::Busy { .. })));
    assert!(matches!(halfway.await, Err(StoreError::Database { .. })));
    third.await.unwrap();
    assert_eq!(texts(&memory.messages(&session).await.unwrap()), ["hello", "first", "second", "third"]);
    assert_eq!(memory.find_session(fresh.as_str()).await.unwrap().title, "");
}

#[tokio::test]
async fn what_happened_while_the_file_was_locked_is_stored_in_order() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let patience = OpenOptions { busy_timeout: Duration::from_millis(30), ..OpenOptions::default() };
    let hasty = Memory::open(place.memory.path(), patience).unwrap();
    let other = raw(&place.dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let futures: Vec<_> =
        (0..5).map(|n| hasty.append(&session, &turn, Message::user(n.to_string()))).collect();
    for future in futures {
        let error = future.await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Delayed { message, .. } if message.contains("locked")),
            "{error}"
        );
    }
    assert_eq!(hasty.outage().unwrap().waiting, 5);
    // What nobody has done yet is not kept: whoever asks for it hears of the failure.
    let error = hasty.create_session(new_session()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable { .. }), "{error}");
    other.execute_batch("COMMIT").unwrap();
    hasty.append(&session, &turn, Message::user("later")).await.unwrap();
    assert!(hasty.outage().is_none());
    let expected = ["hello", "0", "1", "2", "3", "4", "later"];
    assert_eq!(texts(&hasty.messages(&session).await.unwrap()), expected);
}

#[tokio::test]
async fn what_could_not_be_stored_until_the_end_is_counted() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let patience = OpenOptions { busy_timeout: Duration::from_millis(30), ..OpenOptions::default() };
    let hasty = Memory::open(place.memory.path(), patience).unwrap();
    let other = raw(&place.dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    hasty.append(&session, &turn, Message::user("lost")).await.unwrap_err();
    assert_eq!(hasty.close().await, 1);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(texts(&place.memory.messages(&session).await.unwrap()), ["hello"]);
}

#[tokio::test]
async fn dropping_the_last_handle_writes_what_is_queued() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let clone = place.memory.clone();
    for n in 0..500 {
        drop(place.memory.append(&session, &turn, Message::user(n.to_string())));
    }
    drop(place.memory);
    drop(clone);
    assert_eq!(open(&place.dir).messages(&session).await.unwrap().len(), 501);
}

#[tokio::test]
async fn closing_writes_what_is_queued_and_ends_writing() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let queued = place.memory.append(&session, &turn, Message::user("queued"));
    place.memory.close().await;
    queued.await.unwrap();
    let error = place.memory.append(&session, &turn, Message::user("late")).await.unwrap_err();
    assert!(error.to_string().contains("the memory is closed"), "{error}");
    place.memory.close().await;
    assert_eq!(texts(&open(&place.dir).messages(&session).await.unwrap()), ["hello", "queued"]);
}

#[tokio::test]
async fn a_long_log_is_worked_in_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("memory.db");
    let options = OpenOptions { log_keep: 1, log_leave: 1, log_limit: 1 << 16, ..OpenOptions::default() };
    let memory = Memory::open(&path, options).unwrap();
    let session = memory.create_session(new_session()).await.unwrap().id;
    let turn = begin(&memory, &session, "hello").await.unwrap();
    for n in 0..100 {
        memory.append(&session, &turn, Message::user(format!("{n} {}", "x".repeat(5000)))).await.unwrap();
        if n % 25 == 0 {
            // Long enough for a lull.
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }
    let log = std::fs::metadata(dir.path().join("memory.db-wal")).unwrap().len();
    assert!(log < 100 * 5000 / 2, "the log holds {log} bytes");
    memory.close().await;
    assert_eq!(std::fs::metadata(dir.path().join("memory.db-wal")).map_or(0, |m| m.len()), 0);
    assert_eq!(open(&dir).messages(&session).await.unwrap().len(), 101);
}

#[tokio::test]
async fn a_summary_stands_for_what_it_covers() {
    let place = place();
    let memory = &place.memory;
    let session = place.session().await;
    let turn = place.turn(&session).await;
    for message in [calls(&["x", "y"]), result("x"), result("y"), Message::user("now")] {
        memory.append(&session, &turn, message).await.unwrap();
    }
    let all = memory.context(&session).await.unwrap();
    assert_eq!(all, memory.messages(&session).await.unwrap());
    memory.summarise(&session, all[0].id, "an older summary").await.unwrap();
    // In the middle of the results: y's is without its call then, and must not be shown.
    memory.summarise(&session, all[2].id, "they said hello").await.unwrap();
    let context = memory.context(&session).await.unwrap();
    assert_eq!(texts(&context), ["they said hello", "now"]);
    assert_eq!(context[0].message, Message::Notice { text: "they said hello".into() });
    assert_eq!((context[0].id, &context[0].turn), (all[2].id, &turn));
    assert_valid(&context);
    assert_eq!(memory.messages(&session).await.unwrap().len(), 5);
    let nowhere = SessionId::generate();
    assert!(matches!(memory.context(&nowhere).await, Err(StoreError::NoSession(_))));
    assert!(matches!(memory.summarise(&nowhere, 1, "").await, Err(StoreError::NoSession(_))));
}

#[tokio::test]
async fn spending_adds_up_and_outlives_its_session() {
    let place = place();
    let memory = &place.memory;
    let (session, other) = (place.session().await, place.session().await);
    let turn = place.turn(&session).await;
    assert_eq!(memory.usage(&session).await.unwrap(), Usage::default());
    let unpriced = Usage { input: 1, output: 2, usd: None, estimated: true };
    memory.spend(&session, &turn, "main", "p/m", unpriced).await.unwrap();
    assert_eq!(memory.usage(&session).await.unwrap(), unpriced);
    let priced = Usage { input: 10, output: 20, usd: Some(0.25), estimated: false };
    memory.spend(&session, &turn, "main", "p/m", priced).await.unwrap();
    memory.spend(&session, &turn, "main", "p/n", Usage { usd: Some(f64::NAN), ..priced }).await.unwrap();
    memory.spend(&other, &turn, "main", "p/m", priced).await.unwrap();
    memory.spend(&other, &turn, "cook", "p/m", Usage { usd: Some(7.0), ..priced }).await.unwrap();
    let total = Usage { input: 21, output: 42, usd: Some(0.25), estimated: true };
    assert_eq!(memory.usage(&session).await.unwrap(), total);
    assert_eq!(memory.spent_today("main").await.unwrap(), 0.5);
    raw(&place.dir)
        .execute("UPDATE usage SET at_ms = at_ms - 86400000 WHERE session = ?1", [other.as_str()])
        .unwrap();
    assert_eq!(memory.spent_today("main").await.unwrap(), 0.25);
    memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    memory.remove_session(&session).await.unwrap();
    assert_eq!(memory.usage(&session).await.unwrap(), Usage::default());
    assert_eq!(memory.spent_today("main").await.unwrap(), 0.25);
    assert_eq!(memory.spent_today("nobody").await.unwrap(), 0.0);
}

#[tokio::test]
async fn grants_are_kept_until_revoked() {
    let place = place();
    let memory = &place.memory;
    let grant = |fingerprint: &str, granted_ms| Grant {
        fingerprint: fingerprint.into(),
        agent: "main".into(),
        tool: "system.run".into(),
        args: r#"{"argv":["ls"]}"#.into(),
        workspace: "/work".into(),
        granted_ms,
    };
    for given in [grant("abc1", 2), grant("abd2", 1), grant("abc1", 9)] {
        memory.grant(given).await.unwrap();
    }
    assert!(memory.granted("abc1").await.unwrap());
    assert!(!memory.granted("abc").await.unwrap());
    assert_eq!(memory.grants().await.unwrap(), [grant("abd2", 1), grant("abc1", 2)]);
    assert_eq!(memory.revoke("").await.unwrap(), 0);
    assert_eq!(memory.revoke("%").await.unwrap(), 0);
    assert_eq!(memory.revoke("ABC").await.unwrap(), 1);
    assert_eq!(memory.grants().await.unwrap(), [grant("abd2", 1)]);
}
