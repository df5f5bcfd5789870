//! The script thread: how it begins, what it waits for, how it ends.

use super::{
    call::{GRACE, Limits, Pulse, seconds},
    errors::{ErrorKind, ScriptError},
    handle::{Command, Job, ScriptHandle, Shared},
    loader::{Source, Sources, Texts, main_chunk},
    observers::{self, Event},
    settings::SettingKey,
    spin::spin,
    state::{Phase, Sink, State},
    vm::Vm,
};
use crate::{
    domain::plan::Plan,
    health::{Health as ProgramHealth, chaos},
};
use futures_util::FutureExt;
use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    path::PathBuf,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::LocalSet,
};

/// How long a configuration may take to load.
pub const LOAD_LIMIT: Duration = Duration::from_secs(5);
/// How much memory a VM may use.
pub const MEMORY_LIMIT: usize = 64 << 20;
/// Calls that wait for the thread; further ones wait outside.
const CALLS: usize = 256;
/// Events that wait for the observers; further ones are dropped.
const EVENTS: usize = 1_024;
/// How long the observers may still run when the host ends.
const DRAIN: Duration = Duration::from_secs(2);

/// What a host needs to know.
#[derive(Clone)]
pub struct HostOptions {
    /// The keys that `pista.setup` takes.
    pub settings: Arc<[SettingKey]>,
    /// How long loading may take.
    pub load_limit: Duration,
    /// How much memory the VM may use, in bytes.
    pub memory_limit: usize,
    /// Where `print` writes; without it, the log.
    pub print: Option<Sink>,
    /// Who is told what a person should know, such as that a hook was switched off; without it,
    /// the log alone.
    pub notice: Option<Sink>,
    /// Whether the VM is one for specs: with `pista.test`, and able to run spec files.
    pub specs: bool,
    /// Where panics and dropped events are noted.
    pub program: ProgramHealth,
    /// The number of the generation. One that fails to load leaves its number to the next.
    pub generation: u64,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            settings: Arc::new([]),
            load_limit: LOAD_LIMIT,
            memory_limit: MEMORY_LIMIT,
            print: None,
            notice: None,
            specs: false,
            program: ProgramHealth::default(),
            generation: 1,
        }
    }
}

/// What was read to load a configuration. Also known when loading failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Every file that was read, the configuration first.
    pub files: Vec<PathBuf>,
    /// What was in those of them that could be read.
    pub texts: Texts,
    /// Where modules were looked for in vain.
    pub missing: Vec<PathBuf>,
}

/// A configuration that could not be loaded.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}")]
pub struct LoadFailure {
    /// Why.
    pub error: ScriptError,
    /// What was read until then.
    pub report: LoadReport,
}

impl From<LoadFailure> for ScriptError {
    fn from(failure: LoadFailure) -> Self {
        failure.error
    }
}

/// A loaded configuration.
#[derive(Debug)]
pub struct Generation {
    /// The way to its functions.
    pub handle: ScriptHandle,
    /// What it declares.
    pub plan: Plan,
    /// What was read.
    pub report: LoadReport,
}

/// Starts generations.
#[derive(Clone, Copy, Debug)]
pub struct ScriptHost;

type Loaded = Result<(Plan, LoadReport), LoadFailure>;

impl ScriptHost {
    /// Loads a configuration on a thread of its own.
    ///
    /// # Errors
    /// When the text is not Lua, declares something that doesn't exist, fails, or takes too long.
    pub async fn start(source: Source, options: HostOptions) -> Result<Generation, LoadFailure> {
        let number = options.generation;
        let pulse = Arc::new(Pulse::new());
        let (calls, inbox) = mpsc::channel(CALLS);
        let (events, observed) = mpsc::channel(EVENTS);
        let (loaded, outcome) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let limit = options.load_limit;
        let shared = Shared::new(number, Arc::clone(&pulse), ended, &options);
        let theirs = Arc::clone(&shared);
        let script = Thread { shared: theirs, pulse, inbox, observed };
        let spawned = std::thread::Builder::new().name(format!("lua-{number}")).spawn(move || {
            script.run(&source, options, loaded);
            let _ = ending.send(());
        });
        if let Err(error) = spawned {
            let error = ScriptError::new(ErrorKind::Io, format!("no thread for scripts: {error}"));
            return Err(LoadFailure { error, report: LoadReport::default() });
        }
        let handle = ScriptHandle::new(calls, events, shared);
        match tokio::time::timeout(limit + GRACE, outcome).await {
            Ok(Ok(Ok((plan, report)))) => Ok(Generation { handle, plan, report }),
            Ok(Ok(Err(failure))) => Err(failure),
            Ok(Err(_)) => Err(LoadFailure {
                error: ScriptError::new(ErrorKind::Closed, "the script thread ended while loading"),
                report: LoadReport::default(),
            }),
            Err(_) => Err(LoadFailure {
                error: ScriptError::new(
                    ErrorKind::Stuck,
                    format!("loading did not end after {}, nor could it be stopped", seconds(limit)),
                ),
                report: LoadReport::default(),
            }),
        }
    }
}

/// What the script thread owns.
struct Thread {
    shared: Arc<Shared>,
    pulse: Arc<Pulse>,
    inbox: mpsc::Receiver<Command>,
    observed: mpsc::Receiver<Event>,
}

impl Thread {
    fn run(self, source: &Source, options: HostOptions, loaded: oneshot::Sender<Loaded>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                let error = ScriptError::new(ErrorKind::Io, format!("no runtime for scripts: {error}"));
                let _ = loaded.send(Err(LoadFailure { error, report: LoadReport::default() }));
                return;
            }
        };
        let local = LocalSet::new();
        runtime.block_on(local.run_until(self.serve(source, options, loaded)));
        // Calls that still wait end here, on this thread, and the VM after them.
        runtime.block_on(async { drop(local) });
    }

    async fn serve(mut self, source: &Source, options: HostOptions, loaded: oneshot::Sender<Loaded>) {
        let state = State::new(Sources::new(source), options.settings, options.print);
        state.for_specs.set(options.specs);
        let vm = Vm::new(Rc::clone(&state), options.memory_limit, Arc::clone(&self.pulse));
        let result = match vm {
            Ok(vm) => load(&vm, source, options.load_limit).await.map(|()| vm),
            Err(error) => Err(ScriptError::from(error)),
        };
        let report = {
            let sources = state.sources.borrow();
            LoadReport {
                files: sources.files.clone(),
                texts: sources.read.clone(),
                missing: sources.missing.clone(),
            }
        };
        let vm = match result {
            Ok(vm) => Rc::new(vm),
            Err(error) => {
                let _ = loaded.send(Err(LoadFailure { error, report }));
                return;
            }
        };
        let _ = state.vm.set(Rc::downgrade(&vm));
        state.phase.set(Phase::Running);
        let plan = state.plan.take();
        let (close, closing) = oneshot::channel();
        let observers = plan.observers.clone();
        let observing =
            tokio::task::spawn_local(observers::run(Rc::clone(&vm), observers, self.observed, closing));
        if loaded.send(Ok((plan, report))).is_err() {
            return;
        }
        let mut next = self.inbox.recv().await;
        while let Some(Command::Run(job)) = next {
            chaos::point("lua-thread");
            start(job, &vm, &self.shared).await;
            if state.poisoned.get() {
                self.shared.poisoned();
            }
            // Hooks and tools come in rows.
            next = match spin(|| self.inbox.try_recv().ok()) {
                Some(command) => Some(command),
                None => self.inbox.recv().await,
            };
        }
        let _ = close.send(());
        let _ = tokio::time::timeout(DRAIN, observing).await;
    }
}

async fn load(vm: &Vm, source: &Source, limit: Duration) -> Result<(), ScriptError> {
    let chunk = main_chunk(&vm.lua, &vm.state, source)?;
    vm.invoke(&chunk, (), Limits::both(limit)).await.map(drop)
}

/// Runs a job; if it has to wait, the rest of it becomes a task, and the next job can begin.
/// A panic in it is the end of this job alone.
async fn start(job: Job, vm: &Rc<Vm>, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let guarded = AssertUnwindSafe(job(vm)).catch_unwind();
    let mut running = guarded.map(move |done| {
        if let Err(panic) = done {
            shared.program.tasks.failed("lua", &*panic, Duration::ZERO);
        }
    });
    let pending = poll_fn(|cx| Poll::Ready(pin!(&mut running).poll(cx).is_pending())).await;
    if pending {
        tokio::task::spawn_local(running);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::HandlerId;
    use std::time::Instant;

    async fn empty() -> Generation {
        let source = Source::Embedded { name: "init.lua".into(), text: "".into() };
        ScriptHost::start(source, HostOptions::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_thread_that_cannot_be_stopped_holds_nobody_up() {
        let handle = empty().await.handle;
        let limits = Limits::both(Duration::from_millis(50));
        let (free, wait) = std::sync::mpsc::channel::<()>();
        // Stands for a C function that does not come back: no hook fires in it.
        let stuck = handle.run(limits.wall, move |vm| async move {
            let block = vm.lua.create_function(move |_, ()| {
                let _ = wait.recv();
                Ok(())
            })?;
            vm.invoke(&block, (), limits).await.map(drop)
        });
        let began = Instant::now();
        let error = stuck.await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Stuck | ErrorKind::Timeout), "{error:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        let error =
            handle.call(HandlerId { index: 0, source: 0 }, serde_json::json!(1), limits).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Stuck);
        assert_eq!(handle.retire().await.unwrap_err().kind, ErrorKind::Stuck);
        let health = handle.health();
        assert!(health.stuck && health.stuck_calls >= 1, "{health:?}");
        handle.shutdown().await;
        assert!(began.elapsed() < Duration::from_secs(30), "somebody waited for it");
        // Should it come back after all, it serves again.
        free.send(()).unwrap();
        for _ in 0..500 {
            if !handle.health().stuck {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!handle.health().stuck);
        assert_eq!(handle.eval("1 + 1", Limits::both(LOAD_LIMIT)).await.printed, "");
    }

    #[tokio::test]
    async fn a_handler_of_another_generation_is_refused() {
        let handle = empty().await.handle;
        let limits = Limits::both(LOAD_LIMIT);
        let error =
            handle.call(HandlerId { index: 77, source: 0 }, serde_json::json!(1), limits).await.unwrap_err();
        assert_eq!(error.message, "the handler belongs to another configuration");
    }
}
