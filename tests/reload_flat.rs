//! What a thousand reloads leave behind. Alone in its process: it measures that.
#![allow(missing_docs)]

use openpista::{
    app::{App, Cause, Flags, Told},
    config::Environment,
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        envelope::Envelope,
        event::{Observer, TurnEvent},
        outcome::TurnEnd,
    },
    gateway::Delivery,
    watch::SETTLE,
};
use std::{fs, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const RELOADS: usize = 1_000;
/// Reloads before the measuring begins: what is made once is made by then.
const WARMING_UP: usize = 100;
/// A turn is taken every so many reloads.
const TURN_EVERY: usize = 20;
/// Kilobytes that the memory may differ by. A generation of this configuration holds about 1,000 of
/// them: a hundredth of a leak would be seen.
const SLACK_KB: u64 = 10_000;

struct Nobody;

impl Approver for Nobody {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(std::future::ready(None))
    }
}

impl Observer for Nobody {
    fn observe(&self, _: &TurnEvent) {}
}

/// Threads, open files and resident memory (kB) of this process.
#[derive(Clone, Copy, Debug)]
struct Resources {
    threads: usize,
    files: usize,
    memory: u64,
}

fn resources() -> Resources {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or_default()
    };
    let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    Resources { threads: field("Threads:") as usize, files, memory: field("VmRSS:") }
}

/// Threads of replaced generations end by themselves; gives the last ones time.
async fn settled(most: usize) -> Resources {
    for _ in 0..400 {
        if resources().threads <= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    resources()
}

fn lua(number: usize) -> String {
    format!(
        "local keep = {{}}\nfor i = 1, 5000 do keep[i] = {{ i }} end\n\
         pista.hook('prompt', function(p) p.system = p.system .. '{number}' .. #keep return p end)\n\
         pista.hook('tool_call', function() return pista.allow() end)\n\
         pista.on('reload', function(r) last = r.generation end)\n\
         pista.on('turn.end', function() pista.sleep(0) end)\n\
         pista.cron('hourly', {{ at = '0 * * * *' }}, function() return #keep end)\n\
         pista.command('count', {{ help = 'x' }}, function() return tostring(#keep) end)\n\
         pista.tool {{ name = 'keep', description = 'k', run = function() return keep end }}\n"
    )
}

#[tokio::test]
async fn a_thousand_reloads_leave_nothing_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let init = dir.path().join("init.lua");
    fs::write(&init, lua(0)).expect("written");
    let environment = Environment::from_pairs([
        ("HOME", path("")),
        ("OPENPISTA_LOCAL_SERVERS", "[]".into()),
        ("OPENPISTA_WORKSPACE", path("")),
    ]);
    let flags = Flags::new(Some(init.clone())).within(environment);
    let app = App::start_staying(flags, Arc::new(Nobody), Told::default()).await.expect("it starts");
    app.serve().await;
    let _watching = app.watch(SETTLE);
    let mut before = None;
    for number in 1..=WARMING_UP + RELOADS {
        fs::write(&init, lua(number)).expect("written");
        app.reload(Cause::Command).await.expect("a good configuration");
        if number % TURN_EVERY == 0 {
            let session = app.new_session("test", None).await.expect("a session");
            let delivery = Delivery {
                envelope: Envelope { origin: app.origin("test"), agent: "main".into(), text: "hello".into() },
                session: session.id,
                model: None,
                depth: 0,
                observer: Arc::new(Nobody),
                cancel: CancellationToken::new(),
            };
            assert!(matches!(app.gateway().submit(delivery).await.end, TurnEnd::Answered(_)));
        }
        if number == WARMING_UP {
            // Fewer than this there never are: the test's, the generation's, the watcher's, the memory's.
            before = Some(settled(8).await);
        }
    }
    let before = before.expect("it warmed up");
    let after = settled(before.threads).await;
    println!(
        "{RELOADS} reloads: threads {} -> {}, open files {} -> {}, resident {} kB -> {} kB",
        before.threads, after.threads, before.files, after.files, before.memory, after.memory
    );
    assert!(after.threads <= before.threads + 2, "threads: {before:?} -> {after:?}");
    assert!(after.files <= before.files + 2, "files: {before:?} -> {after:?}");
    assert!(after.memory < before.memory + SLACK_KB, "memory: {before:?} -> {after:?}");
    assert_eq!(app.abandoned(), 0);
    app.close().await;
}
