//! Hooks and events of an init.lua, in the built program.

#[path = "../support/mod.rs"]
mod support;

mod events;
mod messages;
mod switching_off;
mod turns;

use std::{fs, path::Path};
use support::program::Home;

/// Lua that writes what it is given to the file `seen`, a line each.
const NOTE: &str = "local function note(...)
  local words = {}
  for i, v in ipairs({ ... }) do words[i] = tostring(v) end
  pista.system.run({ 'sh', '-c', 'echo \"$1\" >> seen', 'sh', table.concat(words, ' ') })
end
";

/// What was noted.
fn seen(home: &Home) -> String {
    read(&home.work().join("seen"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
