//! One Lua VM with the safe standard library, and the way its functions are called.

use super::{
    api,
    call::{Answer, Ended, Invocation, Limits, Pulse},
    errors::{ErrorKind, ScriptError},
    guard, loader,
    observers::OBSERVER_LIMIT,
    payload::ContextTexts,
    state::State,
    stop,
    unknown::Lines,
    waits::Waits,
};
use mlua::{
    Function, IntoLuaMulti, Lua, LuaOptions, MultiValue, StdLib, Table, Value,
    function::AsyncCallFuture,
    state::{GcIncParams, GcMode},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

/// Coroutines kept for calls to come.
const COROUTINES: usize = 32;
/// How far the heap grows before it is collected again, in percent of what was left. Heaps here
/// are small and calls frequent; at the memory limit Lua collects by itself.
const GC_PAUSE: i32 = 400;
/// A VM and what belongs to it. Lives and dies on the script thread.
pub(super) struct Vm {
    pub(super) lua: Lua,
    pub(super) state: Rc<State>,
    /// What hooks are called through.
    pub(super) hooks: Entries,
    /// The function of the prelude that readies the VM for a program.
    pub(super) program: Function,
    /// The texts of the context that hooks were last asked in.
    pub(super) context: RefCell<Option<Rc<ContextTexts>>>,
    xpcall: Function,
    on_error: Function,
    pulse: Arc<Pulse>,
    /// How much memory the VM may use, in bytes.
    memory: Cell<usize>,
    /// How long one observer may take for one event.
    pub(super) observer: Cell<Duration>,
}

/// Functions of the prelude that make a hook's argument and call it.
pub(super) struct Entries {
    pub(super) prompt: Function,
    pub(super) tool_call: Function,
}

impl Vm {
    /// A VM with the standard library and the API, in which nothing was run yet.
    pub(super) fn new(state: Rc<State>, memory: usize, pulse: Arc<Pulse>) -> mlua::Result<Self> {
        let libs =
            StdLib::COROUTINE | StdLib::TABLE | StdLib::STRING | StdLib::UTF8 | StdLib::MATH | StdLib::OS;
        let lua = Lua::new_with(libs, LuaOptions::new().thread_pool_size(COROUTINES))?;
        lua.set_app_data(Rc::clone(&state));
        let theirs = Rc::downgrade(&state);
        lua.set_app_data(Lines::new(move |file, line| theirs.upgrade()?.sources.borrow().line(file, line)));
        let xpcall = lua.globals().get("xpcall")?;
        let find_module = lua.create_function(loader::find_module)?;
        let print = lua.create_function(|lua, line: mlua::LuaString| {
            State::of(lua).print(&line.to_string_lossy());
            Ok(())
        })?;
        let host = guard::install(&lua, find_module, print)?;
        let pista = api::install(&lua, &host)?;
        lua.globals().set("pista", &pista)?;
        host.get::<Function>("preload")?.call::<()>(("pista", pista))?;
        let on_error = lua.create_function(guard::on_error)?;
        stop::install(&lua)?;
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(GC_PAUSE)));
        lua.set_memory_limit(memory)?;
        let hooks = Entries { prompt: host.get("call_prompt")?, tool_call: host.get("call_tool_call")? };
        Ok(Self {
            lua,
            state,
            hooks,
            program: host.get("program")?,
            context: RefCell::default(),
            xpcall,
            on_error,
            pulse,
            memory: Cell::new(memory),
            observer: Cell::new(OBSERVER_LIMIT),
        })
    }

    /// Changes the memory limit, in bytes.
    pub(super) fn limit_memory(&self, memory: usize) -> mlua::Result<()> {
        self.memory.set(memory);
        self.lua.set_memory_limit(memory).map(drop)
    }

    /// Runs `f`, which only turns plain data into Lua values or back, without the memory limit:
    /// the binding then needs no protected call for each value. What the data takes is bounded by
    /// what the engine holds of it already; the next allocation of a script meets the limit again.
    pub(super) fn exempt<R>(&self, f: impl FnOnce() -> mlua::Result<R>) -> mlua::Result<R> {
        self.lua.set_memory_limit(0)?;
        let result = f();
        self.lua.set_memory_limit(self.memory.get())?;
        result
    }

    /// Calls a function for its first result. It may wait, and is stopped at its limits.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
    ) -> Result<Value, ScriptError> {
        self.finish::<(bool, Value)>(self.prepare(function, args), limits).await
    }

    /// Calls a function for all its results.
    pub(super) async fn invoke_all(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
    ) -> Result<MultiValue, ScriptError> {
        self.finish::<MultiValue>(self.prepare(function, args), limits).await
    }

    /// The same; while it waits for what has a limit of its own, its clock stands still.
    pub(super) async fn invoke_waiting(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
        waits: Arc<Waits>,
    ) -> Result<Value, ScriptError> {
        let call = self.prepare::<(bool, Value)>(function, args);
        self.ended(Invocation::new(call, limits, Arc::clone(&self.pulse)).waiting(waits).await)
    }

    /// The same for all its results.
    pub(super) async fn invoke_all_waiting(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
        waits: Arc<Waits>,
    ) -> Result<MultiValue, ScriptError> {
        let call = self.prepare::<MultiValue>(function, args);
        self.ended(Invocation::new(call, limits, Arc::clone(&self.pulse)).waiting(waits).await)
    }

    /// A call that has not begun: a coroutine with the function below a pcall.
    pub(super) fn prepare<A: Answer>(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
    ) -> AsyncCallFuture<A> {
        self.xpcall.call_async((function, &self.on_error, args))
    }

    /// Calls a function that may go on without an end; `limits.cpu` bounds its work between two waits.
    pub(super) async fn invoke_renewed(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
    ) -> Result<Value, ScriptError> {
        let call = self.prepare::<(bool, Value)>(function, args);
        self.ended(Invocation::new(call, limits, Arc::clone(&self.pulse)).renewed().await)
    }

    /// The same for all its results.
    pub(super) async fn invoke_all_renewed(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
        waits: Arc<Waits>,
    ) -> Result<MultiValue, ScriptError> {
        let call = self.prepare::<MultiValue>(function, args);
        let call = Invocation::new(call, limits, Arc::clone(&self.pulse)).renewed().waiting(waits);
        self.ended(call.await)
    }

    /// Makes a prepared call.
    pub(super) async fn finish<A: Answer>(
        &self,
        call: AsyncCallFuture<A>,
        limits: Limits,
    ) -> Result<A::Kept, ScriptError> {
        self.ended(Invocation::new(call, limits, Arc::clone(&self.pulse)).await)
    }

    fn ended<A: Answer>(&self, ended: Ended<A>) -> Result<A::Kept, ScriptError> {
        let error = match ended {
            Ended::Returned(Ok(answer)) => match answer.split() {
                Ok(results) => return Ok(results),
                Err(raised) => ScriptError::from_value(&raised),
            },
            Ended::Returned(Err(error)) => ScriptError::from_lua(&error),
            Ended::Stopped(stopped, answer) => match answer.map(Answer::split) {
                // Where it was stopped, if that is how it ended.
                Some(Err(raised)) => {
                    let ScriptError { file, line, traceback, .. } = ScriptError::from_value(&raised);
                    ScriptError { file, line, traceback, ..stopped }
                }
                _ => stopped,
            },
        };
        if error.kind == ErrorKind::Memory {
            self.state.poisoned.set(true);
            // Best effort: what is left of the failed call is garbage now.
            let _ = self.lua.gc_collect();
        }
        Err(error)
    }
}

/// `host.raising`: what turns an answer of Rust's into a raised error.
pub(super) fn raising(host: &Table) -> mlua::Result<Function> {
    host.get("raising")
}
