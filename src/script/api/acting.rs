//! `pista.docker.run{…}`, `pista.docker.worker{…}` and `pista.wasm.run{…}`: sandboxes, used in the
//! user's name.

use super::{
    super::{
        fields::article,
        state::{caller, misuse},
    },
    Api,
    tools::{act_for_outcome, tool_call},
};
use mlua::{Lua, Value};

/// A function that takes a table of arguments for a built-in tool.
fn register(api: &Api, name: &str, what: &'static str, tool: &'static str) -> mlua::Result<()> {
    api.wait_for(name, what, move |lua: Lua, args: Value| async move {
        if !args.is_table() {
            let message = format!("{what}: expected a table of arguments, got {}", article(&args));
            return Err(misuse(caller(&lua), message));
        }
        let name = Value::String(lua.create_string(tool)?);
        let call = tool_call(&lua, what, &name, &args)?;
        act_for_outcome(&lua, what, call).await
    })
}

/// `pista.docker.run` and `pista.docker.worker`.
pub(super) fn docker(api: &Api) -> mlua::Result<()> {
    register(api, "run", "pista.docker.run", "container.run")?;
    register(api, "worker", "pista.docker.worker", "worker.spawn")
}

/// `pista.wasm.run`.
pub(super) fn wasm(api: &Api) -> mlua::Result<()> {
    register(api, "run", "pista.wasm.run", "wasm.run")
}
