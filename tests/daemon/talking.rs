//! What the owner's own programs can ask of it.

use crate::support::{
    daemon::{Daemon, message, said, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use openpista::{
    domain::approval::Approval,
    quic::protocol::{Answer, Request},
};
use serde_json::json;

#[test]
fn a_message_is_answered() {
    let fake = FakeOpenAi::start([Reply::text("hi there")]);
    let daemon = Daemon::start(&Home::with(&fake));
    assert_eq!(daemon.ask("hello"), "hi there");
    daemon.stop().ok();
}

#[test]
fn a_call_is_asked_about_and_runs_when_the_device_says_yes() {
    let argv = json!({ "argv": ["echo", "it ran"] });
    let fake = FakeOpenAi::start([Reply::call("system_run", argv), Reply::text("done")]);
    let daemon = Daemon::start(&Home::with(&fake));
    soon(async {
        let client = daemon.connect().await;
        let mut answers = client.request(&message("run it")).await.unwrap();
        loop {
            match answers.next().await.unwrap() {
                Answer::Approval { id, request, .. } => {
                    assert_eq!(request.call.name, "system.run");
                    client.ask(&Request::Approval { id: id.clone(), answer: Approval::Yes }).await.unwrap();
                    let again = client.ask(&Request::Approval { id, answer: Approval::Yes }).await;
                    assert!(again.unwrap_err().to_string().contains("no question"));
                }
                Answer::Done { .. } => break,
                _ => {}
            }
        }
    });
    let requests = fake.requests();
    assert!(requests[1].last_text().contains("it ran"), "{:?}", requests[1].messages());
}

#[test]
fn lua_is_evaluated_in_the_live_engine() {
    let home = Home::new();
    home.init("count = 7");
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        let eval = |code: &str| Request::Eval { code: code.into() };
        let (printed, result) = said(&client, eval("print('seen') return count")).await.unwrap();
        assert_eq!((printed.as_str(), result["values"].as_str()), ("seen\n", Some("7")));
        let (_, result) = said(&client, eval("error('no')")).await.unwrap();
        assert_eq!(result["ok"], false);
        let line = "pista.ve".to_owned();
        let found = client.ask(&Request::Complete { at: line.len(), line }).await.unwrap();
        assert!(found["candidates"].as_array().unwrap().contains(&json!("pista.version")), "{found}");
    });
}
