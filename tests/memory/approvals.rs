//! Questions to people: decided once, used once, and left to the next program.

use super::{Place, begin, call, calls, open, place, raw, result};
use openpista::{
    domain::{
        approval::ApprovalRequest,
        hook::TurnContext,
        id::{SessionId, TurnId},
        post::{Arrival, Post},
        question::{
            Asked, Decided, Estate, NewQuestion, Opening, Parked, Question, QuestionState, QuestionStore,
            Voter,
        },
        store::{StoreError, TurnStore},
    },
    memory::Memory,
};

fn asked(user: &str) -> Asked {
    Asked { channel: "phone".into(), user: user.into(), conversation: "kitchen".into() }
}

fn says(user: &str, conversation: Option<&str>) -> Voter {
    let conversation = conversation.map(str::to_owned);
    Voter::Person { channel: "phone".into(), user: user.into(), conversation }
}

fn about(session: &SessionId, turn: &TurnId, id: &str, call_id: &str, patience_ms: i64) -> NewQuestion {
    let context = TurnContext {
        session: session.clone(),
        turn: turn.clone(),
        agent: "main".into(),
        origin: super::origin(),
        depth: 0,
    };
    NewQuestion {
        id: id.into(),
        print: "print".into(),
        people: vec![asked("ada"), asked("bob")],
        request: ApprovalRequest { call: call(call_id), context, reason: "a rule".into() },
        text: "may it?".into(),
        message: "may it? yes or no".into(),
        patience_ms,
    }
}

async fn ask(memory: &Memory, question: NewQuestion) -> Question {
    match memory.open(question, 16).await.unwrap() {
        Opening::Asked(question) => *question,
        other => panic!("{other:?}"),
    }
}

/// A question in a turn of the place's own memory.
async fn open_one(place: &Place, patience_ms: i64) -> Question {
    let session = place.session().await;
    let turn = place.turn(&session).await;
    ask(&place.memory, about(&session, &turn, "qqqqqq", "a", patience_ms)).await
}

#[tokio::test]
async fn the_first_answer_counts_and_is_used_once_for_the_same_call() {
    let place = place();
    let memory = &place.memory;
    open_one(&place, 60_000).await;
    assert_eq!(memory.decide("nothing", &says("ada", None), true).await.unwrap(), Decided::Unknown);
    assert_eq!(memory.decide("qqqqqq", &says("eve", None), true).await.unwrap(), Decided::NotTheirs);
    let elsewhere = memory.decide("qqqqqq", &says("ada", Some("garden")), true).await.unwrap();
    assert_eq!(elsewhere, Decided::Elsewhere);
    assert_eq!(memory.conclude("qqqqqq", "print").await.unwrap().0, QuestionState::Open);
    let counts = memory.decide("qqqqqq", &says("bob", Some("kitchen")), true).await.unwrap();
    assert!(matches!(counts, Decided::Counts(q) if q.state == QuestionState::Yes));
    for (voter, yes) in
        [(says("ada", None), false), (says("bob", None), true), (Voter::Owner("cli:me".into()), false)]
    {
        let late = memory.decide("qqqqqq", &voter, yes).await.unwrap();
        assert!(matches!(late, Decided::Over(q) if q.decided_by.as_deref() == Some("phone:bob")));
    }
    // Not for another call; for this one, once.
    let used = async |print: &str| memory.conclude("qqqqqq", print).await.unwrap().0;
    assert_eq!(used("another").await, QuestionState::Withdrawn);
    assert_eq!(used("print").await, QuestionState::Yes);
    assert_eq!(used("print").await, QuestionState::Withdrawn);
}

#[tokio::test]
async fn time_ends_a_question_and_so_does_its_turn() {
    let place = place();
    let memory = &place.memory;
    open_one(&place, 0).await;
    let late = memory.decide("qqqqqq", &says("ada", None), true).await.unwrap();
    assert!(matches!(late, Decided::Over(q) if q.state == QuestionState::Expired));
    assert_eq!(memory.conclude("qqqqqq", "print").await.unwrap().0, QuestionState::Expired);
    let session = place.session().await;
    let turn = place.turn(&session).await;
    ask(memory, about(&session, &turn, "zzzzzz", "a", 60_000)).await;
    assert_eq!(memory.unanswered().await.unwrap().len(), 1);
    memory.end_turn(&turn, openpista::domain::store::TurnStatus::Cancelled).await.unwrap();
    assert!(memory.unanswered().await.unwrap().is_empty());
    let late = memory.decide("zzzzzz", &says("ada", None), true).await.unwrap();
    assert!(matches!(late, Decided::Over(q) if q.state == QuestionState::Withdrawn));
}

#[tokio::test]
async fn a_person_has_a_number_of_questions_and_ids_are_not_used_again() {
    let place = place();
    let session = place.session().await;
    let turn = place.turn(&session).await;
    let open = |id: &str| place.memory.open(about(&session, &turn, id, "a", 60_000), 2);
    assert!(matches!(open("a").await.unwrap(), Opening::Asked(_)));
    assert_eq!(open("a").await.unwrap(), Opening::Taken);
    assert!(matches!(open("b").await.unwrap(), Opening::Asked(_)));
    assert_eq!(open("c").await.unwrap(), Opening::TooMany(asked("ada")));
    // What is over makes room, and keeps its id.
    place.memory.withdraw("a").await.unwrap();
    assert_eq!(open("a").await.unwrap(), Opening::Taken);
    assert!(matches!(open("c").await.unwrap(), Opening::Asked(_)));
    // Each who may decide was sent each question.
    let sent: i64 = raw(&place.dir).query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).unwrap();
    assert_eq!(sent, 6);
}

/// Leaves a turn waiting for the answer about its call `b`, and its program dead.
async fn leave(place: &Place) -> (SessionId, TurnId) {
    let gone = open(&place.dir);
    let session = place.session().await;
    let arrival = Arrival {
        channel: "phone".into(),
        conversation: "kitchen".into(),
        user: "ada".into(),
        text: "hello".into(),
        id: "m1".into(),
        callback: None,
    };
    let letter = gone.take(arrival).await.unwrap().unwrap();
    let turn = begin(&gone, &session, "hello").await.unwrap();
    assert!(Post::begin(&gone, letter.number, Some(&turn)).await.unwrap());
    gone.append(&session, &turn, calls(&["a", "x", "b", "c"])).await.unwrap();
    gone.append(&session, &turn, result("a")).await.unwrap();
    assert!(ask(&gone, about(&session, &turn, "qqqqqq", "b", 60_000)).await.resumable);
    (session, turn)
}

#[tokio::test]
async fn a_turn_that_waits_goes_to_the_next_program() {
    let place = place();
    let memory = &place.memory;
    let (session, turn) = leave(&place).await;
    assert_eq!(memory.recover().await.unwrap(), []);
    let refused = begin(memory, &session, "me too").await;
    assert!(matches!(refused, Err(StoreError::Waits { question, .. }) if question == "qqqqqq"));
    let Estate { left, others } = memory.adopt("phone", "interrupted").await.unwrap();
    assert_eq!((left.len(), others), (1, false));
    let context = left[0].parked.clone().expect("a turn");
    assert_eq!((&context.session, &context.turn), (&session, &turn));
    // It belongs to this program now, and to no other.
    let third = open(&place.dir);
    assert_eq!(third.adopt("phone", "interrupted").await.unwrap(), Estate { left: vec![], others: true });
    assert!(matches!(begin(&third, &session, "me too").await, Err(StoreError::Busy { .. })));
    assert!(third.take_up(&session, &turn).await.is_err());
    let Parked { call, open, .. } = memory.take_up(&session, &turn).await.unwrap();
    let ids: Vec<_> = open.iter().map(|call| call.id.as_str()).collect();
    assert_eq!((call.as_str(), ids), ("b", vec!["x", "b", "c"]));
}

#[tokio::test]
async fn a_yes_that_was_used_parks_nothing() {
    let place = place();
    let memory = &place.memory;
    let (session, turn) = leave(&place).await;
    memory.decide("qqqqqq", &says("ada", None), true).await.unwrap();
    assert_eq!(memory.conclude("qqqqqq", "print").await.unwrap().0, QuestionState::Yes);
    assert_eq!(memory.recover().await.unwrap(), [(session, turn)]);
    let Estate { left, .. } = memory.adopt("phone", "interrupted").await.unwrap();
    assert!(left.is_empty());
    let notice: String = raw(&place.dir)
        .query_row("SELECT text FROM outbox ORDER BY id DESC LIMIT 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(notice, "interrupted");
}
