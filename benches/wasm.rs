//! A call of a WebAssembly skill, against the bare engine doing the same.
//!
//! `cargo bench --bench wasm`
#![allow(missing_docs, clippy::unwrap_used)]

use openpista::sandbox::{
    Exit, Keep, Limits,
    wasm::{Job, Wasm},
};
use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, p1::WasiP1Ctx};

const CALLS: usize = 2_000;
/// Calls at the same time.
const AT_ONCE: usize = 100;

fn module() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("skills/hello-wasm/skill.wasm")).unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Instantiate, call, drop: nothing else. With the same view of a directory.
fn floor(workspace: &Path) -> Duration {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, module()).unwrap();
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |wasi| wasi).unwrap();
    let linked = linker.instantiate_pre(&module).unwrap();
    let input = json!({"id": "1", "name": "hello", "args": {"name": "Ada"}}).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let times = (0..CALLS).map(|_| {
        let began = Instant::now();
        runtime.block_on(async {
            let wasi = WasiCtxBuilder::new()
                .preopened_dir(workspace, "/workspace", FsPerms::ReadOnly)
                .unwrap()
                .build_p1();
            let mut store = Store::new(&engine, wasi);
            store.set_epoch_deadline(1_000_000);
            let instance = linked.instantiate_async(&mut store).await.unwrap();
            let memory = instance.get_memory(&mut store, "memory").unwrap();
            let alloc = instance.get_typed_func::<i32, i32>(&mut store, "alloc").unwrap();
            let run = instance.get_typed_func::<(i32, i32), i64>(&mut store, "run").unwrap();
            let size = input.len() as i32;
            let at = alloc.call_async(&mut store, size).await.unwrap();
            memory.write(&mut store, at as usize, input.as_bytes()).unwrap();
            let packed = run.call_async(&mut store, (at, size)).await.unwrap() as u64;
            let (place, length) = ((packed >> 32) as usize, packed as u32 as usize);
            let result: serde_json::Value =
                serde_json::from_slice(&memory.data(&store)[place..place + length]).unwrap();
            assert_eq!(result["status"], "ok");
        });
        began.elapsed()
    });
    median(times.collect())
}

fn ours(wasm: &Wasm, workspace: &Path, keep: &Keep, calls: usize) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limits = Limits::default();
    let module = module();
    (0..calls)
        .map(|_| {
            let input = json!({"id": "1", "name": "hello", "args": {"name": "Ada"}});
            let job =
                Job { module: module.clone(), input, workspace: Some(workspace.to_owned()), fuel: None };
            let began = Instant::now();
            let outcome = runtime.block_on(wasm.run(job, &limits, keep)).unwrap();
            assert_eq!(outcome.exit, Exit::Done);
            began.elapsed()
        })
        .collect()
}

/// Many at once, each on a task of its own: how long all take, and by how much memory rose meanwhile.
fn at_once(wasm: &Arc<Wasm>, workspace: &Path, keep: &Keep) -> (Duration, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = peak();
    let began = Instant::now();
    runtime.block_on(async {
        let calls: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (wasm, keep, workspace) = (Arc::clone(wasm), keep.clone(), workspace.to_owned());
                let input = json!({"id": "1", "name": "hello", "args": {"name": "Ada"}});
                let job = Job { module: module(), input, workspace: Some(workspace), fuel: None };
                tokio::spawn(async move { wasm.run(job, &Limits::default(), &keep).await.unwrap().exit })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), Exit::Done);
        }
    });
    (began.elapsed(), peak() - before)
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = dir.path().join("work");
    std::fs::create_dir(&workspace).unwrap();
    let keep = Keep { dir: dir.path().join("spill"), filter: None };
    let cache = dir.path().join("cache");
    let compiled = ours(&Wasm::new(cache.clone()), &workspace, &keep, 1)[0];
    // A new program that finds what an earlier one compiled.
    let cold = median((0..20).map(|_| ours(&Wasm::new(cache.clone()), &workspace, &keep, 1)[0]).collect());
    let wasm = Arc::new(Wasm::new(cache));
    ours(&wasm, &workspace, &keep, 50);
    let (all, more) = at_once(&wasm, &workspace, &keep);
    let warm = median(ours(&wasm, &workspace, &keep, CALLS));
    let floor = floor(&workspace);
    println!("first call, compiled       {compiled:>10.1?}");
    println!("first call, from the cache {cold:>10.1?}  (wanted: 5 ms)");
    println!(
        "warm call                  {warm:>10.1?}  bare wasmtime {floor:.1?}: {:.2} x (wanted: 2 x)",
        warm.as_secs_f64() / floor.as_secs_f64()
    );
    println!(
        "{AT_ONCE} calls at once        {all:>10.1?}  all ended well; memory rose by {:.1} MiB (their limits together: {} MiB)",
        more as f64 / 1024.0,
        (AT_ONCE as u64 * openpista::sandbox::wasm::DEFAULT_MEMORY) >> 20
    );
}
