//! A worker, from the call to its first sign of life, against the bare engine's starting of a container;
//! and what the check of its token costs. Needs a Docker engine and the image that the tests make
//! (`scripts/test --test docker`).
//!
//! `cargo bench --bench worker`
#![allow(missing_docs, clippy::unwrap_used)]

use bollard::{
    API_DEFAULT_VERSION, Docker as Client,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{CreateContainerOptions, RemoveContainerOptionsBuilder, StartContainerOptions},
};
use openpista::{
    domain::{
        BoxFuture, JsonMap,
        approval::Nobody,
        call::{ToolCall, ToolResult, ToolStatus},
        envelope::Origin,
        event::TurnEvent,
        hook::{NoHooks, TurnContext},
        id::{SessionId, TurnId},
        sandbox::{SandboxProfile, WorkspaceAccess},
        tool::ToolSpec,
    },
    memory::{Memory, OpenOptions},
    policy::{Executor, Gate, Nested, NoNested, Scope, Verdict},
    quic::{self, Address, Target, protocol::Request},
    sandbox::{Keep, Limits, docker::Docker},
    tool::{Options, ToolRegistry, container::Profiles},
    worker::{Door, Workers, tool},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const IMAGE: &str = "openpista-test:busybox";
const RUNS: usize = 15;
const CHECKS: u32 = 100_000;
const TRIPS: u32 = 2_000;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Until the engine says that the container runs.
async fn bare(client: &Client) -> Duration {
    let began = Instant::now();
    let body = ContainerCreateBody {
        image: Some(IMAGE.into()),
        cmd: Some(vec!["sleep".into(), "60".into()]),
        host_config: Some(HostConfig { network_mode: Some("none".into()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let made = client.create_container(None::<CreateContainerOptions>, body).await.unwrap();
    client.start_container(&made.id, None::<StartContainerOptions>).await.unwrap();
    let took = began.elapsed();
    let remove = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    client.remove_container(&made.id, Some(remove)).await.unwrap();
    took
}

/// Notes when it is first told something.
#[derive(Default)]
struct First(Mutex<Option<Instant>>);

impl Nested for First {
    fn offered(&self) -> Vec<ToolSpec> {
        vec![]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolResult> {
        Box::pin(async move { NoNested.call(call).await })
    }

    fn tell(&self, _: TurnEvent) {
        self.0.lock().unwrap().get_or_insert_with(Instant::now);
    }
}

fn call_of() -> ToolCall {
    let mut args = JsonMap::new();
    args.insert("command".into(), json!(["true"]));
    ToolCall::new("worker.spawn", args)
}

fn registry(dir: &Path, door: Door) -> ToolRegistry {
    let profile = SandboxProfile {
        name: "box".into(),
        image: Some(IMAGE.into()),
        memory_bytes: None,
        cpus: None,
        pids: None,
        network: false,
        workspace: WorkspaceAccess::None,
        mounts: vec![],
        user: None,
        env: BTreeMap::new(),
        timeout: None,
        fallback: false,
        location: String::new(),
    };
    let options = Options::new(dir, dir.join("outputs"));
    let docker = Docker::new(None, "bench");
    let profiles = BTreeMap::from([("box".to_owned(), profile)]);
    let profiles = Arc::new(Profiles::new(profiles, docker, options.clone(), Arc::new(|_: &str| ())));
    let binary = Some(env!("CARGO_BIN_EXE_openpista").into());
    let workers = Workers::new(profiles, door, Workers::places(), binary, options, 10);
    let keep = Keep { dir: dir.join("outputs"), filter: None };
    let mut registry = ToolRegistry::new(Limits::default(), keep);
    registry.register(tool(Arc::new(workers))).unwrap();
    registry
}

/// From the call to the worker's first sign of life, and to its end.
async fn worker(registry: &ToolRegistry, gate: &Gate) -> (Duration, Duration) {
    let context = TurnContext {
        session: SessionId::from("bench"),
        turn: TurnId::from("bench"),
        agent: "main".into(),
        origin: Origin { channel: "bench".into(), user: "bench".into() },
        depth: 0,
    };
    let first = First::default();
    let began = Instant::now();
    let Verdict::Authorized { call, .. } = gate.user_acts(call_of(), registry.specs().first()) else {
        panic!("it is let pass");
    };
    let result = registry.execute(call, Scope { context: &context, nested: &first }).await;
    assert_eq!(result.status, ToolStatus::Ok, "{result:?}");
    let heard = first.0.lock().unwrap().unwrap();
    (heard - began, began.elapsed())
}

async fn tokens(door: &Door) {
    let (socket, fingerprint) = door.place().await.unwrap();
    let passes = door.passes().await.unwrap();
    let (id, token) = passes.issue("bench", Duration::from_secs(600)).unwrap();
    let began = Instant::now();
    for _ in 0..CHECKS {
        assert!(passes.good(&id));
    }
    let check = began.elapsed() / CHECKS;
    let client =
        quic::Client::connect(Target { address: Address::Unix(socket), fingerprint }, token).await.unwrap();
    let began = Instant::now();
    for _ in 0..TRIPS {
        client.ask(&Request::Ping {}).await.unwrap();
    }
    let trip = began.elapsed() / TRIPS;
    let share = check.as_secs_f64() / trip.as_secs_f64() * 100.0;
    println!("check of a token {check:.1?}, of a request and its answer {trip:.1?}: {share:.2} %");
    client.close().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = "unix:///var/run/docker.sock";
        let client = Client::connect_with_unix(place, 60, API_DEFAULT_VERSION).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let door = Door::new(dir.path().join("workers"));
        tokens(&door).await;
        let Ok(client) = client.negotiate_version().await else {
            println!("no Docker engine answers: no worker is measured");
            return;
        };
        let memory = Memory::open(&dir.path().join("db"), OpenOptions::default()).unwrap();
        let gate =
            Gate::new(Arc::new(NoHooks), Arc::new(Nobody), Arc::new(memory.clone()), dir.path().to_owned());
        let registry = registry(dir.path(), door);
        let (mut floor, mut heard, mut ended) = (vec![], vec![], vec![]);
        worker(&registry, &gate).await;
        for _ in 0..RUNS {
            floor.push(bare(&client).await);
            let (first, end) = worker(&registry, &gate).await;
            heard.push(first);
            ended.push(end);
        }
        let (floor, heard, ended) = (median(floor), median(heard), median(ended));
        let more = heard.saturating_sub(floor);
        println!(
            "worker: first sign of life {heard:.1?}  a bare container's start {floor:.1?}: {:.2} x, {more:.1?} more \
             (wanted: 100 ms); the end {ended:.1?}",
            heard.as_secs_f64() / floor.as_secs_f64()
        );
        memory.close().await;
    });
}
