//! Several at once, and no more than that.

use crate::{
    rig::engine,
    stage::{containers, home, results},
    support::fake_openai::{FakeOpenAi, Reply},
};
use openpista::worker::MAX_WORKERS;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

#[test]
fn several_work_at_once_within_the_bound() {
    if !engine() {
        return;
    }
    let count = MAX_WORKERS + 2;
    let call = |n: usize| ("worker_spawn", json!({ "command": ["sh", "-c", format!("sleep 2; echo {n}")] }));
    let fake = FakeOpenAi::start([Reply::calls((0..count).map(call)), Reply::text("done")]);
    let home = home(&fake, "");
    let (over, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let looking = {
        let (home, over, most) = (home.clone(), over.clone(), most.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                most.fetch_max(containers(&home).len(), Ordering::SeqCst);
            }
        })
    };
    home.run(["run", "--yes", "-e", "go"]).ok();
    over.store(true, Ordering::SeqCst);
    looking.join().unwrap();
    let mut seen = results(&fake.last_request().unwrap());
    seen.sort();
    let wanted: Vec<String> = (0..count).map(|n| format!("exit code 0\nstdout:\n{n}")).collect();
    assert_eq!(seen, wanted);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=MAX_WORKERS).contains(&most), "{most} at once");
    assert!(containers(&home).is_empty());
}
