//! Completion of commands, and of what is live in Lua.

use super::{commands::COMMANDS, engine::Engine};
use crate::script::name_begins;
use rustyline::{Context, Helper, highlight::Highlighter, hint::Hinter, validate::Validator};
use std::sync::Arc;

/// Completes the line under the cursor.
pub(super) struct Completer {
    engine: Arc<dyn Engine>,
    runtime: tokio::runtime::Handle,
}

impl Completer {
    /// Must be called on the runtime.
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, runtime: tokio::runtime::Handle::current() }
    }
}

/// Where the Lua code of a line begins, if it is Lua.
fn lua_begins(line: &str) -> Option<usize> {
    ["=", "/lua "].iter().find(|prefix| line.starts_with(**prefix)).map(|prefix| prefix.len())
}

impl rustyline::completion::Completer for Completer {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..pos];
        if let Some(code) = lua_begins(before) {
            let begin = code + name_begins(&before[code..]);
            let candidates = self.runtime.block_on(self.engine.complete(&before[begin..]));
            return Ok((begin, candidates));
        }
        if before.starts_with('/') && !before.contains(' ') {
            let own = self.runtime.block_on(self.engine.commands());
            let own = own.into_iter().map(|(name, _)| format!("/{name}"));
            let names = COMMANDS.iter().map(|c| c.name.to_owned()).chain(own);
            return Ok((0, names.filter(|name| name.starts_with(before)).collect()));
        }
        Ok((pos, vec![]))
    }
}

impl Hinter for Completer {
    type Hint = String;
}
impl Highlighter for Completer {}
impl Validator for Completer {}
impl Helper for Completer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_before_the_cursor_is_found() {
        assert_eq!(name_begins("x + pista.lo"), 4);
        assert_eq!(name_begins("pista."), 0);
        assert_eq!(name_begins("f("), 2);
        assert_eq!(lua_begins("=pi"), Some(1));
        assert_eq!(lua_begins("/lua pi"), Some(5));
        assert_eq!(lua_begins("hello"), None);
    }
}
