//! What the door costs: a small request through frames, JSON, the look at the device and the handler,
//! against a stream of the same library that is answered with what came on it. Over UDP and over a
//! Unix socket. `cargo bench --bench quic`
#![allow(missing_docs)]

mod support;

use openpista::{
    domain::{
        BoxFuture,
        device::{Devices, NewDevice, Role},
        event::TurnEvent,
    },
    memory::{Memory, OpenOptions},
    quic::{
        Address, Client, Handler, Identity, Limits, Peer, Reply, Server, Target,
        protocol::{Answer, Refusal, Request},
        token,
    },
};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use support::median;

const ROUNDS: usize = 10;
const CALLS: usize = 500;
const CONNECTIONS: usize = 50;

/// Says back what was said.
struct Echo;

impl Handler for Echo {
    fn generation(&self) -> u64 {
        1
    }

    fn handle(&self, _: Peer, request: Request, reply: Reply) -> BoxFuture<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            if let Request::Message { text, .. } = request {
                let _ = reply.send(Answer::Event { event: TurnEvent::Text { delta: text } }).await;
            }
            Ok(json!({ "session": "s" }))
        })
    }
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// The floor: quinn, TLS, one stream each.
async fn raw() -> (quinn::Endpoint, quinn::Connection, quinn::ClientConfig, SocketAddr) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a key that fits");
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).expect("QUIC's ciphers");
    let server = quinn::Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(crypto)), loopback())
        .expect("a socket");
    let to = server.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Some(incoming) = server.accept().await {
            tokio::spawn(async move {
                let connection = incoming.await.expect("a connection");
                while let Ok((mut send, mut recv)) = connection.accept_bi().await {
                    tokio::spawn(async move {
                        let bytes = recv.read_to_end(1 << 20).await.expect("bytes");
                        let _ = send.write_all(&bytes).await;
                        let _ = send.finish();
                    });
                }
            });
        }
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).expect("QUIC's ciphers");
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let endpoint = quinn::Endpoint::client(loopback()).expect("a socket");
    let connection =
        endpoint.connect_with(config.clone(), to, "localhost").expect("a try").await.expect("a connection");
    (endpoint, connection, config, to)
}

async fn raw_call(connection: &quinn::Connection, text: &[u8]) {
    let (mut send, mut recv) = connection.open_bi().await.expect("a stream");
    send.write_all(text).await.expect("sent");
    send.finish().expect("ended");
    assert_eq!(recv.read_to_end(1 << 20).await.expect("an answer"), text);
}

async fn call(client: &Client) {
    let text = "What is on for today, and what may wait until tomorrow?".to_owned();
    let message = Request::Message {
        text,
        session: None,
        agent: None,
        model: None,
        detach: false,
        unattended: false,
        literal: false,
    };
    client.ask(&message).await.expect("an answer");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).expect("a database");
    let token = token::token().expect("randomness");
    let new =
        NewDevice { name: "bench".into(), role: Role::Owner, token: token::hash(&token), expires_ms: None };
    let device = memory.admit(new).await.expect("a device");
    let identity = Identity::make().expect("a certificate");
    let limits = Limits::default();
    let server = Server::new(&identity, Arc::new(memory.clone()), Arc::new(Echo), limits).expect("a server");
    let address = Address::Udp(server.listen(loopback()).expect("a socket"));
    let path = dir.path().join("socket");
    server.listen_unix(&path).expect("a socket");
    let target = |address| Target { address, fingerprint: identity.fingerprint() };
    let udp = Client::connect(target(address.clone()), token.clone()).await.expect("a connection");
    let unix = Client::connect(target(Address::Unix(path)), token.clone()).await.expect("a connection");
    let (endpoint, connection, config, to) = raw().await;
    let text = [b'x'; 100];

    let mut times: [Vec<Duration>; 5] = Default::default();
    // In turns, so that all meet the same weather; the first round is for warming up.
    for round in 0..=ROUNDS {
        for _ in 0..CALLS {
            let began = Instant::now();
            raw_call(&connection, &text).await;
            times[0].push(began.elapsed());
            let began = Instant::now();
            call(&udp).await;
            times[1].push(began.elapsed());
            let began = Instant::now();
            call(&unix).await;
            times[2].push(began.elapsed());
            let began = Instant::now();
            udp.ask(&Request::Ping {}).await.expect("an answer");
            times[3].push(began.elapsed());
            let began = Instant::now();
            assert!(memory.standing(&device.id).await.expect("a look"));
            times[4].push(began.elapsed());
        }
        if round == 0 {
            times.iter_mut().for_each(Vec::clear);
        }
    }
    let [raw, message, socket, ping, look] = times.map(|mut times| median(&mut times));
    let ratio = |time: Duration| time.as_secs_f64() / raw.as_secs_f64();
    println!("raw echo {raw:?}, message {message:?}, on a Unix socket {socket:?}, ping {ping:?}");
    println!("of which the look whether the device may still {look:?}");
    println!(
        "message / raw {:.2}, on a Unix socket {:.2}, ping {:.2} (wanted: at most 3)",
        ratio(message),
        ratio(socket),
        ratio(ping)
    );

    let (mut bare, mut ours) = (vec![], vec![]);
    for _ in 0..CONNECTIONS {
        let began = Instant::now();
        let connection = endpoint.connect_with(config.clone(), to, "localhost").expect("a try");
        raw_call(&connection.await.expect("a connection"), &text).await;
        bare.push(began.elapsed());
        let began = Instant::now();
        Client::connect(target(address.clone()), token.clone()).await.expect("a connection");
        ours.push(began.elapsed());
    }
    let (bare, ours) = (median(&mut bare), median(&mut ours));
    println!(
        "connected and welcome {ours:?}, raw handshake and echo {bare:?}: {:.2}",
        ours.as_secs_f64() / bare.as_secs_f64()
    );
}
