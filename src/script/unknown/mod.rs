//! What a name was meant to be that is not there.
//!
//! Lua says no more than "a nil value (field 'raed')". This is looked at when such an error has come up,
//! so that names which are right cost nothing, and `if pista.later then` stays a question.

mod names;

use crate::domain::nearest::nearest;
use mlua::{Lua, Table, Value};
use std::rc::Rc;

/// The longest line of a script that is looked at, in bytes.
const LONGEST_LINE: usize = 4_096;
/// The longest dotted name that is looked at, in words.
const MOST_WORDS: usize = 8;

/// By the script's name in messages, and the line from 1.
type TextOfLine = dyn Fn(&str, u32) -> Option<String>;

/// Tells the text of a line of a script.
pub(super) struct Lines(Rc<TextOfLine>);

impl Lines {
    pub(super) fn new(lines: impl Fn(&str, u32) -> Option<String> + 'static) -> Self {
        Self(Rc::new(lines))
    }
}

/// What there is to add to a message of Lua's about a nil value: what the name is called here.
pub(super) fn hint(lua: &Lua, message: &str, place: Option<(&str, u32)>) -> Option<String> {
    let (kind, name) = nil_value(message)?;
    let line = place.and_then(|(file, line)| {
        let lines = Rc::clone(&lua.app_data_ref::<Lines>()?.0);
        lines(file, line).filter(|text| text.len() <= LONGEST_LINE)
    });
    let line = line.unwrap_or_default();
    match kind {
        "global" => global(lua, name, &line),
        "field" => field(lua, name, &line),
        _ => None,
    }
}

/// `("field", "raed")` of `attempt to call a nil value (field 'raed')`.
fn nil_value(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("attempt to ")?;
    let (_, rest) = rest.split_once(" a nil value (")?;
    let (kind, rest) = rest.split_once(" '")?;
    let (name, _) = rest.split_once("')")?;
    Some((kind, name))
}

fn global(lua: &Lua, name: &str, line: &str) -> Option<String> {
    // With what follows it, where that is known: there is more to say about `io.open` than about `io`.
    let paths = dotted(line).filter(|words| words.first() == Some(&name));
    if let Some((path, advice)) = paths.filter(|words| words.len() > 1).find_map(|words| known(&words)) {
        return Some(absent(lua, &path, advice));
    }
    if let Some((path, advice)) = known(&[name]) {
        return Some(absent(lua, &path, advice));
    }
    if let Some(pista) = table(lua, &["pista"])
        && pista.raw_get::<Value>(name).is_ok_and(|value| !value.is_nil())
    {
        return Some(format!("there is no global {name}; did you mean pista.{name}?"));
    }
    let globals = keys(&lua.globals());
    let near = nearest(name, globals.iter().map(String::as_str))?;
    Some(format!("there is no global {name}; did you mean {near}?"))
}

fn field(lua: &Lua, name: &str, line: &str) -> Option<String> {
    for words in dotted(line) {
        // The name may be in the middle of what stands there.
        let Some(at) = words.iter().rposition(|word| *word == name).filter(|at| *at > 0) else { continue };
        let (path, within) = (&words[..=at], &words[..at]);
        if let Some((path, advice)) = known(path) {
            return Some(absent(lua, &path, advice));
        }
        let within: Vec<&str> = match table(lua, within) {
            Some(_) => within.to_vec(),
            // `local fs = pista.fs`
            None => std::iter::once("pista").chain(within.iter().copied()).collect(),
        };
        let Some(found) = table(lua, &within) else { continue };
        let (owner, keys) = (within.join("."), keys(&found));
        if keys.iter().any(|key| key == name) {
            continue;
        }
        let near = nearest(name, keys.iter().map(String::as_str));
        return Some(match near {
            Some(near) => format!("there is no {owner}.{name}; did you mean {owner}.{near}?"),
            None if owner.starts_with("pista") => {
                format!("there is no {owner}.{name}; help(\"{owner}\") lists what there is")
            }
            None => format!("there is no {owner}.{name}"),
        });
    }
    None
}

/// What is known of a name of other Lua programs, and the name: `io.open`, or `vim` for all below it.
fn known(words: &[&str]) -> Option<(String, &'static str)> {
    (1..=words.len()).rev().find_map(|count| {
        let path = words[..count].join(".");
        let (_, advice) = names::ELSEWHERE.iter().find(|(known, _)| *known == path)?;
        Some((path, *advice))
    })
}

fn absent(lua: &Lua, path: &str, advice: &str) -> String {
    // A program of a model's has its tools in place of the API.
    let advice = match advice.contains("pista.") && table(lua, &["pista"]).is_none() {
        true => "tools.list() lists what there is",
        false => advice,
    };
    format!("there is no {path} here: {advice}")
}

/// The dotted names of a line, each as its words.
fn dotted(line: &str) -> impl Iterator<Item = Vec<&str>> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
    line.split(move |c| !part(c)).filter_map(|text| {
        let words: Vec<&str> = text.split(['.', ':']).filter(|word| !word.is_empty()).collect();
        (1..=MOST_WORDS).contains(&words.len()).then_some(words)
    })
}

/// The table that a global path leads to. Runs no Lua.
fn table(lua: &Lua, path: &[&str]) -> Option<Table> {
    let mut at = lua.globals();
    for word in path {
        match at.raw_get::<Value>(*word) {
            Ok(Value::Table(next)) => at = next,
            _ => return None,
        }
    }
    Some(at)
}

/// The names in a table. Runs no Lua.
fn keys(table: &Table) -> Vec<String> {
    let pairs = table.pairs::<Value, Value>().filter_map(Result::ok);
    pairs.filter_map(|(key, _)| Some(key.as_string()?.to_str().ok()?.to_owned())).collect()
}

/// What else there is to say about a module that `require` does not find.
pub(super) fn module_hint<'a>(name: &str, beside: impl Iterator<Item = &'a str>) -> Option<String> {
    if let Some((_, advice)) = names::MODULES.iter().find(|(known, _)| {
        name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }) {
        return Some((*advice).to_owned());
    }
    if let Some(inner) = name.strip_prefix("pista.") {
        return Some(format!("pista.{inner} is there without being required, if it is part of the API"));
    }
    nearest(name, beside).map(|near| format!("did you mean {near:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_lua_are_taken_apart() {
        for (message, found) in [
            ("attempt to call a nil value (field 'raed')", Some(("field", "raed"))),
            ("attempt to index a nil value (global 'vim')", Some(("global", "vim"))),
            ("attempt to perform arithmetic on a nil value (global 'x')", Some(("global", "x"))),
            ("attempt to call a nil value", None),
            ("attempt to call a table value (global 'x')", None),
            ("no", None),
        ] {
            assert_eq!(nil_value(message), found, "{message}");
        }
    }

    #[test]
    fn dotted_names_are_found_in_a_line() {
        let found: Vec<_> = dotted("local x = pista.fs.raed(a.b, 'c') or s:upper()").collect();
        let found: Vec<_> = found.iter().map(|words| words.join(".")).collect();
        assert_eq!(found, ["local", "x", "pista.fs.raed", "a.b", "c", "or", "s.upper"]);
    }

    #[test]
    fn every_name_has_advice() {
        let mut seen = std::collections::BTreeSet::new();
        for (list, names) in [("globals", names::ELSEWHERE), ("modules", names::MODULES)] {
            for (name, advice) in names {
                assert!(!advice.is_empty() && !advice.ends_with('.'), "{name}");
                assert!(seen.insert((list, *name)), "{name} stands there twice");
            }
        }
    }
}
