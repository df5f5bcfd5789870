//! Who may do what: strangers nothing, guests what is their own.

use crate::support::{
    daemon::{Daemon, message, said, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use openpista::{
    domain::{approval::Approval, device::Role, event::TurnEvent, secret::Secret},
    quic::{
        Client, ClientError,
        protocol::{Answer, Kind, Request},
    },
};
use serde_json::json;

/// Lets a device in.
async fn pair(daemon: &Daemon, owner: &Client, role: Role) -> Client {
    let invited = owner.ask(&Request::Pair { role, name: Some("guest".into()) }).await.unwrap();
    let code = Secret::new(invited["code"].as_str().unwrap());
    Client::pair(daemon.way().0, code, None).await.unwrap().0
}

fn kind(error: ClientError) -> Kind {
    match error {
        ClientError::Refused(refusal) => refusal.kind,
        other => panic!("{other}"),
    }
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
fn a_stranger_on_the_same_machine_gets_nothing() {
    let fake = FakeOpenAi::start([]);
    let daemon = Daemon::start(&Home::with(&fake));
    soon(async {
        let (target, _) = daemon.way();
        for token in ["pista_0123456789abcdefghijklmnopqrstuvwxyz0123456", "", "x"] {
            let refused = Client::connect(target.clone(), Secret::new(token)).await.unwrap_err();
            assert_eq!(kind(refused), Kind::Auth);
        }
        let refused = Client::pair(target, Secret::new("AAAAA-AAAAA"), None).await.unwrap_err();
        assert_eq!(kind(refused), Kind::Auth);
    });
    assert_eq!(fake.count(), 0);
    daemon.stop().ok();
}

#[test]
fn a_guest_may_talk_and_nothing_more() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hello guest"));
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let owner = daemon.connect().await;
        let guest = pair(&daemon, &owner, Role::User).await;
        let (text, done) = said(&guest, message("hi")).await.unwrap();
        assert_eq!(text, "hello guest");
        let own = done["session"].as_str().unwrap();
        let (_, again) = said(&guest, in_session("and?", own)).await.unwrap();
        assert_eq!(again["session"], *own);
        for request in [
            Request::Eval { code: "1".into() },
            Request::Reload {},
            Request::Stop {},
            Request::Pair { role: Role::Owner, name: None },
            Request::Devices {},
        ] {
            assert_eq!(kind(guest.ask(&request).await.unwrap_err()), Kind::Forbidden, "{request:?}");
        }
        let status = guest.ask(&Request::Status {}).await.unwrap();
        assert_eq!(status["generation"], 1);
        for key in ["pid", "listen", "channels", "turns", "config"] {
            assert_eq!(status[key], json!(null), "a guest is told {key}");
        }
        let worker = pair(&daemon, &owner, Role::Worker).await;
        assert_eq!(kind(worker.ask(&message("hi")).await.unwrap_err()), Kind::Forbidden);
    });
    assert_eq!(fake.refusals(), [""; 0]);
    daemon.stop().ok();
}

#[test]
fn conversations_of_others_are_as_good_as_none() {
    let fake = FakeOpenAi::answering(|_| Reply::text("yes"));
    let home = Home::with(&fake);
    home.run(["run", "--session", "diary", "-e", "a secret"]).ok();
    let daemon = Daemon::start(&home);
    soon(async {
        let owner = daemon.connect().await;
        let (one, other) = (pair(&daemon, &owner, Role::User).await, pair(&daemon, &owner, Role::User).await);
        let (_, done) = said(&one, in_session("mine", "plans")).await.unwrap();
        let id = done["session"].as_str().unwrap().to_owned();
        let asked = fake.count();
        for session in ["diary", "plans", &id, &id[..20], &id[..8]] {
            let refused = other.ask(&in_session("let me in", session)).await.unwrap_err();
            assert_eq!(kind(refused), Kind::NotFound, "{session}");
            let refused = other.ask(&Request::Cancel { session: session.into() }).await.unwrap_err();
            assert_eq!(kind(refused), Kind::NotFound, "{session}");
        }
        assert_eq!(fake.count(), asked, "a model was asked");
        assert_eq!(other.ask(&Request::Sessions { limit: None }).await.unwrap(), json!({ "sessions": [] }));
        let theirs = one.ask(&Request::Sessions { limit: None }).await.unwrap();
        assert_eq!(
            (theirs["sessions"].as_array().unwrap().len(), &theirs["sessions"][0]["id"]),
            (1, &json!(id))
        );
        // The owner may speak in all of them.
        said(&owner, in_session("it is me", "plans")).await.unwrap();
        said(&owner, in_session("it is me", "diary")).await.unwrap();
        let all = owner.ask(&Request::Sessions { limit: Some(2) }).await.unwrap();
        assert_eq!(all["sessions"].as_array().unwrap().len(), 2);
    });
    daemon.stop().ok();
}

#[test]
fn a_question_is_for_the_device_in_whose_turn_it_comes_up() {
    let call = || Reply::call("system_run", json!({ "argv": ["echo", "it ran"] }));
    let fake = FakeOpenAi::start([call(), Reply::text("I did"), call(), Reply::text("I did not")]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let owner = daemon.connect().await;
        let (guest, other) =
            (pair(&daemon, &owner, Role::Owner).await, pair(&daemon, &owner, Role::User).await);
        for (answer, result) in [(Approval::Yes, "it ran"), (Approval::No, "")] {
            let mut answers = guest.request(&message("run it")).await.unwrap();
            let id = loop {
                if let Answer::Approval { id, request, .. } = answers.next().await.unwrap() {
                    assert_eq!(request.context.origin.channel, "quic");
                    break id;
                }
            };
            let shown = other.ask(&Request::Status {}).await.unwrap();
            assert_eq!(shown["questions"], json!([]));
            let shown = guest.ask(&Request::Status {}).await.unwrap();
            assert_eq!(shown["questions"][0]["id"], id);
            let say = |answer| Request::Approval { id: id.clone(), answer };
            assert_eq!(kind(other.ask(&say(Approval::Yes)).await.unwrap_err()), Kind::NotFound);
            assert_eq!(kind(owner.ask(&say(Approval::Yes)).await.unwrap_err()), Kind::NotFound);
            guest.ask(&say(answer)).await.unwrap();
            assert_eq!(kind(guest.ask(&say(answer)).await.unwrap_err()), Kind::NotFound, "a replay");
            while !matches!(answers.next().await.unwrap(), Answer::Done { .. }) {}
            let ran = fake.last_request().unwrap().last_text().contains("it ran");
            assert_eq!(ran, !result.is_empty(), "{}", fake.last_request().unwrap().last_text());
        }
    });
    daemon.stop().ok();
}

#[test]
fn a_user_may_not_approve_and_an_owner_who_listens_may() {
    let fake = FakeOpenAi::answering(|request| {
        let messages = request.body["messages"].as_array().cloned().unwrap_or_default();
        match messages.last().and_then(|last| last["role"].as_str()) {
            Some("tool") => Reply::text("I tried"),
            _ if request.last_text().ends_with("wait") => Reply::hang(),
            _ => Reply::call("system_run", json!({ "argv": ["touch", "it-ran"] })),
        }
    });
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let ran = || home.work().join("it-ran").exists();
    soon(async {
        let owner = daemon.connect().await;
        let guest = pair(&daemon, &owner, Role::User).await;
        // Nobody who may approve listens: the guest is told, and nothing runs.
        let mut answers = guest.request(&message("run it")).await.unwrap();
        let mut told = String::new();
        loop {
            match answers.next().await.unwrap() {
                Answer::Approval { request, .. } => panic!("a user is asked: {request:?}"),
                Answer::Event { event: TurnEvent::Notice { text } } => told += &text,
                Answer::Done { .. } => break,
                _ => {}
            }
        }
        assert!(told.contains("this device may not approve"), "{told}");
        assert!(!ran());
        // An owner who listens is asked, and the guest cannot answer for them.
        let mut listening = owner.request(&in_session("wait", "mine")).await.unwrap();
        let mut answers = guest.request(&message("run it")).await.unwrap();
        let id = loop {
            if let Answer::Approval { id, .. } = listening.next().await.unwrap() {
                break id;
            }
        };
        let say = |answer| Request::Approval { id: id.clone(), answer };
        assert_eq!(kind(guest.ask(&say(Approval::Yes)).await.unwrap_err()), Kind::NotFound);
        assert!(!ran());
        owner.ask(&say(Approval::Yes)).await.unwrap();
        while !matches!(answers.next().await.unwrap(), Answer::Done { .. }) {}
        assert!(ran());
    });
    daemon.stop().ok();
}
