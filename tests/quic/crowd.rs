//! Two thousand connections at once, in front of a server in a process of its own.

use super::{process::Other, support::*};
use openpista::{
    domain::{device::Role, secret::Secret},
    memory::{Memory, OpenOptions},
    quic::{
        Address, Client,
        protocol::{ALPN, Answer},
    },
};

/// Connections of devices that are let in and say nothing more.
const IDLE: usize = 1_000;
/// Connections that do not even say who they are.
const STRANGERS: usize = 1_000;
/// What the server may grow by, in KiB. Measured: less than half of it, in a build without
/// optimisation.
const GROWTH: u64 = 128 << 10;
#[tokio::test]
async fn leaves_the_server_small_and_others_served() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap();
    let mut tokens: Vec<Secret> = vec![];
    for _ in 0..IDLE.div_ceil(50) {
        tokens.push(device(&memory, Role::User).await.0);
    }
    let (owner, _) = device(&memory, Role::Owner).await;
    let other = Other::start(dir.path(), loopback());
    let Address::Udp(address) = other.target.address else { unreachable!("listens on UDP") };
    let served = async || {
        let client = soon(Client::connect(other.target.clone(), owner.clone())).await.unwrap();
        soon(client.ask(&message("echo hi"))).await.unwrap();
        client.close().await;
    };
    served().await;
    let before = other.memory();

    // One socket for all of them; they are told apart by their connection's id.
    let endpoint = quinn::Endpoint::client(loopback()).unwrap();
    let connect =
        async || soon(endpoint.connect_with(bare_config(ALPN), address, "localhost").unwrap()).await;
    let mut idle = vec![];
    for n in 0..IDLE {
        let connection = connect().await.unwrap();
        let bare = Bare::of(endpoint.clone(), connection);
        let answers = bare.exchange(&hello(tokens[n / 50].expose())).await;
        assert!(matches!(&answers[..], [Answer::Welcome(_)]), "{answers:?}");
        idle.push(bare);
    }
    served().await;
    let mut strangers = vec![];
    for n in 0..STRANGERS {
        let connection = connect().await.unwrap();
        let bare = Bare::of(endpoint.clone(), connection);
        // Every other one begins to say something, and never ends.
        let stream = if n % 2 == 0 { Some(bare.begin(&[0, 0, 2]).await) } else { None };
        strangers.push((bare, stream));
        if n % 100 == 0 {
            served().await;
        }
    }
    let after = other.memory();
    println!("the server: {before} KiB, with {IDLE} idle and {STRANGERS} half-open: {after} KiB");
    assert!(after - before < GROWTH, "{before} KiB, then {after} KiB");
    served().await;
    for bare in &idle {
        assert!(bare.connection.close_reason().is_none(), "those who are known stay");
    }
}
