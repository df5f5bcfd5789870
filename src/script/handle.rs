//! The way from the engine to a generation: calls go over, plain data comes back.

use super::{
    call::{GRACE, Limits, Pulse},
    errors::{ErrorKind, ScriptError},
    host::HostOptions,
    observers::Event,
    spin::spin,
    state::{Equipment, Sink},
    stop,
    values::{Secrets, to_json, to_lua},
    vm::Vm,
    waits::Waits,
};
use crate::{
    domain::{hook::TurnContext, id::HandlerId, primitives::Primitives},
    health::Health as ProgramHealth,
};
use mlua::MultiValue;
use serde_json::Value as Json;
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Work on the script thread, while it runs.
pub(super) type Running = Pin<Box<dyn Future<Output = ()>>>;
/// Work for the script thread.
pub(super) type Job = Box<dyn FnOnce(&Rc<Vm>) -> Running + Send>;

/// What the script thread is told.
pub(super) enum Command {
    Run(Job),
    End,
}

/// What both sides of a generation see.
pub(super) struct Shared {
    number: u64,
    pulse: Arc<Pulse>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    poisoned: AtomicBool,
    timeouts: AtomicU64,
    stuck: AtomicU64,
    dropped: AtomicU64,
    notice: Option<Sink>,
    pub(super) program: ProgramHealth,
}

impl Shared {
    pub(super) fn new(
        number: u64,
        pulse: Arc<Pulse>,
        ended: oneshot::Receiver<()>,
        options: &HostOptions,
    ) -> Arc<Self> {
        Arc::new(Self {
            number,
            pulse,
            ended: Mutex::new(Some(ended)),
            poisoned: AtomicBool::new(false),
            timeouts: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            notice: options.notice.clone(),
            program: options.program.clone(),
        })
    }

    pub(super) fn poisoned(&self) {
        if !self.poisoned.swap(true, Ordering::Relaxed) {
            self.tell("a script reached its memory limit; reload the configuration for a fresh start");
        }
    }

    /// Tells a person.
    pub(super) fn tell(&self, text: &str) {
        match &self.notice {
            // One of them is enough: both end up on the same screen.
            Some(notice) => {
                tracing::info!(target: "script", generation = self.number, "{text}");
                notice(text);
            }
            None => tracing::warn!(target: "script", generation = self.number, "{text}"),
        }
    }
}

/// How a generation fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The thread has not come back from a C function long after its deadline.
    pub stuck: bool,
    /// The memory limit was reached at least once.
    pub poisoned: bool,
    /// Calls that were stopped at their deadline.
    pub timeouts: u64,
    /// Calls that got no answer, or were not made, because the thread was stuck.
    pub stuck_calls: u64,
    /// Events that the observers never saw because too many were waiting.
    pub dropped_events: u64,
}

/// A generation, as the engine holds it. The thread ends when the last one is dropped.
#[derive(Clone)]
pub struct ScriptHandle {
    calls: mpsc::Sender<Command>,
    events: mpsc::Sender<Event>,
    pub(super) shared: Arc<Shared>,
}

impl std::fmt::Debug for ScriptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScriptHandle({})", self.shared.number)
    }
}

impl ScriptHandle {
    pub(super) fn new(
        calls: mpsc::Sender<Command>,
        events: mpsc::Sender<Event>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { calls, events, shared }
    }

    /// The number of the generation; rises with each load.
    pub fn generation(&self) -> u64 {
        self.shared.number
    }

    /// How the generation fares.
    pub fn health(&self) -> Health {
        Health {
            stuck: self.shared.pulse.stuck(),
            poisoned: self.shared.poisoned.load(Ordering::Relaxed),
            timeouts: self.shared.timeouts.load(Ordering::Relaxed),
            stuck_calls: self.shared.stuck.load(Ordering::Relaxed),
            dropped_events: self.shared.dropped.load(Ordering::Relaxed),
        }
    }

    /// Calls a handler with one argument; its first result comes back.
    ///
    /// Dropping the future stops the call.
    ///
    /// # Errors
    /// What the handler raised, or why it could not be called or did not end in time.
    pub async fn call(&self, handler: HandlerId, payload: Json, limits: Limits) -> Result<Json, ScriptError> {
        self.call_with(handler, vec![payload], limits).await
    }

    /// Calls a handler with several arguments; its first result comes back.
    ///
    /// # Errors
    /// As [`ScriptHandle::call`].
    pub async fn call_with(
        &self,
        handler: HandlerId,
        arguments: Vec<Json>,
        limits: Limits,
    ) -> Result<Json, ScriptError> {
        self.run(limits.wall, move |vm| async move {
            let function = vm.function(handler)?;
            let arguments =
                arguments.iter().map(|json| to_lua(&vm.lua, json)).collect::<mlua::Result<MultiValue>>()?;
            let first = vm.invoke(&function, arguments, limits).await?;
            to_json(&vm.lua, &first, "result", Secrets::Refused)
                .map_err(|reason| ScriptError::new(ErrorKind::Result, reason))
        })
        .await
    }

    /// Tells the observers of an event, in order, without waiting for them. Dropped, and counted,
    /// when too many wait already.
    pub fn emit(&self, event: &'static str, payload: Json) {
        if self.events.try_send(Event { name: event, payload, told: None }).is_err() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            let dropped = &self.shared.program.dropped;
            dropped.count_flood("lua", "an event was dropped: too many wait for observers", event);
        }
    }

    /// Waits until the thread has ended, for whatever reason.
    pub async fn ended(&self) {
        self.calls.closed().await;
    }

    /// Waits until the observers were told of all events up to now.
    pub async fn observed(&self) {
        let (told, done) = oneshot::channel();
        let last = Event { name: "", payload: Json::Null, told: Some(told) };
        if self.events.send(last).await.is_ok() {
            let _ = done.await;
        }
    }

    /// Changes what scripts may use: memory in bytes, and the time of one observer for one event.
    ///
    /// # Errors
    /// When the thread does not answer.
    pub async fn limit(&self, memory: usize, observer: Duration) -> Result<(), ScriptError> {
        self.run(GRACE, move |vm| async move {
            vm.observer.set(observer);
            Ok(vm.limit_memory(memory)?)
        })
        .await
    }

    /// Gives handlers what they act through, and in whose name where no turn says. What they act
    /// through works on the runtime that this is called on.
    ///
    /// # Errors
    /// When the thread does not answer.
    pub async fn equip(&self, primitives: Primitives, context: TurnContext) -> Result<(), ScriptError> {
        let runtime = Handle::current();
        self.run(GRACE, move |vm| async move {
            let equipment = Equipment { primitives, context: Arc::new(context), runtime };
            vm.state.equipment.replace(Some(Rc::new(equipment)));
            Ok(())
        })
        .await
    }

    /// Another generation has taken over: ends the tasks that handlers started. Handlers of turns
    /// under way are still called.
    ///
    /// # Errors
    /// When the thread does not answer.
    pub async fn retire(&self) -> Result<(), ScriptError> {
        self.run(GRACE, move |vm| async move {
            vm.state.tasks.cancel();
            Ok(())
        })
        .await
    }

    /// Ends the generation: waits for the observers, briefly, and for the thread. Calls that are
    /// under way end in an error. Returns at once from a thread that is stuck: it is left behind.
    pub async fn shutdown(&self) {
        let ended = self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if self.shared.pulse.stuck() {
            return;
        }
        let end = async {
            let _ = self.calls.send(Command::End).await;
            if let Some(ended) = ended {
                let _ = ended.await;
            }
        };
        let _ = tokio::time::timeout(2 * GRACE, end).await;
    }

    /// Runs `work` on the script thread. `wait` is how long it may take; a little later the
    /// answer is given up.
    pub(super) async fn run<T, F>(
        &self,
        wait: Duration,
        work: impl FnOnce(Rc<Vm>) -> F + Send + 'static,
    ) -> Result<T, ScriptError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ScriptError>> + 'static,
    {
        self.run_for(wait, None, work).await
    }

    /// The same for a call of a person's: while it waits for what has a limit of its own, its clock stands
    /// still, here and there.
    pub(super) async fn run_waiting<T, F>(
        &self,
        wait: Duration,
        work: impl FnOnce(Rc<Vm>, Arc<Waits>) -> F + Send + 'static,
    ) -> Result<T, ScriptError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ScriptError>> + 'static,
    {
        let waits = Waits::new();
        let theirs = Arc::clone(&waits);
        self.run_for(wait, Some(&waits), move |vm| work(vm, theirs)).await
    }

    async fn run_for<T, F>(
        &self,
        wait: Duration,
        waits: Option<&Arc<Waits>>,
        work: impl FnOnce(Rc<Vm>) -> F + Send + 'static,
    ) -> Result<T, ScriptError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ScriptError>> + 'static,
    {
        if self.shared.pulse.stuck() {
            self.shared.stuck.fetch_add(1, Ordering::Relaxed);
            return Err(stuck());
        }
        let (answer, mut answered) = oneshot::channel();
        let abandoned = Abandon(Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&abandoned.0);
        let job: Job = Box::new(move |vm| Box::pin(answering(work, Rc::clone(vm), answer, flag)));
        let mut exchange = pin!(async {
            self.calls.send(Command::Run(job)).await.map_err(|_| closed())?;
            match spin(|| answered.try_recv().ok()) {
                Some(answer) => answer,
                None => answered.await.map_err(|_| closed())?,
            }
        });
        let began = tokio::time::Instant::now();
        let mut late = pin!(tokio::time::sleep(wait + GRACE));
        // The timer goes first, so that nothing is left to do once the script thread is woken.
        let answered = poll_fn(|cx| {
            while late.as_mut().poll(cx).is_ready() {
                let Some(waits) = waits else { return Poll::Ready(None) };
                // While it stands still there is nothing to say yet.
                let open = if waits.are_open() { GRACE } else { Duration::ZERO };
                let end = began + wait + GRACE + waits.total() + open;
                if end <= late.deadline() {
                    return Poll::Ready(None);
                }
                late.as_mut().reset(end);
            }
            exchange.as_mut().poll(cx).map(Some)
        });
        let result = match answered.await {
            Some(result) => result,
            None if self.shared.pulse.stuck() => {
                self.shared.stuck.fetch_add(1, Ordering::Relaxed);
                Err(stuck())
            }
            None => Err(ScriptError::new(ErrorKind::Timeout, "no answer in time: the script thread is busy")),
        };
        if matches!(&result, Err(error) if error.kind == ErrorKind::Timeout) {
            self.shared.timeouts.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

fn closed() -> ScriptError {
    ScriptError::new(ErrorKind::Closed, "the script host has ended")
}

fn stuck() -> ScriptError {
    ScriptError::new(ErrorKind::Stuck, "the script host is stuck in a function that cannot be stopped")
}

/// Set when the caller goes away, whatever the reason.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does the work and sends its result to the caller. Ends when the caller goes away.
async fn answering<T, F>(
    work: impl FnOnce(Rc<Vm>) -> F,
    vm: Rc<Vm>,
    mut answer: oneshot::Sender<Result<T, ScriptError>>,
    flag: Arc<AtomicBool>,
) where
    F: Future<Output = Result<T, ScriptError>>,
{
    if answer.is_closed() {
        return;
    }
    // What the work leaves behind goes before the caller is woken: a thread that sleeps right after
    // waking another one spares both a move to another core.
    let result = {
        let mut work = pin!(work(vm));
        poll_fn(|cx| match stop::cancellable(&flag, || work.as_mut().poll(cx)) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => answer.poll_closed(cx).map(|()| None),
        })
        .await
    };
    if let Some(result) = result {
        // A caller that left meanwhile wants nothing.
        let _ = answer.send(result);
    }
}

impl Vm {
    /// A handler of this generation.
    pub(super) fn function(&self, id: HandlerId) -> Result<Rc<mlua::Function>, ScriptError> {
        self.state.handler(id).ok_or_else(|| {
            ScriptError::new(ErrorKind::Closed, "the handler belongs to another configuration")
        })
    }
}
