//! What could follow what a person typed: globals, and members of tables.

use super::handle::ScriptHandle;
use mlua::{Table, Value};
use std::time::Duration;

/// The most candidates.
const MAX_CANDIDATES: usize = 200;
/// How long to wait for them: a script that is busy must not hold up the typing.
const WAIT: Duration = Duration::from_millis(200);

/// Where the dotted name before the cursor begins.
pub fn name_begins(text: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == ':';
    text.char_indices().rev().take_while(|(_, c)| part(*c)).last().map_or(text.len(), |(at, _)| at)
}

impl ScriptHandle {
    /// The names that begin with `prefix`, such as `pista.lo`, in full and sorted. Empty when the
    /// script is busy.
    pub async fn complete(&self, prefix: &str) -> Vec<String> {
        let prefix = prefix.to_owned();
        let candidates = self.run(WAIT, move |vm| async move { Ok(candidates(&vm.lua.globals(), &prefix)) });
        match tokio::time::timeout(WAIT, candidates).await {
            Ok(Ok(candidates)) => candidates,
            _ => Vec::new(),
        }
    }
}

/// Reads tables as they are: no metamethod runs.
fn candidates(globals: &Table, prefix: &str) -> Vec<String> {
    let (path, start) = match prefix.rfind(['.', ':']) {
        Some(at) => prefix.split_at(at + 1),
        None => ("", prefix),
    };
    let mut table = globals.clone();
    for name in path.split_terminator(['.', ':']) {
        match table.raw_get::<Value>(name) {
            Ok(Value::Table(next)) => table = next,
            _ => return Vec::new(),
        }
    }
    let methods = path.ends_with(':');
    let mut names: Vec<String> = table
        .pairs::<Value, Value>()
        .filter_map(Result::ok)
        .filter(|(_, value)| !methods || value.is_function())
        .filter_map(|(key, _)| key.as_string()?.to_str().ok().map(|name| name.to_owned()))
        .filter(|name| name.starts_with(start) && !name.is_empty())
        .map(|name| format!("{path}{name}"))
        .collect();
    names.sort();
    names.truncate(MAX_CANDIDATES);
    names
}
