//! What the daemon is asked about conversations stays small, and only its own.

use crate::support::{
    daemon::{Daemon, said, soon},
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use openpista::quic::ClientError;
use openpista::quic::protocol::{Kind, Request};

fn session(front: Option<&str>) -> Request {
    Request::Session {
        session: None,
        fresh: false,
        front: front.map(str::to_owned),
        agent: None,
        instead: None,
        model: None,
    }
}

#[test]
fn a_transcript_fits_into_a_frame_whatever_was_said() {
    let long = "long ".repeat(15_000);
    let fake = FakeOpenAi::answering(move |_| Reply::text(long.clone()));
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        for _ in 0..4 {
            let request = Request::Message {
                text: "more ".repeat(15_000),
                session: Some("s".into()),
                agent: None,
                model: None,
                detach: false,
                unattended: true,
                literal: true,
            };
            said(&client, request).await.expect("an answer");
        }
        let request = Request::Transcript { session: "s".into(), limit: Some(1_000) };
        let found = client.ask(&request).await.expect("a transcript");
        assert_eq!(found["messages"].as_array().map(Vec::len), Some(8));
    });
}

#[test]
fn a_front_that_is_none_is_refused() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    soon(async {
        let client = daemon.connect().await;
        let error = client.ask(&session(Some("telegram"))).await.expect_err("no front");
        assert!(matches!(&error, ClientError::Refused(no) if no.kind == Kind::Request), "{error}");
        let opened = client.ask(&session(Some("repl"))).await.expect("a session");
        assert_eq!((&opened["fresh"], &opened["session"]["channel"]), (&true.into(), &"repl".into()));
        let again = client.ask(&session(Some("repl"))).await.expect("a session");
        assert_eq!((&again["fresh"], &again["session"]["id"]), (&false.into(), &opened["session"]["id"]));
    });
}
