//! One Lua VM with the safe standard library, and the way its functions are called.

use super::{
    api,
    call::{Invocation, Limits, Pulse},
    errors::{ErrorKind, Failure, ScriptError},
    loader, patterns,
    state::{self, State},
    stop,
};
use mlua::{Function, IntoLuaMulti, Lua, LuaOptions, MultiValue, StdLib, Table, Value, chunk::ChunkMode};
use std::{
    rc::Rc,
    sync::{Arc, OnceLock},
};

/// Coroutines kept for calls to come.
const COROUTINES: usize = 32;
/// The longest string that `string.rep` and `string.gsub` make.
pub(super) const MAX_STRING: usize = 64 << 20;
/// The most elements that one call of a `table` function moves.
const MAX_RANGE: i64 = 10_000_000;
/// The most elements that `table.sort` sorts.
const MAX_SORT: i64 = 1_000_000;
/// The longest source text.
pub(super) const MAX_SOURCE: usize = 4 << 20;

/// A VM and what belongs to it. Lives and dies on the script thread.
pub(super) struct Vm {
    pub(super) lua: Lua,
    pub(super) state: Rc<State>,
    xpcall: Function,
    on_error: Function,
    pulse: Arc<Pulse>,
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
        lua.set_memory_limit(memory)?;
        Ok(Self { lua, state, xpcall, on_error, pulse })
    }

    /// Calls a function. It may wait, and is stopped at its limits.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        args: impl IntoLuaMulti,
        limits: Limits,
    ) -> Result<MultiValue, ScriptError> {
        let call = self.xpcall.call_async::<MultiValue>((function, &self.on_error, args));
        let result = match Invocation::new(call, limits, Arc::clone(&self.pulse)).await {
            Ok(Ok(mut values)) => match values.pop_front() {
                Some(Value::Boolean(true)) => return Ok(values),
                _ => ScriptError::from_value(&values.pop_front().unwrap_or(Value::Nil)),
            },
            Ok(Err(error)) => ScriptError::from_lua(&error),
            Err((mut stopped, values)) => {
                // Where it was stopped, if that is how it ended.
                if let Some(Value::UserData(data)) = values.as_ref().and_then(|v| v.get(1))
                    && let Ok(failure) = data.borrow::<Failure>()
                {
                    stopped.file = failure.0.file.clone();
                    stopped.line = failure.0.line;
                    stopped.traceback = failure.0.traceback.clone();
                }
                stopped
            }
        };
        if result.kind == ErrorKind::Memory {
            self.state.poisoned.set(true);
            // Best effort: what is left of the failed call is garbage now.
            let _ = self.lua.gc_collect();
        }
        Err(result)
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
