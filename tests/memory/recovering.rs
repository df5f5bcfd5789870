//! Turns of other programs, alive and dead.

use super::{Place, assert_valid, begin, call, calls, open, place, raw, result, texts};
use openpista::{
    domain::{
        call::{ToolResult, ToolStatus},
        id::{SessionId, TurnId},
        message::Message,
        store::{StoreError, StoredMessage, TurnStatus, TurnStore},
    },
    memory::Memory,
};
use std::fs;

const UNKNOWN: &str =
    "interrupted: the program ended before this call finished; whether it took effect is unknown";

fn status(place: &Place, turn: &TurnId) -> String {
    raw(&place.dir)
        .query_row("SELECT status FROM turns WHERE id = ?1", [turn.as_str()], |row| row.get(0))
        .unwrap()
}

fn locks(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.dir.path().join("run")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Leaves a turn open by ending its program in the middle of it.
async fn leave_open(place: &Place, session: &SessionId, messages: Vec<Message>) -> TurnId {
    let gone = open(&place.dir);
    let turn = begin(&gone, session, "hello").await.unwrap();
    for message in messages {
        gone.append(session, &turn, message).await.unwrap();
    }
    turn
}

fn messages(stored: &[StoredMessage]) -> Vec<Message> {
    stored.iter().map(|stored| stored.message.clone()).collect()
}

fn interrupted(id: &str) -> Message {
    Message::Tool(ToolResult::new(&call(id), ToolStatus::Interrupted, UNKNOWN))
}

#[tokio::test]
async fn a_session_belongs_to_one_live_turn() {
    let place = place();
    let other = open(&place.dir);
    let (session, free) = (place.session().await, place.session().await);
    let turn = place.turn(&session).await;
    for memory in [&place.memory, &other] {
        match begin(memory, &session, "me too").await {
            Err(StoreError::Busy { session: busy, pid }) => {
                assert_eq!((busy, pid), (session.clone(), std::process::id()));
            }
            unexpected => panic!("{unexpected:?}"),
        }
    }
    assert_eq!(other.recover().await.unwrap(), []);
    begin(&other, &free, "elsewhere").await.unwrap();
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    begin(&other, &session, "now").await.unwrap();
    assert_eq!(texts(&other.messages(&session).await.unwrap()), ["hello", "now"]);
}

#[tokio::test]
async fn a_dead_programs_turn_is_closed_exactly() {
    let place = place();
    let memory = &place.memory;
    let session = place.session().await;
    let begun = vec![calls(&["a"]), result("a"), calls(&["x", "y", "z"]), result("y")];
    let turn = leave_open(&place, &session, begun.clone()).await;
    let done = place.session().await;
    let kept = begin(memory, &done, "a turn of ours").await.unwrap();
    assert_eq!(memory.recover().await.unwrap(), [(session.clone(), turn.clone())]);
    let stored = memory.messages(&session).await.unwrap();
    let mut expected = vec![Message::user("hello")];
    expected.extend(begun);
    expected.extend([interrupted("x"), interrupted("z")]);
    assert_eq!(messages(&stored[..expected.len()]), expected);
    let notice = &stored[expected.len()..];
    assert!(
        matches!(notice, [StoredMessage { message: Message::Notice { text }, .. }] if text.contains("interrupted"))
    );
    assert!(stored.iter().all(|message| message.turn == turn));
    assert_eq!(memory.context(&session).await.unwrap(), stored);
    assert_valid(&stored);
    assert_eq!((status(&place, &turn).as_str(), status(&place, &kept).as_str()), ("interrupted", "running"));
    assert_eq!(memory.recover().await.unwrap(), []);
    assert_eq!(memory.messages(&session).await.unwrap(), stored);
}

#[tokio::test]
async fn two_that_recover_at_once_close_each_turn_once() {
    let place = place();
    for _ in 0..20 {
        let mut turns = Vec::new();
        for _ in 0..3 {
            let session = place.session().await;
            let turn = leave_open(&place, &session, vec![calls(&["x"])]).await;
            turns.push((session, turn));
        }
        let (a, b) = (open(&place.dir), open(&place.dir));
        let recover = |memory: Memory| std::thread::spawn(move || block_on(memory.recover()).unwrap());
        let recovering = [recover(a), recover(b)];
        let mut closed: Vec<_> = recovering.into_iter().flat_map(|r| r.join().unwrap()).collect();
        closed.sort();
        turns.sort();
        assert_eq!(closed, turns);
        for (session, _) in turns {
            let stored = place.memory.messages(&session).await.unwrap();
            assert_eq!(messages(&stored[..3]), [Message::user("hello"), calls(&["x"]), interrupted("x")]);
            assert_eq!(stored.len(), 4);
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[tokio::test]
async fn the_next_turn_closes_the_dead_one_of_its_session_first() {
    let place = place();
    let (session, other) = (place.session().await, place.session().await);
    let turn = leave_open(&place, &session, vec![calls(&["x"])]).await;
    let elsewhere = leave_open(&place, &other, vec![]).await;
    begin(&place.memory, &session, "again").await.unwrap();
    let context = place.memory.context(&session).await.unwrap();
    assert_eq!(messages(&context[..3]), [Message::user("hello"), calls(&["x"]), interrupted("x")]);
    assert!(matches!(&context[3].message, Message::Notice { .. }));
    assert_eq!(context[4].message, Message::user("again"));
    assert_valid(&context);
    assert_eq!(status(&place, &turn), "interrupted");
    assert_eq!(status(&place, &elsewhere), "running");
}

#[tokio::test]
async fn a_dead_turn_does_not_keep_its_session_from_being_removed() {
    let place = place();
    let session = place.session().await;
    leave_open(&place, &session, vec![calls(&["x"])]).await;
    place.memory.remove_session(&session).await.unwrap();
    assert_eq!(place.memory.recover().await.unwrap(), []);
}

#[tokio::test]
async fn the_context_is_valid_however_things_were_stored() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let steps = [
        calls(&["a", "b"]),
        result("a"),
        result("b"),
        result("c"),
        Message::user("u"),
        calls(&["c"]),
        calls(&["b"]),
    ];
    let mut state = 7_usize;
    for _ in 0..300 {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        let step = steps[(state >> 8) % steps.len()].clone();
        place.memory.append(&session, &turn, step).await.unwrap();
    }
    let context = place.memory.context(&session).await.unwrap();
    assert_valid(&context);
    assert_ne!(context, place.memory.messages(&session).await.unwrap());
    // Wherever a summary cuts, the rest is valid too, and loses nothing that came after.
    for cut in [1, 20, 50, 51, 52, 53, 120] {
        place.memory.summarise(&session, context[cut].id, "before").await.unwrap();
        let rest = place.memory.context(&session).await.unwrap();
        assert_valid(&rest);
        let spoken = |all: &[StoredMessage]| {
            let spoken =
                all.iter().filter(|m| !matches!(m.message, Message::Tool(_)) && m.id > context[cut].id);
            spoken.map(|m| m.id).collect::<Vec<_>>()
        };
        assert_eq!(spoken(&rest[1..]), spoken(&context));
    }
}

#[tokio::test]
async fn lock_files_come_and_go_with_their_programs() {
    let place = place();
    let session = place.session().await;
    assert_eq!(locks(&place), [""; 0]);
    fs::create_dir(place.dir.path().join("run")).unwrap();
    fs::write(place.dir.path().join("run/dead.lock"), "").unwrap();
    let turn = place.turn(&session).await;
    let own = locks(&place);
    assert!(own.len() == 1 && own[0] != "dead.lock", "{own:?}");
    let other = open(&place.dir);
    let free = place.session().await;
    begin(&other, &free, "hello").await.unwrap();
    assert_eq!(locks(&place).len(), 2);
    drop(other);
    assert_eq!(locks(&place), own);
    place.memory.end_turn(&turn, TurnStatus::Done).await.unwrap();
    place.memory.close().await;
    assert_eq!(locks(&place), [""; 0]);
}

#[tokio::test]
async fn an_instance_name_cannot_point_out_of_its_directory() {
    let place = place();
    let session = place.session().await;
    leave_open(&place, &session, vec![]).await;
    let precious = place.dir.path().join("precious.lock");
    fs::write(&precious, "").unwrap();
    raw(&place.dir).execute("UPDATE turns SET instance = '../precious'", []).unwrap();
    assert_eq!(place.memory.recover().await.unwrap().len(), 1);
    assert!(precious.exists());
}
