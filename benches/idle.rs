//! A daemon that has nothing to do, beside a bare process with the same libraries: quinn, tokio, rusqlite
//! and mlua. How long each takes until it listens, how much memory is its own, and what it costs while
//! nothing happens. Linux. `cargo bench --bench idle`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use support::{median, ms, openpista};

const STARTS: usize = 15;
/// From the start until both have settled.
const SETTLE: Duration = Duration::from_secs(5);
/// What is counted and scaled to a minute.
const WATCHED: Duration = Duration::from_secs(60);

const INIT: &str = r#"
pista.setup { listen = "127.0.0.1:0" }
pista.channel("chat", {
  users = { "ada" },
  start = function(self) while true do pista.sleep(3600) end end,
  send = function(self, to, message) end,
})
pista.cron("digest", { at = "0 8 * * 1-5", tz = "Asia/Seoul" }, function() return "x" end)
"#;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).map(String::as_str) == Some("floor") {
        return floor(Path::new(&args[2]));
    }
    if args.iter().any(|a| a == "--test") || !cfg!(target_os = "linux") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".config/openpista")).unwrap();
    fs::write(home.path().join(".config/openpista/init.lua"), INIT).unwrap();
    let ours = || {
        let mut command = openpista(home.path(), "http://127.0.0.1:9/v1");
        command.arg("start");
        Running::start(command)
    };
    let bare = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("floor").arg(home.path());
        Running::start(command)
    };
    let mut walls = (vec![], vec![]);
    for _ in 0..STARTS {
        walls.0.push(ms(ours().listens));
        walls.1.push(ms(bare().listens));
    }
    let (a, b) = (median(&mut walls.0), median(&mut walls.1));
    println!("start to listening: {a:.1} ms; bare {b:.1} ms; ratio {:.2} (wanted: at most 3)", a / b);

    let (ours, bare) = (ours(), bare());
    thread::sleep(SETTLE);
    let before = (ours.spent(), bare.spent());
    let memory = (ours.memory(), bare.memory());
    thread::sleep(WATCHED);
    let after = (ours.spent(), bare.spent());
    println!(
        "memory of its own (PSS): {:.1} MiB; bare {:.1} MiB; ratio {:.2} (wanted: at most 2, and under 10 MiB)",
        memory.0,
        memory.1,
        memory.0 / memory.1
    );
    println!(
        "a minute of nothing: {:.2} ms of CPU, {} wake-ups; bare {:.2} ms, {} (wanted: at most 5 ms)",
        after.0.0 - before.0.0,
        after.0.1 - before.0.1,
        after.1.0 - before.1.0,
        after.1.1 - before.1.1
    );
}

/// A process that said it listens.
struct Running {
    child: Child,
    listens: Duration,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("listening"), "{line}");
        Self { child, listens: began.elapsed() }
    }

    /// MiB that would be free without it.
    fn memory(&self) -> f64 {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).unwrap();
        let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Milliseconds of CPU, and how often a thread woke up.
    fn spent(&self) -> (f64, u64) {
        let (mut nanos, mut wakes) = (0.0, 0);
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap() {
            let task = task.unwrap().path();
            let stat = fs::read_to_string(task.join("schedstat")).unwrap();
            nanos += stat.split(' ').next().unwrap().parse::<f64>().unwrap();
            let status = fs::read_to_string(task.join("status")).unwrap();
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt")).unwrap();
            wakes += line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
        }
        (nanos / 1e6, wakes)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// The floor: the libraries, with nothing around them.
#[tokio::main]
async fn floor(dir: &Path) {
    let database = rusqlite::Connection::open(dir.join("floor.db")).unwrap();
    let tables =
        "PRAGMA journal_mode = wal; CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, text TEXT)";
    database.execute_batch(tables).unwrap();
    let lua = mlua::Lua::new();
    lua.load("jobs = {} function job(f) jobs[#jobs + 1] = f end job(function() return 1 end)")
        .exec()
        .unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
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
    let endpoint = quinn::Endpoint::server(config, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    println!("listening on {}", endpoint.local_addr().unwrap());
    let mut end = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = end.recv() => {}
        _ = endpoint.accept() => {}
    }
    drop((database, lua));
}
