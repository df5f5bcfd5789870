//! Every event reaches its observers, with its payload.

use crate::{
    NOTE, seen,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

/// An init.lua that notes some fields of every event.
fn observing(events: &[(&str, &str)]) -> String {
    let on = |(event, fields): &(&str, &str)| {
        format!("pista.on('{event}', function(e) note('{event}', {fields}) end)\n")
    };
    format!("{NOTE}{}", events.iter().map(on).collect::<String>())
}

#[test]
fn a_turn_with_a_call() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "made"]})),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init(&observing(&[
        ("session.start", "e.agent, e.channel, e.user, type(e.session)"),
        ("turn.start", "e.text, e.agent"),
        ("llm.start", "e.model, type(e.estimated_input)"),
        ("llm.end", "e.model, type(e.usage.input), type(e.duration_ms)"),
        ("approval.asked", "e.name, e.args.argv[1], e.to == nil"),
        ("approval.decided", "e.name, e.approved, e.because"),
        ("tool.start", "e.name, e.args.argv[2]"),
        ("tool.end", "e.name, e.status, type(e.content)"),
        ("turn.end", "e.status, e.rounds, type(e.usage.total)"),
        ("shutdown", "'bye'"),
    ]));
    home.say("go").ok();
    assert_eq!(
        seen(&home),
        "turn.start go main\n\
         session.start main cli user string\n\
         llm.start server/fake-model number\n\
         llm.end server/fake-model number number\n\
         approval.asked system.run touch true\n\
         approval.decided system.run false nobody can be asked\n\
         tool.start system.run made\n\
         tool.end system.run denied string\n\
         llm.start server/fake-model number\n\
         llm.end server/fake-model number number\n\
         turn.end done 1 number\n\
         shutdown bye\n"
    );
}

#[test]
fn errors_are_told_wherever_a_message_is_not_answered() {
    let fake = FakeOpenAi::start([Reply::error(401, "no such key")]);
    let home = Home::with(&fake);
    let mut lua = observing(&[("error", "e.kind, e.agent, #e.message > 0"), ("turn.end", "e.status")]);
    lua.push_str("pista.hook('message', function(m) if m.text == 'bad' then error('x') end end)");
    home.init(&lua);
    home.pipe(["repl"], "one\nbad\n").code(1);
    assert_eq!(seen(&home), "error model main true\nturn.end failed\nerror hook main true\n");
}

#[test]
fn a_fresh_session_is_told() {
    let fake = FakeOpenAi::answering(|_| Reply::text("x"));
    let home = Home::with(&fake);
    home.init(&observing(&[
        ("session.start", "#e.session"),
        ("session.reset", "e.channel, e.agent, e.name, e.next ~= e.session"),
    ]));
    home.pipe(["repl"], "one\ntwo\n/new second\nthree\n").ok();
    assert_eq!(seen(&home), "session.start 26\nsession.reset repl main second true\nsession.start 26\n");
}
