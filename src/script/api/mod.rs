//! The table `pista`: one file per member or group of members.

mod acting;
mod agent;
mod arguments;
mod ask_agent;
pub(super) mod channel;
mod channel_http;
mod command;
mod cron;
mod env;
mod fs;
mod help;
mod hook;
mod http;
mod json;
mod kv;
mod llm;
mod log;
mod memory;
mod notification;
mod provider;
mod sandbox;
pub(super) mod secret;
mod send;
mod session;
mod setup;
mod sleep;
pub(super) mod spawn;
mod stdin;
mod system;
mod telegram;
mod test;
mod time;
mod tool;
mod tools;

use super::{
    errors::{Failure, ScriptError},
    program,
    state::{Equipment, Place, State, caller, misuse},
    values::Bounds,
    vm::raising,
    waits::Waiting,
};
use mlua::{FromLuaMulti, Function, IntoLuaMulti, Lua, MultiValue, Table};
use std::{
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};
use tokio::runtime::Handle;

/// The version of the API that scripts see. Rises when a member changes its meaning.
const API_VERSION: i64 = 1;

/// Builds the table.
pub(super) fn install(lua: &Lua, host: &Table) -> mlua::Result<Table> {
    let pista = lua.create_table()?;
    let api = Api { lua, table: pista.clone(), raising: raising(host)?, waiting: host.get("waiting")? };
    pista.set("version", env!("CARGO_PKG_VERSION"))?;
    pista.set("api_version", API_VERSION)?;
    setup::register(&api)?;
    provider::register(&api)?;
    agent::register(&api)?;
    tool::register(&api)?;
    sandbox::register(&api)?;
    hook::register(&api)?;
    cron::register(&api)?;
    host.get::<Function>("verdicts")?.call::<()>(&pista)?;
    env::register(&api)?;
    secret::register(&api)?;
    log::register(&api.below("log")?)?;
    json::register(&api.below("json")?, "pista.json", Bounds::OWN)?;
    sleep::register(&api)?;
    stdin::register(&api.below("stdin")?)?;
    tools::register(&api.below("tools")?)?;
    system::register(&api.below("system")?)?;
    ask_agent::register(&api)?;
    acting::docker(&api.below("docker")?)?;
    acting::wasm(&api.below("wasm")?)?;
    if State::of(lua).for_specs.get() {
        test::register(&api.below("test")?)?;
    }
    channel::register(&api)?;
    command::register(&api)?;
    send::register(&api)?;
    fs::register(&api.below("fs")?)?;
    http::register(&api.below("http")?)?;
    kv::register(&api.below("kv")?)?;
    llm::register(&api.below("llm")?)?;
    memory::register(&api.below("memory")?)?;
    notification::register(&api)?;
    session::register(&api.below("session")?)?;
    spawn::register(&api)?;
    time::register(&api.below("time")?)?;
    help::register(&api.beside())?;
    Ok(pista)
}

/// The table `json` alone, for programs that have no API.
pub(super) fn json(lua: &Lua, host: &Table, bounds: Bounds) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    let api = Api { lua, table: table.clone(), raising: raising(host)?, waiting: host.get("waiting")? };
    json::register(&api, "json", bounds)?;
    Ok(table)
}

/// A table of the API that is being filled.
#[derive(Clone)]
struct Api<'a> {
    lua: &'a Lua,
    table: Table,
    raising: Function,
    waiting: Function,
}

impl Api<'_> {
    /// A table in this one.
    fn below(&self, name: &str) -> mlua::Result<Self> {
        let below = self.apart()?;
        self.table.set(name, &below.table)?;
        Ok(below)
    }

    /// A table that is no member of any.
    fn apart(&self) -> mlua::Result<Self> {
        let table = self.lua.create_table()?;
        Ok(Self { lua: self.lua, table, raising: self.raising.clone(), waiting: self.waiting.clone() })
    }

    /// The global table.
    fn beside(&self) -> Self {
        let (raising, waiting) = (self.raising.clone(), self.waiting.clone());
        Self { lua: self.lua, table: self.lua.globals(), raising, waiting }
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

impl Api<'_> {
    /// Adds a function that waits for what has a limit of its own: the clock of whoever calls it stands still
    /// meanwhile.
    fn wait_for<A, R, F>(
        &self,
        name: &str,
        what: &'static str,
        function: impl Fn(Lua, A) -> F + Clone + 'static,
    ) -> mlua::Result<()>
    where
        A: FromLuaMulti + 'static,
        R: IntoLuaMulti,
        F: Future<Output = Result<R, ScriptError>> + 'static,
    {
        self.wait(name, what, move |lua: Lua, args: A| {
            let work = function(lua, args);
            async move {
                let _waiting = Waiting::begin();
                work.await
            }
        })
    }

    /// Adds a function that waits, while other handlers run. `what` is its name for messages.
    /// Only handlers can call it, and not inside a coroutine of their own.
    fn wait<A, R, F>(
        &self,
        name: &str,
        what: &'static str,
        function: impl Fn(Lua, A) -> F + Clone + 'static,
    ) -> mlua::Result<()>
    where
        A: FromLuaMulti + 'static,
        R: IntoLuaMulti,
        F: Future<Output = Result<R, ScriptError>> + 'static,
    {
        let answering = self.lua.create_async_function(move |lua: Lua, args: A| {
            let function = function.clone();
            async move {
                // The place is known only before the first wait.
                let at = caller(&lua);
                let state = State::of(&lua);
                let result = match state.acting(what) {
                    Ok(()) => {
                        let work = program::patient(function(lua.clone(), args));
                        match beside(state.runtime(), work).await {
                            Some(result) => result,
                            None => return (false, program::EXIT).into_lua_multi(&lua),
                        }
                    }
                    Err(reason) => Err(misuse(at.clone(), reason)),
                };
                answer(&lua, result.map_err(|error| placed(error, at)))
            }
        })?;
        self.table.set(name, self.waiting.call::<Function>((what, answering))?)
    }
}

/// Polls work that reaches out within the engine's runtime, which has the sockets and processes.
async fn beside<F: Future>(runtime: Option<Handle>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let _entered = runtime.as_ref().map(Handle::enter);
        work.as_mut().poll(cx)
    })
    .await
}

/// An error with the place where the script called, unless it has one.
fn placed(error: ScriptError, at: Option<Place>) -> ScriptError {
    match at {
        Some(place) if error.file.is_none() => error.at(place.file, Some(place.line)),
        _ => error,
    }
}

/// What handlers act through, for the function `what`.
fn equipment(lua: &Lua, what: &str) -> Result<Rc<Equipment>, ScriptError> {
    State::of(lua).equipment(what).map_err(|reason| misuse(caller(lua), reason))
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
