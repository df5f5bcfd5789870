//! What the engine costs between a program and a model: messages by HTTP, answered by an instant model server,
//! against a bare daemon (HTTP in, one call to the model server, one SQLite row, HTTP out). Then many
//! conversations at once with a model that takes 50 ms. `cargo bench --bench daemon`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Barrier, Mutex},
    thread,
    time::{Duration, Instant},
};
use support::{Server, ms, text_answer};

const TOKEN: &str = "a-token-that-is-long-enough";
/// Conversations at once, and messages of each.
const FEW: (usize, usize) = (64, 30);
const MANY: (usize, usize) = (1_000, 4);
const SLOW_MODEL: Duration = Duration::from_millis(50);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, url, database] = arguments.as_slice()
        && word == "floor"
    {
        return floor(url, database);
    }
    open_files();
    let instant = Server::start(|_| text_answer());
    let (bare, ours) = (Bare::start(&instant.url), Ours::start(&instant.url));
    println!("{} conversations at once, {} messages each, an instant model:", FEW.0, FEW.1);
    let floor = load(bare.address, &bare.child, FEW, 0);
    let engine = load(ours.address, &ours.child, FEW, 0);
    floor.print("bare daemon");
    engine.print("openpista");
    println!(
        "  throughput {:.0} % of the floor; CPU of a message {:.1} times the floor's",
        100.0 * engine.throughput() / floor.throughput(),
        engine.cpu_of_each() / floor.cpu_of_each()
    );
    drop((bare, ours));

    let slow = Server::start(|_| {
        thread::sleep(SLOW_MODEL);
        text_answer()
    });
    let ours = Ours::start(&slow.url);
    load(ours.address, &ours.child, (8, 2), 0);
    let before = pss(&ours.child);
    println!(
        "{} conversations at once, {} messages each, a model that takes {:?}:",
        MANY.0, MANY.1, SLOW_MODEL
    );
    let many = load(ours.address, &ours.child, MANY, 1);
    many.print("openpista");
    let bound = MANY.0 as f64 / SLOW_MODEL.as_secs_f64();
    println!(
        "  the model's delay allows {bound:.0} messages a second; CPU used: {:.2} cores",
        many.cpu.as_secs_f64() / many.wall.as_secs_f64()
    );
    thread::sleep(Duration::from_secs(2));
    let after = pss(&ours.child);
    println!(
        "  memory: {before} KiB, then {after} KiB: {:.1} kB for each conversation",
        (after as f64 - before as f64) * 1.024 / MANY.0 as f64
    );
}

/// As many open files as may be: each who waits has one.
fn open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

struct Measured {
    wall: Duration,
    cpu: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    fn throughput(&self) -> f64 {
        self.latencies.len() as f64 / self.wall.as_secs_f64()
    }

    fn cpu_of_each(&self) -> f64 {
        self.cpu.as_secs_f64() / self.latencies.len() as f64
    }

    fn print(&self, name: &str) {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let at = |share: f64| ms(sorted[((sorted.len() - 1) as f64 * share) as usize]);
        println!(
            "  {name:<12} {:>7.0} messages/s, p50 {:>7.2} ms, p99 {:>7.2} ms, {:>6.3} ms of CPU each",
            self.throughput(),
            at(0.5),
            at(0.99),
            1e3 * self.cpu_of_each()
        );
    }
}

/// Each conversation has a connection of its own, and says one thing after the other.
fn load(
    address: SocketAddr,
    child: &Child,
    (conversations, messages): (usize, usize),
    run: usize,
) -> Measured {
    let latencies = Arc::new(Mutex::new(vec![]));
    let barrier = Arc::new(Barrier::new(conversations + 1));
    let threads: Vec<_> = (0..conversations)
        .map(|n| {
            let (latencies, barrier) = (Arc::clone(&latencies), Arc::clone(&barrier));
            let work = move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                barrier.wait();
                let mut own = vec![];
                for _ in 0..messages {
                    let began = Instant::now();
                    let body = json!({ "text": "What is the answer?", "conversation": format!("{run}/{conversations}/{n}") });
                    let answer = ask(&mut stream, &body.to_string());
                    assert!(answer.contains("The answer is 42."), "{answer}");
                    own.push(began.elapsed());
                }
                latencies.lock().unwrap().extend(own);
            };
            thread::Builder::new().stack_size(128 << 10).spawn(work).unwrap()
        })
        .collect();
    let before = cpu(child);
    barrier.wait();
    let began = Instant::now();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let wall = began.elapsed();
    let cpu = cpu(child) - before;
    let latencies = std::mem::take(&mut *latencies.lock().unwrap());
    Measured { wall, cpu, latencies }
}

fn ask(stream: &mut TcpStream, body: &str) -> String {
    let head = format!(
        "POST /message HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut input = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(input.read_line(&mut line).unwrap() > 0, "it hung up");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

/// Processor time of a process so far.
fn cpu(child: &Child) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second())
}

/// Proportional set size in KiB.
fn pss(child: &Child) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

struct Bare {
    child: Child,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Bare {
    fn start(url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("floor.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([Path::new("floor"), Path::new(url), &database])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap(), _dir: dir }
    }
}

struct Ours {
    child: Child,
    address: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Ours {
    fn start(url: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join(".config/openpista");
        fs::create_dir_all(&config).unwrap();
        let lua = "pista.channel('hook', { kind = 'http', listen = '127.0.0.1:0', rates = false,
            token = pista.secret('env:HOOK_TOKEN') })";
        fs::write(config.join("init.lua"), lua).unwrap();
        let mut start = support::openpista(dir.path(), url);
        let child = start
            .args(["start", "--listen", "127.0.0.1:0"])
            .env("HOOK_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        let address = loop {
            assert!(Instant::now() < end, "it does not listen");
            let out = support::openpista(dir.path(), url).args(["status", "--json"]).output().unwrap().stdout;
            let status: Value = serde_json::from_slice(&out).unwrap_or_default();
            if let Some(address) = status["channels"]["hook"]["listen"].as_str() {
                break address.parse().unwrap();
            }
            thread::sleep(Duration::from_millis(50));
        };
        Self { child, address, _dir: dir }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The floor: HTTP in, one call to the model server, one row, HTTP out.
fn floor(url: &str, database: &str) {
    let db = rusqlite::Connection::open(database).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE messages (id INTEGER PRIMARY KEY, question TEXT, answer TEXT)",
    )
    .unwrap();
    let db = Arc::new(Mutex::new(db));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (db, client, url) = (Arc::clone(&db), client.clone(), format!("{url}/chat/completions"));
            tokio::spawn(async move {
                let service = service_fn(|request: http::Request<Incoming>| {
                    let (db, client, url) = (Arc::clone(&db), client.clone(), url.clone());
                    async move { Ok::<_, Infallible>(bare_answer(&db, &client, &url, request).await) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
}

async fn bare_answer(
    db: &Mutex<rusqlite::Connection>,
    client: &reqwest::Client,
    url: &str,
    request: http::Request<Incoming>,
) -> http::Response<Full<bytes::Bytes>> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let message: Value = serde_json::from_slice(&body).unwrap();
    let text = message["text"].as_str().unwrap();
    let ask = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": text }] });
    let response = client.post(url).header("content-type", "application/json").body(ask.to_string());
    let stream = response.send().await.unwrap().bytes().await.unwrap();
    let mut answer = String::new();
    for line in std::str::from_utf8(&stream).unwrap().lines() {
        let Some(data) = line.strip_prefix("data: ").filter(|data| *data != "[DONE]") else { continue };
        let chunk: Value = serde_json::from_str(data).unwrap();
        answer.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
    }
    let insert = "INSERT INTO messages (question, answer) VALUES (?1, ?2)";
    db.lock().unwrap().execute(insert, (text, &answer)).unwrap();
    http::Response::new(Full::new(json!({ "reply": answer }).to_string().into()))
}
