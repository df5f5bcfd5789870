//! What a reload costs: from the end of a save to the new generation serving, without the settle time,
//! for a configuration of 300 lines, against a Lua VM that runs the same text on a table of stand-ins
//! and nothing else; and what turns feel of reloads that go on meanwhile.
//! `cargo bench --bench reload`
#![allow(missing_docs)]

mod support;

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
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use support::{Server, median, ms, text_answer};
use tokio_util::sync::CancellationToken;

const SAVES: usize = 50;
const TURNS: usize = 4_000;
/// How often a person saves who does nothing else.
const EVERY: Duration = Duration::from_millis(250);

struct Nobody;

impl Approver for Nobody {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(std::future::ready(None))
    }
}

impl Observer for Nobody {
    fn observe(&self, _: &TurnEvent) {}
}

/// 300 lines, all of them declarations.
fn lua(number: usize) -> String {
    let tools = (0..98).map(|i| {
        format!(
            "pista.tool {{ name = 'tool{i}', description = 'x',\n  parameters = {{ a = 'string' }},\n  run = \
             function(args) return args.a end }}\n"
        )
    });
    let mut text: String = tools.collect();
    text += &format!(
        "pista.agent('main', {{ model = 'server/m{number}',\n  prompt = 'Be brief.',\n  tools = {{ allow = {{ 'fs.*' }} }} }})\n"
    );
    text +=
        "pista.hook('tool_call', function(call)\n  if call.name == 'x' then return pista.deny() end\nend)\n";
    text
}

/// The same text in a bare VM.
fn bare(text: &str) -> Duration {
    let began = Instant::now();
    let lua = mlua::Lua::new();
    let pista = lua.create_table().expect("a table");
    for name in ["tool", "agent", "hook"] {
        let nothing = lua.create_function(|_, _: mlua::MultiValue| Ok(())).expect("a function");
        pista.set(name, nothing).expect("set");
    }
    lua.globals().set("pista", pista).expect("set");
    lua.load(text).exec().expect("it runs");
    began.elapsed()
}

async fn start(dir: &Path, url: &str) -> App {
    let path = |name: &str| dir.join(name).display().to_string();
    let environment = Environment::from_pairs([
        ("HOME", path("")),
        ("OPENPISTA_BASE_URL", url.to_owned()),
        ("OPENPISTA_WORKSPACE", path("")),
    ]);
    let flags = Flags::new(Some(dir.join("init.lua"))).within(environment);
    let app = App::start_staying(flags, Arc::new(Nobody), Told::default()).await.expect("it starts");
    app.serve().await;
    app
}

async fn turn(app: &App, session: &openpista::domain::id::SessionId) -> Duration {
    let delivery = Delivery {
        envelope: Envelope { origin: app.origin("bench"), agent: "main".into(), text: "hello".into() },
        session: session.clone(),
        model: None,
        depth: 0,
        observer: Arc::new(Nobody),
        cancel: CancellationToken::new(),
    };
    let began = Instant::now();
    assert!(matches!(app.gateway().submit(delivery).await.end, TurnEnd::Answered(_)));
    began.elapsed()
}

/// Turns one after the other, a few in each conversation.
async fn turns(app: &App) -> Vec<Duration> {
    let mut times = Vec::with_capacity(TURNS);
    for _ in 0..TURNS / 10 {
        let session = app.new_session("bench", None).await.expect("a session").id;
        for _ in 0..10 {
            times.push(turn(app, &session).await);
        }
    }
    times
}

fn p99(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let server = Server::start(|_| text_answer());
    let dir = tempfile::tempdir().expect("a directory");
    let init = dir.path().join("init.lua");
    fs::write(&init, lua(0)).expect("written");
    let app = start(dir.path(), &server.url).await;

    let watching = app.watch(SETTLE);
    let (mut saves, mut builds, mut floor) = (vec![], vec![], vec![]);
    for number in 1..=SAVES {
        let text = lua(number);
        floor.push(bare(&text));
        let before = app.generation();
        fs::write(&init, text).expect("written");
        let saved = Instant::now();
        while app.generation() == before {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        saves.push(saved.elapsed().saturating_sub(SETTLE));
        // What the services and the disk still have to do goes first.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = Instant::now();
        app.reload(Cause::Command).await.expect("a good configuration");
        builds.push(began.elapsed());
    }
    drop(watching);
    let (saved, built, floor) = (median(&mut saves), median(&mut builds), median(&mut floor));
    println!(
        "from the save to serving, less the settle time: {:.2} ms (wanted: at most 10); a reload by hand, kept on \
         disk: {:.2} ms; the text in a bare VM: {:.2} ms; save / bare {:.1}",
        ms(saved),
        ms(built),
        ms(floor),
        ms(saved) / ms(floor)
    );

    // In turns, so that both meet the same weather.
    turns(&app).await;
    let (mut quiet, mut busy) = (vec![], vec![]);
    let mut reloads = 0;
    for _ in 0..3 {
        quiet.extend(turns(&app).await);
        let stop = CancellationToken::new();
        let saving = {
            let (app, stop, init) = (app.clone(), stop.clone(), init.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while !stop.is_cancelled() {
                    count += 1;
                    fs::write(&init, lua(count)).expect("written");
                    app.reload(Cause::Command).await.expect("a good configuration");
                    tokio::time::sleep(EVERY).await;
                }
                count
            })
        };
        busy.extend(turns(&app).await);
        stop.cancel();
        reloads += saving.await.expect("no panic");
    }
    let medians = (median(&mut quiet), median(&mut busy));
    let (quiet, busy) = (p99(&mut quiet), p99(&mut busy));
    println!(
        "a turn without reloads: median {:.2} ms, p99 {:.2} ms; with {reloads} reloads, one each {EVERY:?}: median \
         {:.2} ms, p99 {:.2} ms; p99 ratio {:.2} (wanted: at most 1.1)",
        ms(medians.0),
        ms(quiet),
        ms(medians.1),
        ms(busy),
        busy.as_secs_f64() / quiet.as_secs_f64()
    );
    app.close().await;
}
