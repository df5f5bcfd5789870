//! The guarded standard library: what every VM begins with, the configuration's and a program's.

use super::{
    errors::{ErrorKind, Failure, ScriptError},
    patterns, state, stop, unknown,
};
use mlua::{Function, Lua, LuaOptions, StdLib, Table, Value, chunk::ChunkMode};
use std::sync::OnceLock;

/// The longest string that `string.rep` and `string.gsub` make.
pub(super) const MAX_STRING: usize = 64 << 20;
/// The most elements that one call of a `table` function moves.
const MAX_RANGE: i64 = 10_000_000;
/// The most elements that `table.sort` sorts.
const MAX_SORT: i64 = 1_000_000;
/// The longest source text.
pub(super) const MAX_SOURCE: usize = 4 << 20;

/// Puts the guards in place, before anything else runs. `find_module` serves `require`, `print` gets
/// lines. Returns the table by which the host's own Lua and Rust know each other.
pub(super) fn install(lua: &Lua, find_module: Function, print: Function) -> mlua::Result<Table> {
    static PRELUDE: OnceLock<Result<Vec<u8>, mlua::Error>> = OnceLock::new();
    let host = lua.create_table()?;
    host.set("stopped", stop::STOPPED)?;
    host.set("max_string", MAX_STRING)?;
    host.set("max_source", MAX_SOURCE)?;
    host.set("max_range", MAX_RANGE)?;
    host.set("max_sort", MAX_SORT)?;
    host.set("find_module", find_module)?;
    host.set("print", print)?;
    patterns::register(lua, &host)?;
    run(lua, &PRELUDE, include_str!("../../lua/pista/prelude.lua"), &host)?;
    Ok(host)
}

/// Runs a text of ours with the host's table. It is compiled once, and without line numbers: errors
/// that it raises then carry the line of the script that called it.
pub(super) fn run(
    lua: &Lua,
    compiled: &OnceLock<Result<Vec<u8>, mlua::Error>>,
    text: &str,
    host: &Table,
) -> mlua::Result<()> {
    let compile = || {
        let compiler = Lua::new_with(StdLib::NONE, LuaOptions::new())?;
        Ok(compiler.load(text).set_name("=?").into_function()?.dump(true))
    };
    let code = compiled.get_or_init(compile).as_ref().map_err(Clone::clone)?;
    lua.load(code.as_slice()).set_name("=?").set_mode(ChunkMode::Binary).into_function()?.call(host)
}

/// The message handler of every call: keeps the place and the calls that led there.
pub(super) fn on_error(lua: &Lua, raised: Value) -> mlua::Result<mlua::AnyUserData> {
    let mut error = ScriptError::from_value(&raised);
    if error.file.is_none()
        && let Some(place) = state::caller(lua)
    {
        error = error.at(place.file, Some(place.line));
    }
    let place = error.file.as_deref().zip(error.line);
    if error.kind == ErrorKind::Runtime
        && let Some(hint) = unknown::hint(lua, &error.message, place)
    {
        error.message += &format!(": {hint}");
    }
    if error.traceback.is_none()
        && let Ok(text) = lua.traceback(None, 1)
    {
        let text = text.to_string_lossy();
        error.traceback = Some(text.trim_start_matches("stack traceback:\n").to_owned());
    }
    lua.create_userdata(Failure(error))
}
