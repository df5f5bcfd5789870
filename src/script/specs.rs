//! Specs: files that describe what a configuration does, run in its own VM.
//!
//! What they are written with is Lua of ours (`lua/pista/spec`); what they act on is a
//! [`Stage`] that the engine puts up for each case. Where the engine asks for something from
//! outside (a model, a tool, a person), it asks a function of the spec: a *door*.

use super::{
    call::{GRACE, Limits},
    errors::{ErrorKind, ScriptError},
    handle::ScriptHandle,
    loader::specs_chunk,
    state::State,
    values::to_lua,
    vm::Vm,
};
use crate::domain::{id::HandlerId, primitives::Stage};
use mlua::{Function, Lua, Table, Value};
use serde_json::Value as Json;
use std::{
    path::PathBuf,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
};

/// The library, in the order in which its parts build on each other.
const SUITE: &str = include_str!("../../lua/pista/spec/suite.lua");
const EXPECT: &str = include_str!("../../lua/pista/spec/expect.lua");
const WORLD: &str = include_str!("../../lua/pista/spec/world.lua");
const TRACE: &str = include_str!("../../lua/pista/spec/trace.lua");

/// What a case is called, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecCase {
    /// Its name, after those of the groups that it is in.
    pub names: Vec<String>,
    /// `file:line`.
    pub location: String,
    /// Why it is not run, where it is not.
    pub skipped: Option<String>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseEnd {
    /// All that it expects holds.
    Passed,
    /// It was not run, and why.
    Skipped(String),
    /// Something does not hold, or went wrong.
    Failed(ScriptError),
}

/// The functions that stand for what is outside.
#[derive(Clone, Debug)]
pub struct Doors {
    /// `model(request, emit)`: answers as a provider does.
    pub model: HandlerId,
    /// `tool(name, args, real, context)`: what a tool answers.
    pub tool: HandlerId,
    /// `approve(request)`: what a person answers.
    pub approve: HandlerId,
    /// Whether the spec has answers for the model.
    pub scripted: Arc<AtomicBool>,
}

/// What a VM for specs has besides.
pub(super) struct Specs {
    pub(super) stage: Option<Arc<dyn Stage>>,
    doors: Doors,
    suite: Table,
    expect: Table,
    trace: Function,
    /// All parts, as `suite.run` takes them.
    parts: Table,
}

/// Runs the library. `host` is what Rust gives to it, `raw` what acts, `test` becomes `pista.test`.
pub(super) fn install(
    lua: &Lua,
    host: &Table,
    raw: &Table,
    test: &Table,
    scripted: Arc<AtomicBool>,
) -> mlua::Result<()> {
    // Without a name of their own, failures carry the line of the spec that called.
    let chunk = |text: &str| lua.load(text).set_name("=?").into_function();
    let suite: Table = chunk(SUITE)?.call(host)?;
    let expect: Table = chunk(EXPECT)?.call(host)?;
    let running: Function = suite.get("running")?;
    let world: Table = chunk(WORLD)?.call((host, raw, test, running))?;
    let equal: Function = expect.get("equal")?;
    let trace = chunk(TRACE)?.call((host, &suite, &world, equal, test))?;
    let state = State::of(lua);
    let doors: Table = world.get("doors")?;
    let door = |name: &str| Ok::<_, mlua::Error>(state.keep(doors.get(name)?));
    let doors = Doors { model: door("model")?, tool: door("tool")?, approve: door("approve")?, scripted };
    let parts = lua.create_table()?;
    parts.set("world", world)?;
    parts.set("expect", &expect)?;
    state.specs.replace(Some(Specs { stage: None, doors, suite, expect, trace, parts }));
    Ok(())
}

impl ScriptHandle {
    /// The functions that stand for what is outside.
    ///
    /// # Errors
    /// When this is no VM for specs.
    pub async fn doors(&self) -> Result<Doors, ScriptError> {
        self.run(GRACE, |vm| async move { with(&vm, |specs| Ok(specs.doors.clone())) }).await
    }

    /// Puts up the engine that the next case acts on, or takes it away.
    ///
    /// # Errors
    /// When this is no VM for specs.
    pub async fn put_on(&self, stage: Option<Arc<dyn Stage>>) -> Result<(), ScriptError> {
        self.run(GRACE, |vm| async move {
            with(&vm, |specs| {
                specs.stage = stage;
                Ok(())
            })
        })
        .await
    }

    /// Runs a spec file, which tells its cases. Those of the file before are forgotten.
    ///
    /// # Errors
    /// When the file can't be read, is no Lua, or fails.
    pub async fn load_spec(&self, path: PathBuf, limits: Limits) -> Result<Vec<SpecCase>, ScriptError> {
        self.run(limits.wall, move |vm| async move {
            let (load, globals) = with(&vm, |specs| {
                let globals: Table = specs.suite.get("globals")?;
                globals.set("expect", specs.expect.get::<Function>("expect")?)?;
                Ok((specs.suite.get::<Function>("load")?, globals))
            })?;
            for pair in globals.pairs::<String, Value>() {
                let (name, value) = pair?;
                vm.lua.globals().raw_set(name, value)?;
            }
            let chunk = specs_chunk(&vm.lua, &vm.state, path)?;
            cases(&vm.invoke(&load, chunk, limits).await?)
        })
        .await
    }

    /// Makes a case of a conversation that was recorded.
    ///
    /// # Errors
    /// When the script host has ended.
    pub async fn load_trace(&self, trace: Json, limits: Limits) -> Result<Vec<SpecCase>, ScriptError> {
        self.run(limits.wall, move |vm| async move {
            let load = with(&vm, |specs| Ok(specs.trace.clone()))?;
            let trace = to_lua(&vm.lua, &trace)?;
            cases(&vm.invoke(&load, trace, limits).await?)
        })
        .await
    }

    /// Runs one of the cases.
    pub async fn run_case(&self, index: usize, limits: Limits) -> CaseEnd {
        let run = self.run(limits.wall, move |vm| async move {
            let (run, parts) =
                with(&vm, |specs| Ok((specs.suite.get::<Function>("run")?, specs.parts.clone())))?;
            let ended = vm.invoke_all(&run, (index + 1, parts), limits).await?;
            let mut values = ended.into_iter();
            let (how, what) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
            let how = how.as_string().map(|how| how.to_string_lossy()).unwrap_or_default();
            Ok(match how.as_str() {
                "passed" => CaseEnd::Passed,
                "skipped" => CaseEnd::Skipped(what.to_string()?),
                _ => CaseEnd::Failed(ScriptError::from_value(&what)),
            })
        });
        run.await.unwrap_or_else(CaseEnd::Failed)
    }
}

fn with<R>(vm: &Rc<Vm>, work: impl FnOnce(&mut Specs) -> Result<R, ScriptError>) -> Result<R, ScriptError> {
    match &mut *vm.state.specs.borrow_mut() {
        Some(specs) => work(specs),
        None => Err(ScriptError::new(ErrorKind::Usage, "this configuration was not loaded for specs")),
    }
}

fn cases(told: &Value) -> Result<Vec<SpecCase>, ScriptError> {
    let Value::Table(told) = told else { return Ok(vec![]) };
    let case = |entry: Table| {
        let location: Option<String> = entry.get("location")?;
        Ok(SpecCase {
            names: entry.get("name")?,
            location: location.unwrap_or_default(),
            skipped: entry.get("skipped")?,
        })
    };
    told.sequence_values::<Table>().map(|entry| case(entry?)).collect()
}
