//! What scripts pay for a kept value and for a page, beside the raw libraries doing the same.
//! `cargo bench --bench primitives`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    thread,
    time::Instant,
};
use support::{median, openpista};

const CALLS: usize = 1_000;
const RUNS: usize = 5;

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let url = site();
    let get = format!("pista.http.get('{url}', {{ allow_cidrs = {{ '127.0.0.1' }} }})");
    let (mut set, mut read, mut page) = (vec![], vec![], vec![]);
    let (mut raw_set, mut raw_read, mut raw_page) = (vec![], vec![], vec![]);
    for _ in 0..RUNS {
        set.push(script("pista.kv.set('k', i)"));
        read.push(script("pista.kv.get('k')"));
        page.push(script(&get));
        let (set, read) = raw_values();
        raw_set.push(set);
        raw_read.push(read);
        raw_page.push(raw_pages(&url));
    }
    tell("kv.set", &mut set, "SQLite", &mut raw_set);
    tell("kv.get", &mut read, "SQLite", &mut raw_read);
    tell("http.get", &mut page, "reqwest", &mut raw_page);
}

fn tell(what: &str, ours: &mut [f64], floor: &str, raw: &mut [f64]) {
    let (ours, raw) = (median(ours), median(raw));
    println!("{what}: {ours:.1} µs; {floor} bare: {raw:.1} µs; ratio {:.2}", ours / raw);
}

/// Microseconds of one call, among many in one handler.
fn script(call: &str) -> f64 {
    let home = tempfile::tempdir().unwrap();
    let code = format!(
        "=(function() local i = 0 {call} local t = pista.time.monotonic() \
         for i = 1, {CALLS} do {call} end return (pista.time.monotonic() - t) / {CALLS} * 1e6 end)()\n"
    );
    let mut command = openpista(home.path(), "http://127.0.0.1:9/v1");
    let mut child = command.arg("repl").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{code}");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The same table under the same settings.
fn raw_values() -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let conn = rusqlite::Connection::open(dir.path().join("db")).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE kv (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    )
    .unwrap();
    let mut put = conn.prepare("INSERT OR REPLACE INTO kv (key, value) VALUES ('k', ?1)").unwrap();
    let started = Instant::now();
    for i in 0..CALLS {
        put.execute([i.to_string()]).unwrap();
    }
    let set = micros(started);
    let mut get = conn.prepare("SELECT value FROM kv WHERE key = 'k'").unwrap();
    let started = Instant::now();
    for _ in 0..CALLS {
        let _: String = get.query_row([], |row| row.get(0)).unwrap();
    }
    (set, micros(started))
}

fn raw_pages(url: &str) -> f64 {
    // The library wants a TLS provider, whether or not it is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let page = async || client.get(url).send().await.unwrap().bytes().await.unwrap();
        page().await;
        let started = Instant::now();
        for _ in 0..CALLS {
            page().await;
        }
        micros(started)
    })
}

fn micros(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6 / CALLS as f64
}

/// A server that answers at once.
fn site() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || serve(stream.unwrap()));
        }
    });
    url
}

fn serve(stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() && out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").is_err() {
            return;
        }
    }
}
