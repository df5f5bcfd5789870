//! One run of a module.

use super::{
    DEFAULT_MEMORY, Job, WasmError, WasmOutcome,
    abi::{Abi, Fault},
    engine::{Shared, Wasm},
    guest::Guest,
    output::Sink,
};
use crate::sandbox::{Exit, Keep, Limits, Output, Stream, Streams};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use wasmtime::{InstancePre, Store, Trap};
use wasmtime_wasi::I32Exit;

/// Bytes of each stream that are taken at most.
const MOST_OUTPUT: u64 = 4 << 20;
/// The exit code of a run that trapped, as shells report an abort.
const TRAPPED: i32 = 134;

/// Stops the guest when nobody waits for it any more.
struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Wasm {
    /// Runs a module to its end, or to its limits. Dropping the future stops it.
    ///
    /// # Errors
    /// When it can't be run at all. A run that goes wrong is an outcome.
    pub async fn run(&self, job: Job, limits: &Limits, keep: &Keep) -> Result<WasmOutcome, WasmError> {
        let threads = self.0.threads()?;
        // Never closed.
        let _place = self.0.places.acquire().await;
        let (shared, limits, keep) = (Arc::clone(&self.0), *limits, keep.clone());
        let fuel = job.fuel.is_some();
        let module = job.module.clone();
        let preparing = Arc::clone(&shared);
        let linked = match threads.spawn_blocking(move || preparing.prepare(&module, fuel)).await {
            Ok(linked) => linked?,
            Err(error) => return Err(WasmError::Engine(error.to_string())),
        };
        let task = threads.spawn(async move { run(&shared, &linked, &job, &limits, &keep).await });
        let _abort = Abort(task.abort_handle());
        task.await.unwrap_or_else(|error| Err(WasmError::Engine(error.to_string())))
    }
}

async fn run(
    shared: &Shared,
    linked: &InstancePre<Guest>,
    job: &Job,
    limits: &Limits,
    keep: &Keep,
) -> Result<WasmOutcome, WasmError> {
    let started = Instant::now();
    let most = usize::try_from(MOST_OUTPUT).unwrap_or(usize::MAX);
    let (stdout, stderr) = (Sink::new(most), Sink::new(most));
    let memory = limits.memory_bytes.unwrap_or(DEFAULT_MEMORY);
    let guest = Guest::new(job.workspace.as_deref(), memory, stdout.clone(), stderr.clone())?;
    let mut store = Store::new(linked.module().engine(), guest);
    Guest::limit(&mut store);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    if let Some(fuel) = job.fuel {
        store.set_fuel(fuel).map_err(|error| WasmError::Engine(error.to_string()))?;
    }
    let input = job.input.to_string();
    let running = shared.ticker.run();
    let called = tokio::time::timeout(limits.timeout, async {
        let instance = linked.instantiate_async(&mut store).await?;
        let abi = match Abi::of(&instance, &mut store) {
            Ok(abi) => abi,
            Err(error) => return Ok(Err(error)),
        };
        abi.call(&mut store, input.as_bytes()).await.map(Ok)
    })
    .await;
    drop(running);
    let starved = store.data().starved;
    drop(store);
    let duration = started.elapsed();
    let (exit, result, problem) = match called {
        Err(_) => (Exit::TimedOut, None, Some(timed_out(limits.timeout))),
        Ok(Ok(Err(error))) => return Err(error),
        Ok(Ok(Ok(value))) => (Exit::Done, Some(value), None),
        Ok(Err(Fault::Lie(problem))) => (Exit::Failed(1), None, Some(problem)),
        Ok(Err(Fault::Trap(error))) => {
            let (exit, problem) = trapped(&error, starved, memory);
            (exit, None, Some(problem))
        }
    };
    let (stdout, stderr) = shown(&stdout, &stderr, limits, keep).await;
    Ok(WasmOutcome { exit, result, problem, stdout, stderr, duration })
}

fn timed_out(limit: Duration) -> String {
    format!("stopped after {} s", limit.as_secs_f64())
}

/// What a trap means. Errors of the engine keep it alive, so only words are kept.
fn trapped(error: &wasmtime::Error, starved: bool, memory: u64) -> (Exit, String) {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        let exit = if *code == 0 { Exit::Failed(1) } else { Exit::Failed(*code) };
        return (exit, format!("the guest left with exit code {code} before it returned a result"));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => (Exit::TimedOut, "stopped: its fuel was used up".into()),
        _ if starved => {
            let mib = memory >> 20;
            (Exit::OutOfMemory, format!("stopped: it wanted more than its {mib} MiB of memory"))
        }
        Some(trap) => (Exit::Failed(TRAPPED), format!("it trapped: {trap}")),
        None => (Exit::Failed(TRAPPED), format!("it failed: {}", error.root_cause())),
    }
}

async fn shown(stdout: &Sink, stderr: &Sink, limits: &Limits, keep: &Keep) -> (Output, Output) {
    let mut streams = Streams::new(limits, keep);
    for (stream, sink) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
        let (kept, total) = sink.written();
        streams.push(stream, &kept).await;
        // What was not kept is told of.
        streams.skip(stream, total.saturating_sub(kept.len() as u64)).await;
    }
    streams.show().await
}
