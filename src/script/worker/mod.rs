//! The program of a model's: runs in a confined process, in a fresh VM, and calls tools over pipes.
//!
//! The other side is `sandbox::lua`. What is here is not trusted there; the limits that this side
//! keeps are for good error messages, those that hold are the system's and the engine's.

mod link;
mod outcome;
mod tools;

use super::{api, call::Answer, errors::ScriptError, guard, stop, unknown::Lines, values::Bounds};
use crate::sandbox::lua::{Done, FrameError, MAX_CODE, Request, Start};
use link::{Link, Printed};
use mlua::{Function, Lua, LuaOptions, LuaString, MultiValue, StdLib, chunk::ChunkMode};
use outcome::{failed, returned, stopped};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// What a call's arguments, `json.encode` and a returned table may take.
const BOUNDS: Bounds = Bounds { values: 200_000, bytes: 4 << 20 };
/// The name of the program in messages.
const NAME: &str = "=code";

/// Serves one program over standard input and output. The process must be confined.
pub fn work() -> Result<(), FrameError> {
    let mut link = Link::new();
    let start: Start = link.read()?;
    let printed = Rc::new(Printed::default());
    let done = match run(start, link, &printed) {
        Ok(done) => done,
        Err(error) => Done { error: Some(format!("the Lua VM can't be made: {error}")), ..Done::default() },
    };
    link::finish(&Request::Done(Done { printed: printed.take(), ..done }))
}

fn run(start: Start, link: Link, printed: &Rc<Printed>) -> mlua::Result<Done> {
    let libs = StdLib::COROUTINE | StdLib::TABLE | StdLib::STRING | StdLib::UTF8 | StdLib::MATH;
    let lua = Lua::new_with(libs, LuaOptions::new())?;
    let xpcall: Function = lua.globals().get("xpcall")?;
    let no_modules = lua.create_function(|_, _: ()| {
        Ok((mlua::Value::Nil, "require: there are no modules here; all there is are globals"))
    })?;
    let sink = Rc::clone(printed);
    let print = lua.create_function(move |_, line: LuaString| {
        sink.line(&line.to_string_lossy());
        Ok(())
    })?;
    let host = guard::install(&lua, no_modules, print)?;
    lua.globals().set("json", api::json(&lua, &host, BOUNDS)?)?;
    tools::install(&lua, &host, link, &start)?;
    let on_error = lua.create_function(guard::on_error)?;
    let code = start.code.clone();
    lua.set_app_data(Lines::new(move |file, line| {
        let at = (line as usize).checked_sub(1).filter(|_| file == NAME.trim_start_matches('='))?;
        code.lines().nth(at).map(str::to_owned)
    }));
    stop::install(&lua)?;
    lua.set_memory_limit(start.memory)?;

    let program = match compile(&lua, &start.code) {
        Ok(program) => program,
        Err(error) => return Ok(failed(error.into(), &start.code)),
    };
    let limit = Duration::from_millis(start.timeout_ms);
    let call = || xpcall.call::<MultiValue>((program, on_error));
    let (result, tripped) = stop::until(Instant::now() + limit, call);
    // What the program still holds is the system's to take back.
    let lua = std::mem::ManuallyDrop::new(lua);
    lua.set_memory_limit(0)?;
    let ended = result
        .map_err(|error| ScriptError::from_lua(&error))
        .and_then(|answer| answer.split().map_err(|raised| ScriptError::from_value(&raised)));
    Ok(match ended {
        ended if tripped => stopped(ended.err(), limit, &start.code),
        Ok(values) => Done { returned: returned(&lua, &values), ..Done::default() },
        Err(error) => failed(error, &start.code),
    })
}

/// As a program, or else as an expression.
fn compile(lua: &Lua, code: &str) -> mlua::Result<Function> {
    if code.len() > MAX_CODE {
        return Err(mlua::Error::runtime(format!("the program is longer than {MAX_CODE} bytes")));
    }
    let load = |text: &str| lua.load(text).set_name(NAME).set_mode(ChunkMode::Text).into_function();
    load(code).or_else(|error| load(&format!("return {code}")).map_err(|_| error))
}
