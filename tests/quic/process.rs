//! A server in a process of its own: to be measured, and to be killed.

use super::support::*;
use openpista::{
    memory::{Memory, OpenOptions},
    quic::{Address, Target},
};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::Arc,
};

/// Tells the other process where to keep things.
const PLACE: &str = "OPENPISTA_TEST_PLACE";
/// Tells it where to listen.
const LISTEN: &str = "OPENPISTA_TEST_LISTEN";

/// The other process. Runs until its standard input ends.
#[test]
#[ignore = "a part of other tests, which start it"]
fn server_process() {
    let Some(dir) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let address = std::env::var(LISTEN).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let memory = Memory::open(&dir.join("memory.db"), OpenOptions::default()).unwrap();
        let handler = Arc::new(Obedient::default());
        let (_server, target) = serve(&dir, &memory, handler, Default::default(), address);
        println!("\nserving {} {}", target.address, target.fingerprint);
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut vec![])).await.unwrap().unwrap();
    });
}

/// A handle to it. Dropping it kills it, without a goodbye.
pub(crate) struct Other {
    child: Child,
    _stdin: ChildStdin,
    pub(crate) target: Target,
}

impl Other {
    pub(crate) fn start(dir: &Path, address: SocketAddr) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::server_process", "--ignored", "--nocapture"])
            .env(PLACE, dir)
            .env(LISTEN, address.to_string())
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
    pub(crate) fn memory(&self) -> u64 {
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
