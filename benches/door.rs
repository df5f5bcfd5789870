//! A small message to the daemon (authenticated device, gate of the session, an instant model in Lua, all
//! stored) against a process that echoes what comes on a stream of raw quinn and commits it to SQLite
//! first. One client, one after the other; both servers are processes of their own.
//! `cargo bench --bench door`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use openpista::{
    app::daemon::Files,
    config::{Dirs, Environment},
    quic::{
        Client,
        protocol::{Answer, Request},
    },
};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{median, openpista};

const ROUNDS: usize = 50;
const CALLS: usize = 20;
const TEXT: &str = "What is on for today, and what may wait until tomorrow?";
const CERTIFICATE: &str = "floor.der";

const INIT: &str = r#"
pista.provider("instant", { chat = function() return "Nothing that could not wait." end })
pista.agent("main", { model = "instant/x", prompt = "Be brief.", tools = { deny = { "*" } } })
pista.setup { rates = false }
"#;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).map(String::as_str) == Some("floor") {
        return floor(Path::new(&args[2]));
    }
    if args.iter().any(|a| a == "--test") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".config/openpista")).unwrap();
    fs::write(home.path().join(".config/openpista/init.lua"), INIT).unwrap();
    let mut command = openpista(home.path(), "http://127.0.0.1:9/v1");
    command.env_remove("OPENPISTA_MODEL").args(["start", "--listen", "127.0.0.1:0"]);
    let ours = Running::start(command);
    let mut command = Command::new(std::env::current_exe().unwrap());
    // Elsewhere: a daemon looks at what happens in its workspace.
    let apart = tempfile::tempdir().unwrap();
    command.arg("floor").arg(apart.path());
    let bare = Running::start(command);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(home.path(), apart.path(), bare.address));
    drop((ours, bare));
}

async fn measure(home: &Path, apart: &Path, floor: SocketAddr) {
    let environment = Environment::from_pairs([("HOME", home.as_os_str().to_owned())]);
    let files = Files::of(&Dirs::find(&environment, home).unwrap());
    let (target, token) = files.way(&files.read().unwrap().unwrap()).unwrap();
    let client = Client::connect(target, token).await.unwrap();
    let (_endpoint, raw) = connect(floor, &fs::read(apart.join(CERTIFICATE)).unwrap()).await;
    let mut times: [Vec<Duration>; 4] = Default::default();
    for round in 0..=ROUNDS {
        // One conversation for a round: a long one would measure its length.
        let session = format!("round {round}");
        for _ in 0..CALLS {
            let began = Instant::now();
            echo(&raw, b"c").await;
            times[0].push(began.elapsed());
            let began = Instant::now();
            echo(&raw, b"e").await;
            times[1].push(began.elapsed());
            let (first, whole) = say(&client, &session).await;
            times[2].push(first);
            times[3].push(whole);
        }
        if round == 0 {
            times.iter_mut().for_each(Vec::clear);
        }
    }
    let mut slowest = times[3].clone();
    slowest.sort();
    let p99 = slowest[slowest.len() * 99 / 100];
    let [floor, echo, first, whole] = times.map(|mut times| median(&mut times));
    println!("floor: echo and one commit {floor:?} (of which the echo {echo:?})");
    println!("message: first text {first:?}, done {whole:?} (p99 {p99:?})");
    let ratio = |time: Duration| time.as_secs_f64() / floor.as_secs_f64();
    println!(
        "message / floor {:.2}, first text / floor {:.2} (wanted: at most 3)",
        ratio(whole),
        ratio(first)
    );
}

async fn say(client: &Client, session: &str) -> (Duration, Duration) {
    let began = Instant::now();
    let request = Request::Message {
        text: TEXT.into(),
        session: Some(session.into()),
        agent: None,
        model: None,
        detach: false,
        unattended: false,
        literal: true,
    };
    let mut answers = client.request(&request).await.unwrap();
    let mut first = None;
    loop {
        match answers.next().await.unwrap() {
            Answer::Event { event: openpista::domain::event::TurnEvent::Text { .. } } => {
                first.get_or_insert(began.elapsed());
            }
            Answer::Done { .. } => return (first.unwrap(), began.elapsed()),
            _ => {}
        }
    }
}

/// `c` commits, `e` echoes only.
async fn echo(connection: &quinn::Connection, what: &[u8]) {
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&[what, TEXT.as_bytes()].concat()).await.unwrap();
    send.finish().unwrap();
    assert_eq!(recv.read_to_end(1 << 20).await.unwrap()[1..], *TEXT.as_bytes());
}

async fn connect(to: SocketAddr, certificate: &[u8]) -> (quinn::Endpoint, quinn::Connection) {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.to_vec().into()).unwrap();
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).unwrap();
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let connection = endpoint.connect_with(config, to, "localhost").unwrap().await.unwrap();
    (endpoint, connection)
}

/// A process that said where it listens.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let rest = line.split("listening on ").nth(1).unwrap();
        let address = rest.split([',', '\n']).next().unwrap().parse().unwrap();
        Self { child, address }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// quinn, and one row in SQLite before the answer, as durable as ours.
#[tokio::main]
async fn floor(dir: &Path) {
    let database = rusqlite::Connection::open(dir.join("floor.db")).unwrap();
    let tables = "PRAGMA journal_mode = wal; PRAGMA synchronous = normal;
        CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT)";
    database.execute_batch(tables).unwrap();
    let database = Arc::new(Mutex::new(database));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(dir.join(CERTIFICATE), made.cert.der()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).unwrap();
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let endpoint = quinn::Endpoint::server(config, ([127, 0, 0, 1], 0).into()).unwrap();
    println!("listening on {}", endpoint.local_addr().unwrap());
    while let Some(incoming) = endpoint.accept().await {
        let database = database.clone();
        tokio::spawn(async move {
            let connection = incoming.await.unwrap();
            while let Ok((mut send, mut recv)) = connection.accept_bi().await {
                let database = database.clone();
                tokio::spawn(async move {
                    let bytes = recv.read_to_end(1 << 20).await.unwrap();
                    if bytes[0] == b'c' {
                        let insert = "INSERT INTO messages (text) VALUES (?1)";
                        database.lock().unwrap().execute(insert, [&bytes]).unwrap();
                    }
                    let _ = send.write_all(&bytes).await;
                    let _ = send.finish();
                });
            }
        });
    }
}
