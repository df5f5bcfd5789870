//! Clients that go away, read slowly, or come from another address all at once.

use super::support::*;
use openpista::quic::{
    ClientError, Limits,
    protocol::{Answer, Kind, stop},
};
use quinn::VarInt;
use std::time::Duration;

#[tokio::test]
async fn dropping_the_answers_gives_the_request_up() {
    let place = place().await;
    let client = place.client().await;
    let mut answers = soon(client.request(&message("wait a"))).await.unwrap();
    soon(answers.next()).await.unwrap();
    answers.cancel();
    place.handler.wrote("stopped a").await;
    // Also one that would outlive its client: this one asked for it.
    let answers = soon(client.request(&detached("wait b"))).await.unwrap();
    place.handler.wrote("waiting b").await;
    drop(answers);
    place.handler.wrote("stopped b").await;
    place.traffic(|traffic| traffic.requests == 0).await;
}

#[tokio::test]
async fn a_client_that_is_gone_takes_its_request_along_unless_it_said_otherwise() {
    let place = place().await;
    let client = place.client().await;
    let one = soon(client.request(&message("wait a"))).await.unwrap();
    let two = soon(client.request(&detached("until-go"))).await.unwrap();
    place.handler.wrote("waiting a").await;
    place.handler.wrote("waiting for go").await;
    client.close().await;
    place.handler.wrote("stopped a").await;
    drop((one, two));
    let other = place.client().await;
    soon(other.ask(&message("go"))).await.unwrap();
    place.handler.wrote("was not heard").await;
    place.traffic(|traffic| traffic.requests == 0).await;
}

/// Without a goodbye it takes the time of silence.
#[tokio::test]
async fn a_client_that_vanishes_is_noticed() {
    let place = place_with(Limits { idle: Duration::from_secs(1), ..brisk() }).await;
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (target, token) = (place.target.clone(), place.owner.clone());
    let gone = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let held = runtime.block_on(async {
            let client = openpista::quic::Client::connect(target, token).await.unwrap();
            let mut answers = client.request(&message("wait a")).await.unwrap();
            answers.next().await.unwrap();
            (client, answers)
        });
        // Nothing runs in here any more, and nothing is closed.
        let _ = ended.recv();
        runtime.block_on(async { drop(held) });
    });
    place.handler.wrote("stopped a").await;
    place.traffic(|traffic| traffic.connections == 0).await;
    drop(end);
    gone.join().unwrap();
}

#[tokio::test]
async fn work_that_does_not_stop_is_dropped() {
    let place = place_with(Limits { stop_grace: Duration::from_millis(50), ..brisk() }).await;
    let client = place.client().await;
    let answers = soon(client.request(&message("stubborn"))).await.unwrap();
    place.handler.wrote("stubborn").await;
    drop(answers);
    place.handler.wrote("dropped").await;
    place.traffic(|traffic| traffic.requests == 0).await;
}

/// Who speaks and can wait, waits; nothing is lost.
#[tokio::test]
async fn a_slow_reader_gets_everything_from_one_who_waits() {
    let place = place_with(Limits { backlog: 4096, ..brisk() }).await;
    let client = place.client().await;
    let mut answers = soon(client.request(&message("count 100000"))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..100_000 {
        assert_eq!(soon(answers.next()).await.unwrap(), Answer::Output { text: n.to_string() });
    }
    assert!(soon(answers.next()).await.unwrap().ends());
}

/// Who cannot wait does not pile up what nobody reads.
#[tokio::test]
async fn a_client_that_does_not_read_loses_its_stream_and_nothing_else() {
    let place = place_with(Limits { backlog: 1 << 20, ..brisk() }).await;
    let bare = place.introduced().await;
    let text = br#"{"type":"message","text":"flood 20000"}"#;
    let (_send, mut recv) = bare.begin(&framed(text)).await;
    place.handler.wrote("gave up").await;
    place.traffic(|traffic| traffic.requests == 0).await;
    let error = soon(recv.read_to_end(64 << 20)).await.unwrap_err();
    let reset = quinn::ReadError::Reset(VarInt::from_u32(stop::SLOW));
    assert!(matches!(&error, quinn::ReadToEndError::Read(read) if *read == reset), "{error:?}");
    let pong = bare.exchange(&framed(br#"{"type":"ping"}"#)).await;
    assert!(matches!(&pong[..], [Answer::Done { .. }]));

    let client = place.client().await;
    let mut answers = soon(client.request(&message("flood 20000"))).await.unwrap();
    let error = loop {
        if let Err(error) = soon(answers.next()).await {
            break error;
        }
    };
    assert!(matches!(error, ClientError::Refused(refusal) if refusal.kind == Kind::Slow));
}

#[tokio::test]
async fn a_stream_goes_on_from_another_address() {
    let place = place().await;
    let client = place.client().await;
    let mut answers = soon(client.request(&message("count 50000"))).await.unwrap();
    for n in 0..50_000 {
        if n % 10_000 == 5_000 {
            client.rebind().await.unwrap();
        }
        assert_eq!(soon(answers.next()).await.unwrap(), Answer::Output { text: n.to_string() });
    }
    assert!(soon(answers.next()).await.unwrap().ends());
    soon(client.ask(&message("echo from there"))).await.unwrap();
    assert_eq!(place.server.traffic().connections, 1, "it is the same connection");
}
