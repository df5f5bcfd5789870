//! `pista.spawn(fn, …)`: a task beside the handler that started it. It ends with its generation.

use super::{
    super::{
        call::Limits,
        errors::{ErrorKind, ScriptError},
        family::Member,
        fields::article,
        state::{State, caller, misuse, written},
        stop,
        vm::Vm,
        waits::{Waiting, Waits},
    },
    Api, shown,
};
use crate::domain::hook::TurnContext;
use mlua::{AnyUserData, Function, Lua, MultiValue, UserData, UserDataFields, UserDataMethods, Value};
use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const WHAT: &str = "pista.spawn";
const WAIT: &str = "task:wait";

/// Tasks that run at the same time, at most.
const MAX_TASKS: usize = 64;
/// How long a task may run between two waits.
const SLICE: Duration = Duration::from_secs(5);

/// What one task may use. It goes on for as long as the program runs, if it likes.
const LIMITS: Limits = Limits { cpu: SLICE, wall: FOREVER };
/// Longer than any program runs, and within what clocks can count.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// The names under which the VM keeps the methods of tasks.
const METHODS: [&str; 2] = ["pista.task.wait", "pista.task.cancel"];

/// What is known of a task.
struct Progress {
    cancel: CancellationToken,
    /// Fires when it has ended.
    ended: CancellationToken,
    /// When it waits for what has a limit of its own: so does whoever waits for it.
    waits: Arc<Waits>,
    outcome: RefCell<Option<Result<MultiValue, ScriptError>>>,
}

/// A task as Lua holds it.
struct Task(Rc<Progress>);

impl UserData for Task {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("wait", |lua, _| lua.named_registry_value::<Function>(METHODS[0]));
        fields.add_field_method_get("cancel", |lua, _| lua.named_registry_value::<Function>(METHODS[1]));
        fields.add_field_method_get("status", |_, this| {
            Ok(match &*this.0.outcome.borrow() {
                None => "running",
                Some(Ok(_)) => "done",
                Some(Err(error)) if error.kind == ErrorKind::Cancelled => "cancelled",
                Some(Err(_)) => "failed",
            })
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(mlua::MetaMethod::ToString, |_, _, ()| Ok("task"));
    }
}

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.add("spawn", spawn)?;
    // Methods are made like all functions that wait and raise, but are no members of `pista`.
    let methods = api.apart()?;
    methods.wait("wait", WAIT, |lua: Lua, task: Value| async move {
        let progress = progress(&lua, WAIT, &task)?;
        until_ended(&progress).await;
        let outcome = progress.outcome.borrow();
        outcome.clone().unwrap_or_else(|| Err(ended()))
    })?;
    methods.add("cancel", |lua, task: Value| {
        progress(lua, "task:cancel", &task)?.cancel.cancel();
        Ok(())
    })?;
    api.lua.set_named_registry_value(METHODS[0], methods.table.get::<Function>("wait")?)?;
    api.lua.set_named_registry_value(METHODS[1], methods.table.get::<Function>("cancel")?)
}

fn spawn(lua: &Lua, (function, args): (Value, MultiValue)) -> Result<AnyUserData, ScriptError> {
    let fail = |message: String| misuse(caller(lua), format!("{WHAT}: {message}"));
    let state = State::of(lua);
    state.acting(WHAT).map_err(|reason| misuse(caller(lua), reason))?;
    let Value::Function(function) = function else {
        return Err(fail(format!("the first argument is a function, not {}", article(&function))));
    };
    if state.tasks.is_cancelled() {
        let message = format!("{WHAT}: another configuration has taken over; this one starts nothing more");
        return Err(ScriptError::new(ErrorKind::Cancelled, message));
    }
    if state.running.get() >= MAX_TASKS {
        return Err(ScriptError::new(ErrorKind::Denied, format!("{WHAT}: {MAX_TASKS} tasks run already")));
    }
    let vm = state.vm.get().and_then(std::rc::Weak::upgrade).ok_or_else(|| fail("not here".into()))?;
    let progress = Rc::new(Progress {
        cancel: state.tasks.child_token(),
        ended: CancellationToken::new(),
        waits: Waits::new(),
        outcome: RefCell::new(None),
    });
    let handle = lua.create_userdata(Task(Rc::clone(&progress)))?;
    // Counted from now on, so that a loop that spawns is bounded at once.
    let counted = Counted::new(&state);
    let (at, turn, member) = (shown(written(&function).as_ref()), stop::turn(), Member::new());
    tokio::task::spawn_local(async move {
        let _counted = counted;
        let outcome = member.during(run(&vm, &function, args, turn, &progress)).await;
        if let Err(error) = &outcome
            && error.kind != ErrorKind::Cancelled
        {
            tracing::warn!(target: "script", %at, "a task failed: {error}");
        }
        progress.outcome.replace(Some(outcome));
        progress.ended.cancel();
    });
    Ok(handle)
}

async fn run(
    vm: &Vm,
    function: &Function,
    args: MultiValue,
    turn: Option<Arc<TurnContext>>,
    progress: &Progress,
) -> Result<MultiValue, ScriptError> {
    let work = async {
        let work = vm.invoke_all_renewed(function, args, LIMITS, Arc::clone(&progress.waits));
        match turn {
            Some(turn) => stop::during(turn, work).await,
            None => work.await,
        }
    };
    tokio::select! {
        biased;
        () = progress.cancel.cancelled() => Err(ended()),
        outcome = work => outcome,
    }
}

/// Waits for a task. While that waits for what has a limit of its own, so does this.
async fn until_ended(progress: &Progress) {
    let mut changes = progress.waits.changes();
    loop {
        let _waiting = changes.borrow_and_update().then(Waiting::begin);
        tokio::select! {
            () = progress.ended.cancelled() => return,
            // Its sender lives as long as the task is known here.
            _ = changes.changed() => {}
        }
    }
}

fn ended() -> ScriptError {
    ScriptError::new(ErrorKind::Cancelled, "the task was cancelled")
}

fn progress(lua: &Lua, what: &str, task: &Value) -> Result<Rc<Progress>, ScriptError> {
    let held = task.as_userdata().and_then(|data| data.borrow::<Task>().ok());
    match held {
        Some(task) => Ok(Rc::clone(&task.0)),
        None => Err(misuse(caller(lua), format!("{what}: call it with a colon, as in {what}()"))),
    }
}

/// One of the tasks that run.
struct Counted(Rc<State>);

impl Counted {
    fn new(state: &Rc<State>) -> Self {
        state.running.set(state.running.get() + 1);
        Self(Rc::clone(state))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get().saturating_sub(1));
    }
}
