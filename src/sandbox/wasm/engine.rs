//! The engine: made at the first use, with the threads that guests run on.

use super::{
    MAX_MODULE, WasmError,
    cache::{Cache, Key, key},
    guest::Guest,
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, OnceLock, PoisonError},
    thread::available_parallelism,
    time::Duration,
};
use tokio::{runtime::Runtime, sync::Semaphore};
use wasmtime::{Config, Engine, InstancePre, Linker, Module};

/// How often guests yield.
pub const TICK: Duration = Duration::from_millis(10);
/// Guests that run at the same time; further ones wait.
pub const MAX_AT_ONCE: usize = 16;
/// Compiled modules that are kept in memory.
pub const MAX_KEPT: usize = 32;

/// Runs modules. Cheap to make: nothing is started before the first run. Clones share one.
#[derive(Clone)]
pub struct Wasm(pub(super) Arc<Shared>);

pub(super) struct Shared {
    cache: Cache,
    /// Without and with fuel.
    engines: [OnceLock<Result<Ready, String>>; 2],
    runtime: OnceLock<Result<Threads, String>>,
    pub(super) places: Semaphore,
    pub(super) ticker: Arc<Ticker>,
}

/// An engine, what it offers to guests, and what it compiled.
struct Ready {
    engine: Engine,
    linker: Linker<Guest>,
    kept: Mutex<HashMap<Key, InstancePre<Guest>>>,
}

/// The threads that guests run on. They are left behind, not waited for: what they run is stopped.
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Wasm {
    /// `cache` is the directory where compiled modules are kept.
    pub fn new(cache: PathBuf) -> Self {
        Self(Arc::new(Shared {
            cache: Cache::new(cache),
            engines: [OnceLock::new(), OnceLock::new()],
            runtime: OnceLock::new(),
            places: Semaphore::new(MAX_AT_ONCE),
            ticker: Arc::default(),
        }))
    }
}

impl std::fmt::Debug for Wasm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wasm")
    }
}

impl Shared {
    /// The threads for guests.
    pub(super) fn threads(&self) -> Result<&tokio::runtime::Handle, WasmError> {
        let threads = self.runtime.get_or_init(|| {
            let threads = available_parallelism().map_or(1, |cores| cores.get().min(8));
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .thread_name("wasm")
                .enable_time()
                .build()
                .map(|runtime| Threads(Some(runtime)))
                .map_err(|error| error.to_string())
        });
        match threads {
            Ok(Threads(Some(runtime))) => Ok(runtime.handle()),
            Ok(Threads(None)) => Err(WasmError::Engine("it has ended".into())),
            Err(error) => Err(WasmError::Engine(error.clone())),
        }
    }

    fn ready(&self, fuel: bool) -> Result<&Ready, WasmError> {
        let ready = self.engines[usize::from(fuel)]
            .get_or_init(|| ready(fuel, &self.ticker).map_err(|e| e.to_string()));
        ready.as_ref().map_err(|error| WasmError::Engine(error.clone()))
    }

    /// The module, compiled and linked. Blocks for a moment, or longer when it has to be compiled.
    pub(super) fn prepare(&self, module: &[u8], fuel: bool) -> Result<InstancePre<Guest>, WasmError> {
        check(module)?;
        let Ready { engine, linker, kept } = self.ready(fuel)?;
        let key = key(module);
        let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&key) {
            return Ok(known.clone());
        }
        let compiled = match self.cache.get(engine, &key) {
            Some(module) => module,
            None => {
                let compiled =
                    Module::new(engine, module).map_err(|error| WasmError::Compile(format!("{error:#}")))?;
                self.cache.put(engine, &key, &compiled);
                compiled
            }
        };
        let linked =
            linker.instantiate_pre(&compiled).map_err(|error| WasmError::Import(format!("{error:#}")))?;
        let mut kept = lock();
        if kept.len() >= MAX_KEPT
            && let Some(other) = kept.keys().next().copied()
        {
            kept.remove(&other);
        }
        kept.insert(key, linked.clone());
        Ok(linked)
    }
}

fn ready(fuel: bool, ticker: &Arc<Ticker>) -> wasmtime::Result<Ready> {
    let mut config = Config::new();
    config.epoch_interruption(true).consume_fuel(fuel);
    let engine = Engine::new(&config)?;
    ticker.serve(&engine);
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
    Ok(Ready { engine, linker, kept: Mutex::default() })
}

/// Tells what isn't a core module before the compiler says it in its own words.
fn check(module: &[u8]) -> Result<(), WasmError> {
    match module {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Err(WasmError::Component),
        [0, b'a', b's', b'm', ..] if module.len() > MAX_MODULE => Err(WasmError::TooLarge(module.len())),
        [0, b'a', b's', b'm', ..] => Ok(()),
        _ => Err(WasmError::NotWasm),
    }
}

/// Makes guests yield. Sleeps while none runs.
#[derive(Default)]
pub(super) struct Ticker {
    running: Mutex<usize>,
    some: Condvar,
}

impl Ticker {
    /// Begins to tick for an engine, on a thread that ends with it.
    fn serve(self: &Arc<Self>, engine: &Engine) {
        let (ticker, engine) = (Arc::clone(self), engine.weak());
        let spawned = std::thread::Builder::new().name("wasm-tick".into()).spawn(move || {
            loop {
                let mut running = ticker.running.lock().unwrap_or_else(PoisonError::into_inner);
                while *running == 0 {
                    running = ticker.some.wait(running).unwrap_or_else(PoisonError::into_inner);
                }
                drop(running);
                std::thread::sleep(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        });
        if let Err(error) = spawned {
            tracing::warn!("no thread to stop WebAssembly guests: {error}");
        }
    }

    /// A guest runs, until what is returned is dropped.
    pub(super) fn run(self: &Arc<Self>) -> Running {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.some.notify_all();
        Running(Arc::clone(self))
    }
}

pub(super) struct Running(Arc<Ticker>);

impl Drop for Running {
    fn drop(&mut self) {
        *self.0.running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}
