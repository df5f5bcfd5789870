//! What comes and goes with a generation. Alone in its process: it measures that.
#![allow(missing_docs)]

mod script_support;

use script_support::{eval, limit, start};
use std::time::Duration;

/// Threads and resident memory (kB) of this process.
fn resources() -> (usize, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or_default()
    };
    (field("Threads:") as usize, field("VmRSS:"))
}

#[tokio::test]
async fn generations_leave_nothing_behind() {
    let text = "pista.hook('prompt', function(p) return p end)\n\
                pista.on('turn.end', function() pista.sleep(0) end)\n\
                local keep = {} for i = 1, 2000 do keep[i] = { i } end\n\
                pista.tool { name = 'a', description = 'b', run = function() return keep end }";
    let cycle = async || {
        let generation = start(text).await;
        generation.handle.emit("turn.end", serde_json::json!({}));
        assert_eq!(eval(&generation, "2 * 3").await, "6");
        let handle = generation.handle.clone();
        let waiting = tokio::spawn(async move { handle.eval("pista.sleep(60)", limit(120_000)).await });
        tokio::task::yield_now().await;
        waiting.abort();
        generation.handle.shutdown().await;
    };
    for _ in 0..50 {
        cycle().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = resources();
    for _ in 0..200 {
        cycle().await;
    }
    // Threads of dropped generations end on their own; give the last ones time.
    let mut after = resources();
    for _ in 0..200 {
        if after.0 <= before.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        after = resources();
    }
    println!(
        "threads {} -> {}, resident {} kB -> {} kB after 200 generations",
        before.0, after.0, before.1, after.1
    );
    assert!(after.0 <= before.0 + 3, "threads: {before:?} -> {after:?}");
    // A leaked VM is about 300 kB with what this one holds: 200 of them would be 60 MB.
    assert!(after.1 < before.1 + 20_000, "memory: {before:?} -> {after:?}");
}
