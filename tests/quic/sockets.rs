//! The same over Unix sockets.

use super::support::*;
use openpista::{
    domain::{JsonMap, device::Role},
    quic::{
        Address, Client, ClientError, Server, Target,
        protocol::{Answer, Request, WorkerRequest},
    },
};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// A place that listens on a socket as well.
async fn with_socket() -> (Place, PathBuf, Target) {
    let place = place().await;
    let path = place.dir.path().join("worker.sock");
    place.server.listen_unix(&path).unwrap();
    let target = Target { address: Address::Unix(path.clone()), fingerprint: place.target.fingerprint };
    (place, path, target)
}

#[tokio::test]
async fn carries_everything() {
    let (place, path, target) = with_socket().await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
    let (token, _) = device(&place.memory, Role::Worker).await;
    let worker = soon(Client::connect(target.clone(), token)).await.unwrap();
    let request = Request::Worker(WorkerRequest { action: "model".into(), body: JsonMap::new() });
    soon(worker.ask(&request)).await.unwrap();
    // The role is the token's, the way does not matter.
    let owner = soon(Client::connect(target, place.owner.clone())).await.unwrap();
    let mut answers = soon(owner.request(&message("count 20000"))).await.unwrap();
    for n in 0..20_000 {
        assert_eq!(soon(answers.next()).await.unwrap(), Answer::Output { text: n.to_string() });
    }
    assert!(soon(answers.next()).await.unwrap().ends());
    let large = "a".repeat(1_000_000);
    soon(owner.ask(&message(&format!("echo {large}")))).await.unwrap();
    assert!(owner.rebind().await.is_err(), "there is nowhere else to go on from");
    owner.close().await;
    worker.close().await;
    place.traffic(|traffic| traffic.connections == 0).await;
    soon(place.server.shutdown(Duration::ZERO)).await;
    assert!(!path.exists(), "the file goes with the server");
}

#[tokio::test]
async fn many_peers_have_one_each() {
    let (place, _, target) = with_socket().await;
    let mut clients = vec![];
    for n in 0..20 {
        let client = soon(Client::connect(target.clone(), place.owner.clone())).await.unwrap();
        let answers = soon(client.request(&message(&format!("wait {n}")))).await.unwrap();
        clients.push((client, answers));
    }
    for n in 0..20 {
        place.handler.wrote(&format!("waiting {n}")).await;
    }
    clients.drain(..10);
    for n in 0..10 {
        place.handler.wrote(&format!("stopped {n}")).await;
    }
    place.traffic(|traffic| traffic.connections == 10).await;
    for (client, answers) in &mut clients {
        drop(soon(answers.next()).await.unwrap());
        soon(client.ask(&Request::Ping {})).await.unwrap();
    }
}

/// Not after a time of silence: the kernel says so.
#[tokio::test]
async fn the_end_of_either_side_is_known_at_once() {
    let (place, _, target) = with_socket().await;
    let client = soon(Client::connect(target, place.owner.clone())).await.unwrap();
    let mut answers = soon(client.request(&message("wait a"))).await.unwrap();
    soon(answers.next()).await.unwrap();
    drop(place.server);
    let error = loop {
        if let Err(error) = soon(answers.next()).await {
            break error;
        }
    };
    assert!(matches!(error, ClientError::Lost(_) | ClientError::Refused(_)), "{error}");
    place.handler.wrote("stopped a").await;
}

#[tokio::test]
async fn peers_that_send_nothing_or_nonsense_are_dropped() {
    let (place, path, target) = with_socket().await;
    let connect = || {
        let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
        socket.connect(&SockAddr::unix(&path).unwrap()).unwrap();
        socket
    };
    let nonsense: Vec<Socket> = (0..10).map(|_| connect()).collect();
    for socket in &nonsense {
        let _ = socket.send(&[0xc0; 1200]);
        let _ = socket.send(b"hello");
        let _ = socket.send(&[]);
    }
    let silent: Vec<Socket> = (0..10).map(|_| connect()).collect();
    let client = soon(Client::connect(target, place.owner.clone())).await.unwrap();
    soon(client.ask(&Request::Ping {})).await.unwrap();
    drop((nonsense, silent));
    soon(client.ask(&Request::Ping {})).await.unwrap();
}

fn listening(place: &Place, path: &Path) -> Result<Server, String> {
    let identity = openpista::quic::Identity::make().unwrap();
    let memory = std::sync::Arc::new(place.memory.clone());
    let server = Server::new(&identity, memory, place.handler.clone(), brisk()).unwrap();
    server.listen_unix(path).map(|_| server).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_stale_file_is_replaced_and_a_living_one_is_not() {
    let (place, path, _) = with_socket().await;
    let error = listening(&place, &path).err().unwrap();
    assert!(error.contains("cannot listen on") && error.contains("in use"), "{error}");
    let stale = place.dir.path().join("stale.sock");
    let left = Socket::new(Domain::UNIX, Type::SEQPACKET, None).unwrap();
    left.bind(&SockAddr::unix(&stale).unwrap()).unwrap();
    drop(left);
    assert!(stale.exists());
    let server = listening(&place, &stale).unwrap();
    // Another takes the name; what goes afterwards is not the other's.
    fs::remove_file(&stale).unwrap();
    let other = listening(&place, &stale).unwrap();
    soon(server.shutdown(Duration::ZERO)).await;
    assert!(stale.exists());
    soon(other.shutdown(Duration::ZERO)).await;
    assert!(!stale.exists());
    let file = place.dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert!(listening(&place, &file).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}
