//! Requests as a client of ours sends them.

use super::support::*;
use openpista::{
    domain::event::TurnEvent,
    quic::{
        Address, Client, ClientError, Target,
        protocol::{Answer, Kind, Request},
    },
};
use serde_json::json;

#[tokio::test]
async fn a_message_is_answered_by_events_and_an_end() {
    let place = place().await;
    let client = place.client().await;
    let mut answers = soon(client.request(&message("echo 안녕"))).await.unwrap();
    let event = Answer::Event { event: TurnEvent::Text { delta: "안녕".into() } };
    assert_eq!(soon(answers.next()).await.unwrap(), event);
    assert!(matches!(soon(answers.next()).await.unwrap(), Answer::Done { .. }));
    let status = soon(client.ask(&Request::Status {})).await.unwrap();
    assert_eq!(status, json!({ "did": "status", "as": "owner" }));
    assert_eq!(soon(client.ask(&Request::Ping {})).await.unwrap(), json!({ "generation": 7 }));
    client.close().await;
    place.traffic(|traffic| traffic.connections == 0).await;
}

#[tokio::test]
async fn requests_of_one_connection_do_not_wait_for_each_other() {
    let place = place().await;
    let client = place.client().await;
    let slow = soon(client.request(&message("until-go"))).await.unwrap();
    place.handler.wrote("waiting for go").await;
    for _ in 0..100 {
        soon(client.ask(&message("echo hi"))).await.unwrap();
    }
    soon(client.ask(&message("go"))).await.unwrap();
    let mut slow = slow;
    while !soon(slow.next()).await.unwrap().ends() {}
}

#[tokio::test]
async fn errors_of_the_handler_come_through_and_its_panic_is_an_error() {
    let place = place().await;
    let client = place.client().await;
    let ask = async |text| match soon(client.ask(&message(text))).await {
        Err(ClientError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let refusal = ask("dance").await;
    assert_eq!((refusal.kind, refusal.message.as_str()), (Kind::Request, "no such verb: dance"));
    assert_eq!(ask("panic").await.kind, Kind::Internal);
    soon(client.ask(&message("echo still here"))).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let place = place().await;
    let silent = std::net::UdpSocket::bind(loopback()).unwrap();
    let address = silent.local_addr().unwrap();
    let target = Target { address: Address::Udp(address), ..place.target.clone() };
    let error = soon(Client::connect(target, place.owner.clone())).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no server answers at {address}; is it running?"));
    let none = Target { address: Address::Unix("/nowhere/socket".into()), ..place.target.clone() };
    let error = soon(Client::connect(none, place.owner.clone())).await.unwrap_err();
    assert_eq!(error.to_string(), "no server answers at /nowhere/socket; is it running?");
}
