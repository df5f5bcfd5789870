//! Tokens, and what happens when they are taken away.

use super::support::*;
use openpista::{
    domain::{
        device::{Devices, NewDevice, Role},
        secret::Secret,
    },
    memory::{Memory, OpenOptions},
    quic::{
        Client, ClientError, Limits,
        protocol::{Kind, Request},
        token, token_file,
    },
};
use std::{fs, os::unix::fs::PermissionsExt};

fn kind(error: ClientError) -> Kind {
    match error {
        ClientError::Refused(refusal) => refusal.kind,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn tokens_are_kept_as_hashes_and_devices_listed_without() {
    let place = place().await;
    place.client().await.close().await;
    let owner = place.client().await;
    let listed = soon(owner.ask(&Request::Devices {})).await.unwrap();
    let listed = &listed["devices"][0];
    assert_eq!((listed["role"].as_str(), listed["name"].as_str()), (Some("owner"), Some("test")));
    assert!(listed["seen_ms"].is_i64() && listed["created_ms"].is_i64(), "{listed}");
    place.memory.close().await;
    let hash = token::hash(&place.owner).0;
    let mut found = false;
    for file in fs::read_dir(place.dir.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            assert!(!holds(place.owner.expose().as_bytes()), "{} holds the token", path.display());
            found |= holds(&hash);
        }
    }
    assert!(found, "the hash is kept somewhere");
}

#[tokio::test]
async fn a_revoked_device_loses_what_it_has_under_way_and_its_connection() {
    let place = place().await;
    let (token, user) = device(&place.memory, Role::User).await;
    let client = place.client_as(&token).await;
    let mut waiting = soon(client.request(&message("wait a"))).await.unwrap();
    place.handler.wrote("waiting a").await;
    let detached = soon(client.request(&detached("wait b"))).await.unwrap();
    place.handler.wrote("waiting b").await;

    let owner = place.client().await;
    soon(owner.ask(&Request::Revoke { device: user.id.to_string() })).await.unwrap();
    place.handler.wrote("stopped a").await;
    let error = loop {
        if let Err(error) = soon(waiting.next()).await {
            break error;
        }
    };
    assert_eq!(kind(error), Kind::Revoked);
    drop(detached);
    assert_eq!(kind(soon(client.ask(&Request::Ping {})).await.unwrap_err()), Kind::Auth, "nor comes it back");
    let again = soon(owner.ask(&Request::Revoke { device: user.id.to_string() })).await.unwrap_err();
    assert_eq!(kind(again), Kind::NotFound);
    place.serves().await;
}

/// Another program may have done it: no request is answered on what was true before.
#[tokio::test]
async fn revoking_behind_the_servers_back_counts_for_the_next_request() {
    let place = place().await;
    let (token, user) = device(&place.memory, Role::User).await;
    let client = place.client_as(&token).await;
    soon(client.ask(&Request::Ping {})).await.unwrap();
    let other = Memory::open(place.memory.path(), OpenOptions::default()).unwrap();
    assert!(other.shut_out(&user.id).await.unwrap());
    let mut answers = soon(client.request(&message("echo hi"))).await.unwrap();
    assert_eq!(kind(soon(answers.next()).await.unwrap_err()), Kind::Revoked);
    assert_eq!(place.handler.diary(), Vec::<String>::new());
    place.traffic(|traffic| traffic.connections == 0).await;
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let place = place().await;
    let token = token::token().unwrap();
    let new = |expires_ms| NewDevice {
        name: "worker".into(),
        role: Role::Worker,
        token: token::hash(&token),
        expires_ms: Some(expires_ms),
    };
    place.memory.admit(new(1)).await.unwrap();
    let error = soon(Client::connect(place.target.clone(), token.clone())).await.unwrap_err();
    assert_eq!(kind(error), Kind::Auth);
    assert!(place.memory.admit(new(i64::MAX)).await.is_err(), "no two devices have the same token");
}

#[tokio::test]
async fn one_device_cannot_take_all_connections() {
    let place = place_with(Limits { per_device: 2, connections: 3, ..brisk() }).await;
    let (token, _) = device(&place.memory, Role::User).await;
    let _held = (place.client_as(&token).await, place.client_as(&token).await);
    let error = soon(Client::connect(place.target.clone(), token.clone())).await.unwrap_err();
    assert!(error.to_string().contains("this device has 2 connections"), "{error}");
    let _third = place.client().await;
    let error = soon(Client::connect(place.target.clone(), place.owner.clone())).await.unwrap_err();
    assert!(error.to_string().contains("the server has 3 connections"), "{error}");
    assert_eq!(kind(error), Kind::Busy);
    drop(_held);
    place.traffic(|traffic| traffic.connections == 1).await;
    place.serves().await;
}

#[tokio::test]
async fn the_owners_token_is_kept_in_a_file_of_its_own() {
    let place = place().await;
    let path = place.dir.path().join("state/owner.token");
    let token = token_file::keep_owner(&path, &place.memory).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(token_file::keep_owner(&path, &place.memory).await.unwrap(), token, "and is kept");
    assert_eq!(token_file::read(&path).unwrap(), token);
    assert_eq!(place.client_as(&token).await.welcome().await.role, Role::Owner);

    let device = place.memory.by_token(token::hash(&token)).await.unwrap().unwrap();
    place.memory.shut_out(&device.id).await.unwrap();
    let fresh = token_file::keep_owner(&path, &place.memory).await.unwrap();
    assert_ne!(fresh, token, "one that is good for nothing is replaced");
    let (user, _) = super::support::device(&place.memory, Role::User).await;
    token_file::write(&path, &user).unwrap();
    assert_ne!(token_file::keep_owner(&path, &place.memory).await.unwrap(), user, "so is one of less worth");

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = token_file::read(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    assert!(token_file::keep_owner(&path, &place.memory).await.is_err());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, " \n").unwrap();
    assert!(token_file::read(&path).unwrap_err().to_string().contains("holds no token"));
    let missing = token_file::read(&place.dir.path().join("none")).unwrap_err().to_string();
    assert!(missing.contains("none"), "{missing}");
    assert!(!format!("{:?}", Secret::new("s3cret")).contains("s3cret"));
}

/// Whatever is logged, at the finest level and by the libraries too.
#[tokio::test]
async fn no_token_and_no_code_is_logged() {
    let (log, writer) = log();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(writer).finish();
    let quiet = tracing::subscriber::set_default(subscriber);
    let place = place().await;
    let owner = place.client().await;
    let answer = soon(owner.ask(&Request::Pair { role: Role::User, name: None })).await.unwrap();
    let code = Secret::new(answer["code"].as_str().unwrap());
    let (paired, token) = soon(Client::pair(place.target.clone(), code.clone(), None)).await.unwrap();
    soon(paired.ask(&message("echo hi"))).await.unwrap();
    let wrong = Secret::new("pista_canary_that_sings");
    soon(Client::connect(place.target.clone(), wrong.clone())).await.unwrap_err();
    soon(Client::pair(place.target.clone(), Secret::new("CANARY-CANARY"), None)).await.unwrap_err();
    tracing::info!(welcome = ?paired.welcome().await, client = ?paired, "all that has a debug form");
    drop(quiet);
    let log = String::from_utf8_lossy(&log.lock().unwrap()).into_owned();
    assert!(log.contains("TRACE"), "the finest level was on");
    assert!(log.contains("a device was paired"), "our own words are there");
    for secret in [&place.owner, &token, &code, &wrong, &Secret::new("CANARY")] {
        assert!(!log.contains(secret.expose()), "{:?} is in the log", secret.expose());
    }
}

type Log = std::sync::Arc<std::sync::Mutex<Vec<u8>>>;

fn log() -> (Log, impl Fn() -> Writer + Send + Sync + 'static) {
    let log = Log::default();
    let writer = log.clone();
    (log, move || Writer(writer.clone()))
}

struct Writer(Log);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
