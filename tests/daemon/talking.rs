//! What the owner's own programs can ask of it.

use crate::support::{
    daemon::{Daemon, message, said, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use futures_util::future::join_all;
use openpista::{
    domain::approval::Approval,
    quic::{
        Client, ClientError,
        protocol::{Answer, Kind, Request},
    },
};
use serde_json::json;
use std::time::Duration;

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

fn in_session(text: &str, session: &str) -> Request {
    Request::Message {
        text: text.into(),
        session: Some(session.into()),
        agent: None,
        model: None,
        detach: false,
        unattended: false,
        literal: false,
    }
}

#[test]
fn in_one_conversation_one_message_is_answered_at_a_time() {
    let fake = FakeOpenAi::answering(|request| {
        let said = request.last_text().rsplit("\n\n").next().unwrap_or_default().to_owned();
        Reply::text(format!("to {said}")).delay(Duration::from_millis(50))
    });
    let daemon = Daemon::start(&Home::with(&fake));
    soon(async {
        let client = daemon.connect().await;
        let asked = ["one", "two", "three", "four"].map(|text| in_session(text, "talk"));
        let (first, rest) = asked.split_first().unwrap();
        // The conversation begins with the first.
        assert_eq!(said(&client, first.clone()).await.unwrap().0, "to one");
        let answers = join_all(rest.iter().map(|request| said(&client, request.clone()))).await;
        let mut texts: Vec<String> = answers.into_iter().map(|answer| answer.unwrap().0).collect();
        texts.sort();
        assert_eq!(texts, ["to four", "to three", "to two"]);
    });
    // Each request holds one message more than the one before: none was answered beside another.
    let counts: Vec<usize> = fake
        .requests()
        .iter()
        .map(|request| request.messages().iter().filter(|message| message["role"] == "user").count())
        .collect();
    assert_eq!(counts, [1, 2, 3, 4]);
    daemon.stop().ok();
}

#[test]
fn a_full_conversation_is_busy_and_others_are_not() {
    let fake = FakeOpenAi::answering(|request| match request.last_text().contains("elsewhere") {
        true => Reply::text("here I am"),
        false => Reply::hang(),
    });
    let home = Home::with(&fake);
    home.run(["sessions", "list"]).ok();
    let daemon = Daemon::start(&home);
    soon(async {
        let mut clients = vec![];
        let mut waiting = vec![];
        let first = daemon.connect().await;
        waiting.push(first.request(&in_session("hang", "full")).await.unwrap());
        assert!(tokio::task::block_in_place(|| fake.saw_requests(1)));
        for _ in 0..2 {
            let client = daemon.connect().await;
            for _ in 0..16 {
                waiting.push(client.request(&in_session("wait", "full")).await.unwrap());
            }
            clients.push(client);
        }
        let client = daemon.connect().await;
        let full = |status: &serde_json::Value| {
            status["turns"].as_object().is_some_and(|turns| turns.values().any(|count| *count == json!(33)))
        };
        while !full(&client.ask(&Request::Status {}).await.unwrap()) {
            tokio::task::yield_now().await;
        }
        let refused = client.ask(&in_session("one more", "full")).await.unwrap_err();
        assert!(matches!(&refused, ClientError::Refused(no) if no.kind == Kind::Busy), "{refused}");
        assert_eq!(said(&client, in_session("elsewhere", "free")).await.unwrap().0, "here I am");
    });
    daemon.signal("TERM");
    daemon.wait().ok();
}

/// The turns under way.
async fn turns(client: &Client) -> usize {
    client.ask(&Request::Status {}).await.unwrap()["turns"].as_object().unwrap().len()
}

async fn settles(client: &Client) {
    while turns(client).await > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_turn_can_be_given_up_in_every_way() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        // By another request.
        let mut answers = client.request(&in_session("one", "s")).await.unwrap();
        assert!(tokio::task::block_in_place(|| fake.saw_requests(1)));
        let done = client.ask(&Request::Cancel { session: "s".into() }).await.unwrap();
        assert_eq!(done["cancelled"], true);
        let ended = loop {
            if let Err(error) = answers.next().await {
                break error;
            }
        };
        assert!(matches!(&ended, ClientError::Refused(no) if no.kind == Kind::Cancelled), "{ended}");
        let done = client.ask(&Request::Cancel { session: "s".into() }).await.unwrap();
        assert_eq!(done["cancelled"], false);
        // By reading no more.
        let answers = client.request(&in_session("two", "s")).await.unwrap();
        assert!(tokio::task::block_in_place(|| fake.saw_requests(2)));
        answers.cancel();
        settles(&client).await;
        // By going away.
        let other = daemon.connect().await;
        let answers = other.request(&in_session("three", "s")).await.unwrap();
        assert!(tokio::task::block_in_place(|| fake.saw_requests(3)));
        std::mem::forget(answers);
        other.close().await;
        settles(&client).await;
    });
    assert!(fake.saw_hang_ups(3), "a model is still listened to");
    daemon.stop().ok();
}

#[test]
fn a_detached_turn_goes_on_and_its_answer_is_in_the_conversation() {
    let fake = FakeOpenAi::start([Reply::text("the answer").delay(Duration::from_millis(300))]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        let request = Request::Message {
            text: "think".into(),
            session: Some("kept".into()),
            agent: None,
            model: None,
            detach: true,
            unattended: false,
            literal: false,
        };
        let answers = client.request(&request).await.unwrap();
        assert!(tokio::task::block_in_place(|| fake.saw_requests(1)));
        std::mem::forget(answers);
        client.close().await;
        settles(&daemon.connect().await).await;
    });
    let shown = home.run(["sessions", "show", "kept"]).ok().out;
    assert!(shown.contains("the answer"), "{shown}");
    daemon.stop().ok();
}

#[test]
fn commands_of_the_users_own_need_no_model() {
    let fake = FakeOpenAi::answering(|_| Reply::text("the model"));
    let home = Home::with(&fake);
    home.init("pista.command('deploy', { help = 'ships it' }, function(ctx, args) return 'shipped ' .. args[1] end)");
    let daemon = Daemon::start(&home);
    assert_eq!(daemon.ask("/deploy web"), "shipped web");
    assert_eq!(fake.count(), 0);
    // What only looks like one is said.
    assert_eq!(daemon.ask("/etc/passwd is a file"), "the model");
    daemon.stop().ok();
}

#[test]
fn rules_hold_for_devices_as_for_everybody() {
    let call = |word: &str| Reply::call("system_run", json!({ "argv": ["echo", word] }));
    let fake = FakeOpenAi::start([call("free"), Reply::text("1"), call("closed"), Reply::text("2")]);
    let home = Home::with(&fake);
    home.init(
        "pista.agent('main', { tools = { allow = { { 'system.run', argv = { 'echo', 'free' } } } } })\n\
         pista.hook('tool_call', function(call)\n\
           if call.args.argv[2] == 'closed' then return pista.deny('closed on ' .. call.channel) end\n\
         end)",
    );
    let daemon = Daemon::start(&home);
    assert_eq!(daemon.ask("first"), "1");
    assert!(fake.last_request().unwrap().last_text().contains("free"));
    assert_eq!(daemon.ask("second"), "2");
    let told = fake.last_request().unwrap().last_text().to_owned();
    assert!(told.contains("closed on quic"), "{told}");
    daemon.stop().ok();
}

#[test]
fn lua_that_asks_asks_whoever_has_it_evaluated() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        let code = "return pista.tools.call('system.run', { argv = { 'echo', 'asked' } }).content";
        let mut answers = client.request(&Request::Eval { code: code.into() }).await.unwrap();
        let result = loop {
            match answers.next().await.unwrap() {
                Answer::Approval { id, .. } => {
                    client.ask(&Request::Approval { id, answer: Approval::Yes }).await.unwrap();
                }
                Answer::Done { result } => break result,
                _ => {}
            }
        };
        assert!(result["values"].as_str().unwrap_or_default().contains("asked"), "{result}");
    });
    daemon.stop().ok();
}
