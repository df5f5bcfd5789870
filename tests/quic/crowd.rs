//! Two thousand connections at once, in front of a server in a process of its own.

use super::support::*;
use openpista::{
    domain::{device::Role, secret::Secret},
    memory::{Memory, OpenOptions},
    quic::{
        Address, Client, Target,
        protocol::{ALPN, Answer},
    },
};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
};

/// Connections of devices that are let in and say nothing more.
const IDLE: usize = 1_000;
/// Connections that do not even say who they are.
const STRANGERS: usize = 1_000;
/// What the server may grow by, in KiB. Measured: less than half of it, in a build without
/// optimisation.
const GROWTH: u64 = 128 << 10;
/// Tells the other process where to keep things.
const PLACE: &str = "OPENPISTA_TEST_CROWD";

/// The other process. Runs until its standard input ends.
#[test]
#[ignore = "a part of the test below, which starts it"]
fn server_process() {
    let Some(dir) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let memory = Memory::open(&dir.join("memory.db"), OpenOptions::default()).unwrap();
        let handler = Arc::new(Obedient::default());
        let (_server, target) = serve(&dir, &memory, handler, Default::default(), loopback());
        println!("\nserving {} {}", target.address, target.fingerprint);
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut vec![])).await.unwrap().unwrap();
    });
}

struct Other {
    child: Child,
    _stdin: ChildStdin,
    target: Target,
}

impl Other {
    fn start(dir: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crowd::server_process", "--ignored", "--nocapture"])
            .env(PLACE, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.starts_with("serving ")).unwrap();
        let mut words = line.split(' ').skip(1);
        let address = Address::Udp(words.next().unwrap().parse().unwrap());
        let fingerprint = words.next().unwrap().parse().unwrap();
        Self { child, _stdin: stdin, target: Target { address, fingerprint } }
    }

    /// Resident memory in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn leaves_the_server_small_and_others_served() {
    let dir = tempfile::tempdir().unwrap();
    let memory = Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap();
    let mut tokens: Vec<Secret> = vec![];
    for _ in 0..IDLE.div_ceil(50) {
        tokens.push(device(&memory, Role::User).await.0);
    }
    let (owner, _) = device(&memory, Role::Owner).await;
    let other = Other::start(dir.path());
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
        let bare = Bare { endpoint: endpoint.clone(), connection };
        let answers = bare.exchange(&hello(tokens[n / 50].expose())).await;
        assert!(matches!(&answers[..], [Answer::Welcome(_)]), "{answers:?}");
        idle.push(bare);
    }
    served().await;
    let mut strangers = vec![];
    for n in 0..STRANGERS {
        let connection = connect().await.unwrap();
        let bare = Bare { endpoint: endpoint.clone(), connection };
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
