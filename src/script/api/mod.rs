//! The table `pista`: one file per member or group of members.

mod agent;
mod env;
mod hook;
mod json;
mod log;
mod provider;
pub(super) mod secret;
mod setup;
mod sleep;
mod tool;

use super::{
    errors::{Failure, ScriptError},
    state::{Place, State, caller, misuse},
    vm::raising,
};
use mlua::{FromLuaMulti, Function, IntoLuaMulti, Lua, MultiValue, Table};

/// The version of the API that scripts see. Rises when a member changes its meaning.
const API_VERSION: i64 = 1;

/// Builds the table.
pub(super) fn install(lua: &Lua, host: &Table) -> mlua::Result<Table> {
    let pista = lua.create_table()?;
    let api = Api { lua, table: pista.clone(), raising: raising(host)? };
    pista.set("version", env!("CARGO_PKG_VERSION"))?;
    pista.set("api_version", API_VERSION)?;
    setup::register(&api)?;
    provider::register(&api)?;
    agent::register(&api)?;
    tool::register(&api)?;
    hook::register(&api)?;
    host.get::<Function>("verdicts")?.call::<()>(&pista)?;
    env::register(&api)?;
    secret::register(&api)?;
    log::register(&api.below("log")?)?;
    json::register(&api.below("json")?)?;
    sleep::register(&api, host)?;
    Ok(pista)
}

/// A table of the API that is being filled.
struct Api<'a> {
    lua: &'a Lua,
    table: Table,
    raising: Function,
}

impl Api<'_> {
    /// A table in this one.
    fn below(&self, name: &str) -> mlua::Result<Self> {
        let table = self.lua.create_table()?;
        self.table.set(name, &table)?;
        Ok(Self { lua: self.lua, table, raising: self.raising.clone() })
    }

    /// Adds a function. Its errors are raised in Lua with `kind`, `message` and a readable text.
    fn add<A, R>(
        &self,
        name: &str,
        function: impl Fn(&Lua, A) -> Result<R, ScriptError> + 'static,
    ) -> mlua::Result<()>
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        let answering = self.lua.create_function(move |lua, args: A| answer(lua, function(lua, args)))?;
        self.table.set(name, self.raising.call::<Function>(answering)?)
    }
}

/// True and the results, or false and the error, for the prelude to return or raise.
fn answer<R: IntoLuaMulti>(lua: &Lua, result: Result<R, ScriptError>) -> mlua::Result<MultiValue> {
    match result {
        Ok(values) => (true, values).into_lua_multi(lua),
        Err(error) => (false, Failure(error)).into_lua_multi(lua),
    }
}

/// The caller's place, if what is called may be called now: while the configuration loads.
fn declaring(lua: &Lua, what: &str) -> Result<Option<Place>, ScriptError> {
    let at = caller(lua);
    match State::of(lua).declaring(what) {
        Ok(()) => Ok(at),
        Err(reason) => Err(misuse(at, reason)),
    }
}

/// A place as text; empty when unknown.
fn shown(at: Option<&Place>) -> String {
    at.map(ToString::to_string).unwrap_or_default()
}

/// A name given as first argument: of an agent, of a provider.
fn name(at: Option<&Place>, what: &str, value: &mlua::Value) -> Result<String, ScriptError> {
    let fail = |message: String| misuse(at.cloned(), format!("{what}: {message}"));
    let mlua::Value::String(name) = value else {
        return Err(fail(format!("the first argument is a name, not {}", super::fields::article(value))));
    };
    let name = name.to_string_lossy();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(fail(format!("{name:?} is no name: use letters, digits, '-' and '_'")));
    }
    Ok(name)
}

/// The error that a name was declared before.
fn twice(at: Option<Place>, what: &str, name: &str, first: &str) -> ScriptError {
    misuse(at, format!("{what}: {name:?} is declared already, at {first}"))
}
