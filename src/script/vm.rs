//! One Lua VM with the safe standard library, and the way its functions are called.

use super::{
    api,
    call::{Answer, Ended, Invocation, Limits, Pulse},
    errors::{ErrorKind, Failure, ScriptError},
    loader,
    observers::OBSERVER_LIMIT,
    patterns,
    payload::ContextTexts,
    state::{self, State},
    stop,
};
use mlua::{
    Function, IntoLuaMulti, Lua, LuaOptions, MultiValue, StdLib, Table, Value,
    chunk::ChunkMode,
    function::AsyncCallFuture,
    state::{GcIncParams, GcMode},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Coroutines kept for calls to come.
const COROUTINES: usize = 32;
/// How far the heap grows before it is collected again, in percent of what was left. Heaps here
/// are small and calls frequent; at the memory limit Lua collects by itself.
const GC_PAUSE: i32 = 400;
/// The longest string that `string.rep` and `string.gsub` make.
pub(super) const MAX_STRING: usize = 64 << 20;
/// The most elements that one call of a `table` function moves.
const MAX_RANGE: i64 = 10_000_000;
/// The most elements that `table.sort` sorts.
const MAX_SORT: i64 = 1_000_000;
/// Longer than any program runs, and within what clocks can count.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);
/// The longest source text.
pub(super) const MAX_SOURCE: usize = 4 << 20;

/// A VM and what belongs to it. Lives and dies on the script thread.
pub(super) struct Vm {
    pub(super) lua: Lua,
    pub(super) state: Rc<State>,
    /// What hooks are called through.
    pub(super) hooks: Entries,
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
        let xpcall = lua.globals().get("xpcall")?;
        let host = lua.create_table()?;
        host.set("stopped", stop::STOPPED)?;
        host.set("max_string", MAX_STRING)?;
        host.set("max_source", MAX_SOURCE)?;
        host.set("max_range", MAX_RANGE)?;
        host.set("max_sort", MAX_SORT)?;
        host.set("find_module", lua.create_function(loader::find_module)?)?;
        host.set(
            "print",
            lua.create_function(|lua, line: mlua::LuaString| {
                State::of(lua).print(&line.to_string_lossy());
                Ok(())
            })?,
        )?;
        patterns::register(&lua, &host)?;
        lua.load(prelude()?).set_name("=?").set_mode(ChunkMode::Binary).into_function()?.call::<()>(&host)?;
        let pista = api::install(&lua, &host)?;
        lua.globals().set("pista", &pista)?;
        host.get::<Function>("preload")?.call::<()>(("pista", pista))?;
        let on_error = lua.create_function(on_error)?;
        stop::install(&lua)?;
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(GC_PAUSE)));
        lua.set_memory_limit(memory)?;
        let hooks = Entries { prompt: host.get("call_prompt")?, tool_call: host.get("call_tool_call")? };
        Ok(Self {
            lua,
            state,
            hooks,
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

    /// A call that has not begun: a coroutine with the function below a pcall.
    pub(super) fn prepare<A: Answer>(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
    ) -> AsyncCallFuture<A> {
        self.xpcall.call_async((function, &self.on_error, args))
    }

    /// Makes a prepared call.
    pub(super) async fn finish<A: Answer>(
        &self,
        call: AsyncCallFuture<A>,
        limits: Limits,
    ) -> Result<A::Kept, ScriptError> {
        self.settle(Invocation::new(call, limits, Arc::clone(&self.pulse)).await)
    }

    /// Calls a function that may go on for as long as the generation; `slice` is how long it may run
    /// between two waits.
    pub(super) async fn invoke_task(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        slice: Duration,
    ) -> Result<MultiValue, ScriptError> {
        let limits = Limits { cpu: slice, wall: FOREVER };
        let call = self.prepare::<MultiValue>(function, args);
        self.settle(Invocation::new(call, limits, Arc::clone(&self.pulse)).sliced().await)
    }

    fn settle<A: Answer>(&self, ended: Ended<A>) -> Result<A::Kept, ScriptError> {
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

/// The message handler of every call: keeps the place and the calls that led there.
fn on_error(lua: &Lua, raised: Value) -> mlua::Result<mlua::AnyUserData> {
    let mut error = ScriptError::from_value(&raised);
    if error.file.is_none()
        && let Some(place) = state::caller(lua)
    {
        error = error.at(place.file, Some(place.line));
    }
    if error.traceback.is_none()
        && let Ok(text) = lua.traceback(None, 1)
    {
        let text = text.to_string_lossy();
        error.traceback = Some(text.trim_start_matches("stack traceback:\n").to_owned());
    }
    lua.create_userdata(Failure(error))
}

/// The prelude, compiled once without line numbers: errors that it raises then carry the line of
/// the script that called it.
fn prelude() -> mlua::Result<&'static [u8]> {
    static CODE: OnceLock<Result<Vec<u8>, mlua::Error>> = OnceLock::new();
    CODE.get_or_init(|| {
        let text = include_str!("../../lua/pista/prelude.lua");
        Ok(Lua::new_with(StdLib::NONE, LuaOptions::new())?
            .load(text)
            .set_name("=?")
            .into_function()?
            .dump(true))
    })
    .as_ref()
    .map(Vec::as_slice)
    .map_err(Clone::clone)
}

/// `host.raising`: what turns an answer of Rust's into a raised error.
pub(super) fn raising(host: &Table) -> mlua::Result<Function> {
    host.get("raising")
}
