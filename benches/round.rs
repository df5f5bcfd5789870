//! What a tool round costs besides the command: from the end of the server's answer to the arrival
//! of the next request, less spawning the same command bare. `cargo bench --bench round`
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::{process::Stdio, time::Instant};
use support::{Server, call_answer, median, ms, openpista, run, text_answer};

const ROUNDS: usize = 20;
const RUNS: usize = 40;

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let mut rounds = vec![];
    let mut spawns = vec![];
    for _ in 0..RUNS {
        rounds.extend(openpista_rounds());
        spawns.extend(bare_spawns());
    }
    let (round, spawn) = (median(&mut rounds), median(&mut spawns));
    println!("tool round: {round:.3} ms; the command bare: {spawn:.3} ms; overhead {:.3} ms", round - spawn);
    println!("tool round to bare command: ratio {:.2}", round / spawn);
}

fn openpista_rounds() -> Vec<f64> {
    // Each call differs, or the loop guard would end the turn.
    let server = Server::start(|n| {
        if n < ROUNDS { call_answer(n, &format!("[\"true\",\"{n}\"]")) } else { text_answer() }
    });
    let home = tempfile::tempdir().unwrap();
    let mut command = openpista(home.path(), &server.url);
    command.env("OPENPISTA_MAX_TOOL_ROUNDS", (ROUNDS + 1).to_string());
    run(command.args(["run", "--yes", "-e", "go"]));
    let times = server.times.lock().unwrap();
    assert_eq!(times.asked.len(), ROUNDS + 1);
    times.asked[1..].iter().zip(&times.answered).map(|(asked, answered)| ms(*asked - *answered)).collect()
}

fn bare_spawns() -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut times = vec![];
        for n in 0..ROUNDS {
            let started = Instant::now();
            let child = tokio::process::Command::new("true")
                .arg(n.to_string())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .process_group(0)
                .spawn()
                .unwrap();
            assert!(child.wait_with_output().await.unwrap().status.success());
            times.push(ms(started.elapsed()));
        }
        times
    })
}
