//! A client whose network changes in the midst of a turn.

use crate::support::{
    daemon::{Daemon, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use openpista::{
    attach::{Found, Link, LinkError, Message, Person, Whereabouts, say},
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        event::{Observer, TurnEvent},
        outcome::TurnEnd,
    },
    quic::protocol::Request,
};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

struct There(Found);

impl Whereabouts for There {
    fn name(&self) -> String {
        "the daemon".into()
    }

    fn find(&self) -> BoxFuture<'_, Result<Found, LinkError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

#[derive(Default)]
struct Kinds(Mutex<Vec<String>>);

impl Observer for Kinds {
    fn observe(&self, event: &TurnEvent) {
        let event = serde_json::to_value(event).expect("JSON");
        self.0.lock().expect("no panic").push(event["type"].as_str().expect("a type").to_owned());
    }
}

/// Moves to another port before each answer.
struct Moving(Link);

impl Approver for Moving {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async {
            self.0.rebind().await.expect("another port");
            Some(Approval::Yes)
        })
    }
}

#[test]
fn the_turn_goes_on_from_another_port() {
    let fake = FakeOpenAi::start([
        Reply::call("system_run", json!({"argv": ["touch", "one"]})),
        Reply::call("system_run", json!({"argv": ["touch", "two"]})),
        Reply::text("both are there"),
    ]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let (target, token) = daemon.way();
    soon(async {
        let link = Link::open(Box::new(There(Found { target, token, pid: None }))).await.expect("a daemon");
        let request = Request::Session {
            session: None,
            fresh: true,
            front: None,
            agent: None,
            instead: None,
            model: None,
        };
        let session = link.session(&request).await.expect("a session").session.id;
        let kinds = Arc::new(Kinds::default());
        let person = Person {
            observer: kinds.clone(),
            approver: Some(Arc::new(Moving(link.clone()))),
            cancel: CancellationToken::new(),
        };
        let message = Message { text: "touch both".into(), session, agent: None, model: None, again: false };
        let end = say(&link, message, &person).await.expect("an answer");
        assert_eq!(end, TurnEnd::Answered("both are there".into()));
        let kinds = kinds.0.lock().expect("no panic").clone();
        assert_eq!(kinds.iter().filter(|kind| *kind == "tool_end").count(), 2, "{kinds:?}");
        link.close().await;
    });
    assert!(home.work().join("one").exists() && home.work().join("two").exists());
}
