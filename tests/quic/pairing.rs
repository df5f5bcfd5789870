//! From a code to a token.

use super::support::*;
use openpista::{
    domain::{
        device::{Devices, Role},
        secret::Secret,
    },
    quic::{
        Client, ClientError, Limits,
        protocol::{Kind, Request},
    },
};
use std::time::Duration;

async fn invite(owner: &Client, role: Role, name: Option<&str>) -> Secret {
    let request = Request::Pair { role, name: name.map(str::to_owned) };
    let answer = soon(owner.ask(&request)).await.unwrap();
    Secret::new(answer["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_code_is_traded_once_for_a_token_of_its_role() {
    let place = place().await;
    let owner = place.client().await;
    let answer = soon(owner.ask(&Request::Pair { role: Role::User, name: None })).await.unwrap();
    assert_eq!(answer["fingerprint"], place.target.fingerprint.to_string());
    assert_eq!((answer["role"].as_str(), answer["seconds"].as_u64()), (Some("user"), Some(600)));
    let code = answer["code"].as_str().unwrap();
    assert!(code.len() >= 8, "{code}");
    let typed = Secret::new(code.to_lowercase().replace('-', " "));

    let pairing = Client::pair(place.target.clone(), typed.clone(), Some(" laptop\u{7}\n".into()));
    let (client, token) = soon(pairing).await.unwrap();
    let welcome = client.welcome().await;
    assert_eq!((welcome.role, welcome.name.as_str(), welcome.token), (Role::User, "laptop", None));
    soon(client.ask(&message("echo hi"))).await.unwrap();
    let again = place.client_as(&token).await;
    assert_eq!(again.welcome().await.device, welcome.device);

    let before = place.memory.all().await.unwrap().len();
    let Err(ClientError::Refused(refusal)) = soon(Client::pair(place.target.clone(), typed, None)).await
    else {
        panic!("a code was good twice");
    };
    assert_eq!(refusal.kind, Kind::Auth);
    assert!(refusal.message.contains("ask for a new one"), "{refusal}");
    assert_eq!(place.memory.all().await.unwrap().len(), before);
}

#[tokio::test]
async fn the_owners_name_for_it_counts_and_the_codes_role() {
    let place = place().await;
    let owner = place.client().await;
    let code = invite(&owner, Role::Worker, Some("builder")).await;
    let pairing = Client::pair(place.target.clone(), code, Some("owner".into()));
    let welcome = soon(pairing).await.unwrap().0.welcome().await;
    assert_eq!((welcome.name.as_str(), welcome.role), ("builder", Role::Worker));
    let code = invite(&owner, Role::User, None).await;
    let claim = format!(r#"{{"type":"hello","version":1,"code":"{}","role":"owner"}}"#, code.expose());
    let answers = place.bare().await.exchange(&framed(claim.as_bytes())).await;
    assert_eq!(refusal(&answers).kind, Kind::Request);
}

#[tokio::test]
async fn a_code_ends_with_its_time() {
    let place = place_with(Limits { pairing_life: Duration::from_millis(1), ..brisk() }).await;
    let code = invite(&place.client().await, Role::User, None).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let paired = soon(Client::pair(place.target.clone(), code, None)).await;
    assert!(matches!(paired, Err(ClientError::Refused(refusal)) if refusal.kind == Kind::Auth));
}

/// Of those who use a code at the same time one gets a token.
#[tokio::test]
async fn a_code_is_good_for_one_of_many() {
    let place = place().await;
    let code = invite(&place.client().await, Role::User, None).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        tries.spawn(Client::pair(place.target.clone(), code.clone(), None));
    }
    let paired = soon(tries.join_all()).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(paired, 1);
}
