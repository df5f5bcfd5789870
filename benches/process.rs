//! Whole processes: a one-shot turn against a bare async-openai program that makes the same call,
//! and `--help` against hello world. `cargo bench --bench process`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use futures_util::StreamExt;
use serde_json::{Value, json};
use std::{io::Write, process::Command, time::Duration};
use support::{Server, median, ms, openpista, run, text_answer};

const RUNS: usize = 40;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).map(String::as_str) == Some("floor") {
        return floor(&args[2]);
    }
    if args.iter().any(|a| a == "--test") {
        return;
    }
    one_shot();
    help();
}

/// The floor: async-openai with nothing around it.
fn floor(url: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = async_openai::config::OpenAIConfig::new().with_api_base(url).with_api_key("none");
        let client = async_openai::Client::with_config(config);
        let request = json!({ "model": "m", "stream": true,
            "messages": [{ "role": "user", "content": "What is the answer?" }] });
        let mut stream = client.chat().create_stream_byot::<Value, Value>(request).await.unwrap();
        let mut out = std::io::stdout().lock();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.unwrap();
            if let Some(text) = chunk["choices"][0]["delta"]["content"].as_str() {
                out.write_all(text.as_bytes()).unwrap();
            }
        }
    });
}

fn one_shot() {
    let server = Server::start(|_| text_answer());
    let home = tempfile::tempdir().unwrap();
    let mut ours = || {
        let mut command = openpista(home.path(), &server.url);
        run(command.args(["run", "-e", "What is the answer?"]))
    };
    let mut bare = || run(Command::new(std::env::current_exe().unwrap()).args(["floor", &server.url]));
    compare("one-shot turn", &mut ours, "bare async-openai", &mut bare);
}

fn help() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("hello.rs");
    std::fs::write(&source, "fn main() { println!(\"hello, world\"); }").unwrap();
    let hello = folder.path().join("hello");
    let built = Command::new("rustc").arg("-O").arg(&source).arg("-o").arg(&hello).status().unwrap();
    assert!(built.success());
    let mut ours = || run(Command::new(env!("CARGO_BIN_EXE_openpista")).arg("--help"));
    let mut bare = || run(&mut Command::new(&hello));
    compare("--help", &mut ours, "hello world", &mut bare);
}

type Sample<'a> = &'a mut dyn FnMut() -> (Duration, i64);

fn compare(name: &str, ours: Sample<'_>, floor_name: &str, floor: Sample<'_>) {
    ours();
    floor();
    let (mut walls, mut peaks) = ((vec![], vec![]), (vec![], vec![]));
    for _ in 0..RUNS {
        let (wall, peak) = ours();
        walls.0.push(ms(wall));
        peaks.0.push(peak as f64 / 1024.0);
        let (wall, peak) = floor();
        walls.1.push(ms(wall));
        peaks.1.push(peak as f64 / 1024.0);
    }
    let (a, b) = (median(&mut walls.0), median(&mut walls.1));
    println!("{name}: wall {a:.2} ms; {floor_name}: {b:.2} ms; ratio {:.2}", a / b);
    let (a, b) = (median(&mut peaks.0), median(&mut peaks.1));
    println!("{name}: peak {a:.1} MiB; {floor_name}: {b:.1} MiB; ratio {:.2}", a / b);
}
