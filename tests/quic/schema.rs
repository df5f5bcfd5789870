//! `docs/protocol.schema.json` says what the types say, both ways.

use super::protocol_schema::{Schema, keys, schema};
use openpista::{
    domain::{
        approval::{Approval, ApprovalRequest},
        call::{ToolCall, ToolResult, ToolStatus},
        device::Role,
        envelope::Origin,
        event::TurnEvent,
        hook::TurnContext,
        id::{CallId, DeviceId, SessionId, TurnId},
        message::{AssistantMessage, Message},
        secret::Secret,
        usage::Usage,
    },
    quic::protocol::{Answer, Hello, Kind, Refusal, Request, Welcome},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The words in backquotes behind "expected" in an error of serde's.
fn expected(error: &str) -> BTreeSet<String> {
    let (_, list) = error.split_once("expected").unwrap_or_default();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The variants of a type that is tagged by `type`.
fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(json!({ "type": "zzz" })).err().expect("no such variant");
    expected(&error.to_string())
}

fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn requests_have_the_fields_of_the_schema() {
    let schema = schema();
    assert_eq!(variants::<Request>(), schema.names("request."));
    let decode = |request: &Value| Request::decode(request.to_string().as_bytes());
    for name in schema.names("request.") {
        let definition = format!("request.{name}");
        let mut slip = schema.sample(&definition, true);
        for all in [false, true] {
            let request = Value::Object(schema.sample(&definition, all));
            assert_eq!(decode(&request).unwrap_or_else(|e| panic!("{request}: {e}")).name(), name);
        }
        slip.insert("zzz".into(), 1.into());
        let error = serde_json::from_value::<Request>(slip.into()).unwrap_err().to_string();
        let mut fields = expected(&error);
        fields.insert("type".into());
        assert_eq!(fields, schema.fields(&definition), "{name}: {error}");
        for field in schema.required(&definition) {
            let mut lacking = schema.sample(&definition, true);
            lacking.remove(&field);
            assert!(decode(&lacking.into()).is_err(), "{name} without {field}");
        }
        for field in schema.fields(&definition) {
            let mut wrong = schema.sample(&definition, true);
            wrong.insert(field.clone(), json!([[]]));
            assert!(decode(&wrong.into()).is_err(), "{name} with a wrong {field}");
        }
    }
}

#[test]
fn the_hello_has_the_fields_of_the_schema() {
    let schema = schema();
    let hello = json!({ "type": "hello", "version": 1, "token": "t", "zzz": 1 });
    let error = Hello::decode(hello.to_string().as_bytes()).unwrap_err().message;
    assert_eq!(expected(&error), schema.fields("hello"), "{error}");
    for hello in [
        json!({ "type": "hello", "version": 1, "token": "t", "client": "c" }),
        json!({ "type": "hello", "version": 1, "code": "c", "name": "n" }),
    ] {
        schema.check("hello", &hello);
        let read = Hello::decode(hello.to_string().as_bytes()).unwrap();
        assert_eq!(read.to_json(), hello);
    }
}

/// That each value is as the definition says, that the first has all of its fields and the last only the
/// required ones.
#[track_caller]
fn agree(schema: &Schema, name: &str, values: &[&dyn erased::Json]) {
    let values: Vec<Value> = values.iter().map(|value| value.json()).collect();
    values.iter().for_each(|value| schema.check(name, value));
    let (first, last) = (values.first().expect("a value"), values.last().expect("a value"));
    assert_eq!(keys(first), schema.fields(name), "{name}");
    assert_eq!(keys(last), schema.required(name), "{name}");
}

mod erased {
    use super::{Serialize, Value};

    /// Whatever can be JSON.
    pub(super) trait Json {
        fn json(&self) -> Value;
    }

    impl<T: Serialize> Json for T {
        fn json(&self) -> Value {
            serde_json::to_value(self).expect("JSON")
        }
    }
}

fn map() -> serde_json::Map<String, Value> {
    [("exit_code".to_owned(), json!(0))].into_iter().collect()
}

fn full_call() -> ToolCall {
    ToolCall {
        id: CallId::from("c"),
        name: "system.run".into(),
        args: map(),
        invalid: Some("{".into()),
        extras: map(),
    }
}

/// Each kind of event. A new one, and a new field, is an error here: it takes a row in the schema.
fn event_name(event: &TurnEvent) -> &'static str {
    match event {
        TurnEvent::Start { session: _, turn: _, model: _ } => "start",
        TurnEvent::Text { delta: _ } => "text",
        TurnEvent::Reasoning { delta: _ } => "reasoning",
        TurnEvent::Restart { reason: _ } => "restart",
        TurnEvent::ToolStart { id: _, name: _, args: _ } => "tool_start",
        TurnEvent::ToolEnd { id: _, name: _, status: _, content: _, meta: _, duration_ms: _ } => "tool_end",
        TurnEvent::Notice { text: _ } => "notice",
        TurnEvent::Done { session: _, turn: _, text: _, model: _, usage: _, rounds: _ } => "done",
        TurnEvent::Failed { session: _, turn: _, error: _, kind: _, usage: _ } => "failed",
    }
}

fn events() -> Vec<TurnEvent> {
    let (session, turn, id) = (SessionId::generate(), TurnId::generate(), CallId::from("c"));
    let usage = Usage { input: 1, output: 2, usd: Some(0.5), estimated: true };
    let text = || "t".to_owned();
    vec![
        TurnEvent::Start { session: session.clone(), turn: turn.clone(), model: text() },
        TurnEvent::Text { delta: text() },
        TurnEvent::Reasoning { delta: text() },
        TurnEvent::Restart { reason: text() },
        TurnEvent::ToolStart { id: id.clone(), name: text(), args: map() },
        TurnEvent::ToolEnd {
            id,
            name: text(),
            status: ToolStatus::Denied,
            content: text(),
            meta: map(),
            duration_ms: 1,
        },
        TurnEvent::Notice { text: text() },
        TurnEvent::Done {
            session: session.clone(),
            turn: turn.clone(),
            text: text(),
            model: text(),
            usage,
            rounds: 1,
        },
        TurnEvent::Failed { session, turn, error: text(), kind: "budget", usage },
    ]
}

#[test]
fn events_have_the_fields_of_the_schema() {
    let schema = schema();
    assert_eq!(variants::<TurnEvent>(), schema.names("event."));
    let events = events();
    let made: BTreeSet<String> = events.iter().map(|event| event_name(event).to_owned()).collect();
    assert_eq!(made, schema.names("event."));
    for event in &events {
        agree(&schema, &format!("event.{}", event_name(event)), &[event]);
        schema.check("frame", &json!({ "type": "event", "event": event }));
    }
    // The words of failures: those that are read as themselves.
    let kinds = schema.definition("event.failed")["properties"]["kind"]["enum"].as_array().unwrap();
    for kind in kinds {
        let mut failed = serde_json::to_value(events.last().unwrap()).unwrap();
        failed["kind"] = kind.clone();
        let read: TurnEvent = serde_json::from_value(failed.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), failed);
    }
}

#[test]
fn frames_have_the_fields_of_the_schema() {
    let schema = schema();
    let mut names: BTreeSet<String> = schema.names("frame.");
    names.extend(["welcome".to_owned(), "error".to_owned()]);
    assert_eq!(variants::<Answer>(), names);
    let welcome = Welcome {
        version: 1,
        server: "s".into(),
        device: DeviceId::from("d"),
        name: "n".into(),
        role: Role::User,
        generation: 1,
        frame_limit: 1,
        message_limit: Some(1),
        streams: 1,
        token: Some(Secret::new("t")),
    };
    let known = Welcome { message_limit: None, token: None, ..welcome.clone() };
    agree(&schema, "welcome", &[&Answer::Welcome(welcome), &Answer::Welcome(known)]);
    let context = TurnContext {
        session: SessionId::generate(),
        turn: TurnId::generate(),
        agent: "main".into(),
        origin: Origin { channel: "quic".into(), user: "d".into() },
        depth: 0,
    };
    let bare = ToolCall::new("fs.read", map());
    agree(&schema, "call", &[&full_call(), &bare]);
    agree(&schema, "context", &[&context]);
    let request = ApprovalRequest { call: full_call(), context, reason: "r".into() };
    agree(&schema, "question", &[&request]);
    agree(&schema, "frame.approval", &[&Answer::Approval { id: "i".into(), request, expires_ms: 1 }]);
    agree(&schema, "frame.event", &[&Answer::Event { event: events().remove(0) }]);
    agree(&schema, "frame.output", &[&Answer::Output { text: "t".into() }]);
    agree(
        &schema,
        "frame.done",
        &[&Answer::Done { result: json!({}) }, &Answer::Done { result: Value::Null }],
    );
    let refusal = Refusal { supported: vec![1], retry_after: Some(1), ..Refusal::new(Kind::Busy, "m") };
    agree(&schema, "error", &[&Answer::Error(refusal), &Answer::Error(Refusal::new(Kind::Busy, "m"))]);
}

#[test]
fn objects_within_have_the_fields_of_the_schema() {
    let schema = schema();
    let usage = Usage { input: 1, output: 2, usd: Some(0.5), estimated: false };
    agree(&schema, "usage", &[&usage, &Usage::default()]);
    let stored = |message: Message| {
        let mut json = serde_json::to_value(message).unwrap();
        json["id"] = 1.into();
        json["turn"] = "t".into();
        json["at_ms"] = 1.into();
        json
    };
    let said =
        AssistantMessage { text: "t".into(), calls: vec![full_call()], extras: map(), origin: "o".into() };
    agree(
        &schema,
        "message.assistant",
        &[&stored(Message::Assistant(said)), &stored(Message::Assistant(AssistantMessage::default()))],
    );
    let result = ToolResult::new(&full_call(), ToolStatus::Ok, "t");
    let facts = ToolResult { meta: map(), ..result.clone() };
    agree(&schema, "message.tool", &[&stored(Message::Tool(facts)), &stored(Message::Tool(result))]);
    agree(&schema, "message.user", &[&stored(Message::user("t"))]);
    agree(&schema, "message.notice", &[&stored(Message::Notice { text: "t".into() })]);
    for (name, wrong) in [("role", "boss"), ("answer", "maybe"), ("status", "fine")] {
        let typed: Vec<&str> =
            schema.definition(name)["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let error = match name {
            "role" => serde_json::from_value::<Role>(wrong.into()).unwrap_err(),
            "answer" => serde_json::from_value::<Approval>(wrong.into()).unwrap_err(),
            _ => serde_json::from_value::<ToolStatus>(wrong.into()).unwrap_err(),
        };
        assert_eq!(expected(&error.to_string()), words(&typed), "{name}: {error}");
    }
}

/// All kinds and their words. The match has no other arm: a new kind is an error here until it is listed.
macro_rules! kinds {
    ($($kind:ident $word:literal),+) => {
        const KINDS: &[(Kind, &str)] = &[$((Kind::$kind, $word)),+];
        const fn _all_are_listed(kind: Kind) {
            match kind {
                $(Kind::$kind => {})+
                Kind::Other => {}
            }
        }
    };
}

kinds! {
    Auth "auth", Version "version", Frame "frame", Json "json", Request "request", UnknownType "unknown_type",
    Forbidden "forbidden", Revoked "revoked", Busy "busy", Timeout "timeout", Slow "slow", Shutdown "shutdown",
    NotFound "not_found", Unsupported "unsupported", Config "config", Turn "turn", Cancelled "cancelled",
    Internal "internal"
}

#[test]
fn kinds_of_errors_are_those_of_the_schema_and_of_the_page() {
    let listed = json!(KINDS.iter().map(|(_, word)| *word).collect::<Vec<_>>());
    assert_eq!(schema().definition("error_kind")["enum"], listed);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.md")).unwrap();
    for (kind, word) in KINDS {
        assert_eq!(serde_json::to_value(kind).unwrap(), *word);
        assert!(page.contains(&format!("\n| `{word}` |")), "{word} has no row in the page");
    }
}
