//! `pista.docker.run{…}` and `pista.wasm.run{…}`: sandboxes, used in the user's name.

use super::{
    super::{
        fields::article,
        state::{caller, misuse},
    },
    Api,
    tools::{act, tool_call},
};
use mlua::{Lua, Value};

/// A function that takes a table of arguments for a built-in tool.
fn register(api: &Api, what: &'static str, tool: &'static str) -> mlua::Result<()> {
    api.wait("run", what, move |lua: Lua, args: Value| async move {
        if !args.is_table() {
            let message = format!("{what}: expected a table of arguments, got {}", article(&args));
            return Err(misuse(caller(&lua), message));
        }
        let name = Value::String(lua.create_string(tool)?);
        let call = tool_call(&lua, what, &name, &args)?;
        act(&lua, what, call).await
    })
}

/// `pista.docker.run`.
pub(super) fn docker(api: &Api) -> mlua::Result<()> {
    register(api, "pista.docker.run", "container.run")
}

/// `pista.wasm.run`.
pub(super) fn wasm(api: &Api) -> mlua::Result<()> {
    register(api, "pista.wasm.run", "wasm.run")
}
