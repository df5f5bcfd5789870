//! The end of a server, and its return.

use super::{process::Other, support::*};
use openpista::{
    memory::{Memory, OpenOptions},
    quic::{
        ClientError, Limits,
        protocol::{Kind, Request},
    },
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn what_runs_may_end_and_nothing_new_begins() {
    let place = place().await;
    let client = place.client().await;
    let mut running = soon(client.request(&message("until-go"))).await.unwrap();
    place.handler.wrote("waiting for go").await;
    let late = place.client().await;
    let server = Arc::clone(&place.server);
    let ending = tokio::spawn(async move { server.shutdown(PATIENCE).await });
    // The server refuses from when it has begun to end.
    let refusal = soon(async {
        loop {
            match late.ask(&Request::Ping {}).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(ClientError::Refused(refusal)) => break refusal,
                Err(other) => panic!("{other}"),
            }
        }
    })
    .await;
    assert_eq!(refusal.kind, Kind::Shutdown);
    let new = openpista::quic::Client::connect(place.target.clone(), place.owner.clone());
    assert!(soon(new).await.is_err(), "no new connections");
    assert!(!ending.is_finished());
    place.handler.write("go");
    let mut last = soon(running.next()).await.unwrap();
    while !last.ends() {
        last = soon(running.next()).await.unwrap();
    }
    soon(ending).await.unwrap();
    assert!(place.handler.diary().contains(&"was heard".to_owned()));
}

#[tokio::test]
async fn what_does_not_end_is_stopped_and_told() {
    let place = place_with(Limits { stop_grace: Duration::from_millis(50), ..brisk() }).await;
    let client = place.client().await;
    let mut waiting = soon(client.request(&message("wait a"))).await.unwrap();
    let _detached = soon(client.request(&detached("wait b"))).await.unwrap();
    let _stubborn = soon(client.request(&message("stubborn"))).await.unwrap();
    place.handler.wrote("waiting a").await;
    place.handler.wrote("waiting b").await;
    place.handler.wrote("stubborn").await;
    soon(place.server.shutdown(Duration::from_millis(20))).await;
    place.handler.wrote("stopped a").await;
    place.handler.wrote("stopped b").await;
    place.handler.wrote("dropped").await;
    let error = loop {
        if let Err(error) = soon(waiting.next()).await {
            break error;
        }
    };
    assert!(matches!(error, ClientError::Refused(refusal) if refusal.kind == Kind::Cancelled));
}

/// Clients find a server again that was away, by its certificate and their token.
#[tokio::test]
async fn a_client_comes_back_to_a_server_that_came_back() {
    let Place { dir, memory, handler, server, target, owner } = place().await;
    let client = soon(openpista::quic::Client::connect(target.clone(), owner)).await.unwrap();
    soon(client.ask(&message("echo hi"))).await.unwrap();
    soon(server.shutdown(Duration::ZERO)).await;
    memory.close().await;
    drop(memory);
    soon(async { while client.ask(&Request::Ping {}).await.is_ok() {} }).await;

    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap();
    let openpista::quic::Address::Udp(address) = target.address else { unreachable!() };
    let (_server, again) = serve(dir.path(), &memory, handler, brisk(), address);
    assert_eq!(again, target);
    soon(client.ask(&message("echo hi again"))).await.unwrap();
}

/// A server that was killed says nothing. Its successor tells those who still talk to it, before the
/// time of silence is over.
#[tokio::test]
async fn a_client_of_a_killed_server_is_told_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap();
    let (owner, _) = device(&memory, openpista::domain::device::Role::Owner).await;
    let first = Other::start(dir.path(), loopback());
    let target = first.target.clone();
    let client = soon(openpista::quic::Client::connect(target.clone(), owner)).await.unwrap();
    let mut waiting = soon(client.request(&message("wait a"))).await.unwrap();
    soon(waiting.next()).await.unwrap();
    drop(first);
    let openpista::quic::Address::Udp(address) = target.address else { unreachable!() };
    let second = Other::start(dir.path(), address);
    assert_eq!(second.target, target, "the same address and certificate");
    let lost = soon(client.ask(&Request::Ping {})).await.unwrap_err();
    assert_eq!(lost.to_string(), "the connection to the server broke off: reset by peer");
    assert!(soon(waiting.next()).await.unwrap_err().to_string().contains("reset by peer"));
    soon(client.ask(&Request::Ping {})).await.unwrap();
}
