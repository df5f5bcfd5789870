//! The tools as functions of the program.

use super::{
    super::{
        guard,
        values::{Secrets, to_json_within, to_lua},
    },
    BOUNDS,
    link::Link,
};
use crate::sandbox::lua::{FrameError, MAX_REQUEST, Offered, Reply, Request, Start, encode};
use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value};
use serde_json::Value as Json;
use std::{
    cell::{Cell, RefCell},
    sync::OnceLock,
};

/// Adds the tools to the globals.
pub(super) fn install(lua: &Lua, host: &Table, link: Link, start: &Start) -> mlua::Result<()> {
    static CODE: OnceLock<Result<Vec<u8>, mlua::Error>> = OnceLock::new();
    let tools = lua.create_table()?;
    for tool in &start.tools {
        tools.raw_push(entry(lua, tool)?)?;
    }
    host.set("tools", tools)?;
    let calls = Calls { link: RefCell::new(link), left: Cell::new(start.max_calls), max: start.max_calls };
    let call = lua.create_function(move |lua, (name, args): (LuaString, Value)| {
        match calls.make(lua, &name.to_string_lossy(), &args) {
            Reply::Ok(result) => (true, to_lua(lua, &result)?).into_lua_multi(lua),
            Reply::Failed { status, message } => failure(lua, &status, &message),
        }
    })?;
    host.set("call", call)?;
    guard::run(lua, &CODE, include_str!("../../../lua/pista/code.lua"), host)
}

fn entry(lua: &Lua, tool: &Offered) -> mlua::Result<Table> {
    let entry = lua.create_table()?;
    entry.raw_set("name", tool.name.as_str())?;
    entry.raw_set("signature", tool.signature.as_str())?;
    entry.raw_set("description", tool.description.as_str())?;
    // A name of Lua's has no hyphen.
    let name = tool.name.replace('-', "_");
    entry.raw_set("words", lua.create_sequence_from(name.split('.'))?)?;
    // The form in which models know the name, nearly.
    entry.raw_set("plain", name.replace('.', "_"))?;
    Ok(entry)
}

fn failure(lua: &Lua, status: &str, message: &str) -> mlua::Result<MultiValue> {
    (false, status, message).into_lua_multi(lua)
}

struct Calls {
    link: RefCell<Link>,
    left: Cell<usize>,
    max: usize,
}

impl Calls {
    fn make(&self, lua: &Lua, name: &str, args: &Value) -> Reply {
        let failed = |message: String| Reply::Failed { status: "error".into(), message };
        let args = match args {
            Value::Nil => Ok(Json::Object(Default::default())),
            args => to_json_within(lua, args, "args", Secrets::Refused, BOUNDS),
        };
        let args = match args {
            Ok(Json::Object(args)) => args,
            Ok(Json::Array(items)) if items.is_empty() => Default::default(),
            Ok(_) => return failed(format!("{name} takes a table with named arguments, not a list")),
            Err(reason) => return failed(format!("{name}: {reason}")),
        };
        let request = Request::Call { name: name.to_owned(), args };
        let frame = match encode(&request, MAX_REQUEST) {
            Ok(frame) => frame,
            Err(FrameError::TooLong(max)) => {
                return failed(format!("{name}: the arguments are longer than {max} bytes"));
            }
            Err(error) => return failed(format!("{name}: {error}")),
        };
        let Some(left) = self.left.get().checked_sub(1) else {
            return failed(format!("a program can make {} calls, and these are used up", self.max));
        };
        self.left.set(left);
        super::stop::outside(|| self.link.borrow_mut().call(&frame))
    }
}
