//! `string.find`, `match`, `gmatch` and `gsub` on the matcher. The prelude puts them in place.
//!
//! Each answers its results, or false and the reason: raising is left to Lua, which knows the line.

use super::{
    super::guard::MAX_STRING,
    compile::Program,
    matcher::{Budget, Match, Value as Captured, literal},
};
use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

/// Compiled patterns that are kept.
const CACHED: usize = 128;
/// Bytes that make a text a pattern.
const SPECIAL: &[u8] = b"^$*+?.([%-";

/// Programs by pattern, with and without anchor.
type Cache = HashMap<(Box<[u8]>, bool), Rc<Program>>;

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

fn program(pattern: &[u8], anchors: bool) -> Rc<Program> {
    CACHE.with_borrow_mut(|cache| {
        let key = (Box::from(pattern), anchors);
        if let Some(known) = cache.get(&key) {
            return Rc::clone(known);
        }
        if cache.len() >= CACHED {
            cache.clear();
        }
        let program = Rc::new(Program::new(pattern, anchors));
        cache.insert(key, Rc::clone(&program));
        program
    })
}

/// What can go wrong in one of the functions.
enum Fault {
    Plain(String),
    Lua(mlua::Error),
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Plain(reason)
    }
}

impl From<mlua::Error> for Fault {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

type Answer = Result<MultiValue, Fault>;

fn answered(lua: &Lua, answer: Answer) -> mlua::Result<MultiValue> {
    match answer {
        Ok(values) => Ok(values),
        Err(Fault::Plain(reason)) => (false, reason).into_lua_multi(lua),
        Err(Fault::Lua(error)) => Err(error),
    }
}

/// Adds the functions to the host's table.
pub(in super::super) fn register(lua: &Lua, host: &Table) -> mlua::Result<()> {
    type Four = (Value, Value, Value, Value);
    let find = |lua: &Lua, (text, pattern, init, plain): Four| {
        let plain = !matches!(plain, Value::Nil | Value::Boolean(false));
        answered(lua, find(lua, text, pattern, init, plain))
    };
    host.set("find", lua.create_function(find)?)?;
    let first = |lua: &Lua, (text, pattern, init): (Value, Value, Value)| {
        answered(lua, first_match(lua, text, pattern, init))
    };
    host.set("match", lua.create_function(first)?)?;
    let gmatch = |lua: &Lua, (text, pattern, init): (Value, Value, Value)| {
        answered(lua, gmatch(lua, text, pattern, init))
    };
    host.set("gmatch", lua.create_function(gmatch)?)?;
    let all = |lua: &Lua, (text, pattern, first): (Value, Value, bool)| {
        answered(lua, all_matches(lua, text, pattern, first))
    };
    host.set("matches", lua.create_function(all)?)?;
    let gsub = |lua: &Lua, (text, pattern, by, max): Four| answered(lua, gsub(lua, text, pattern, by, max));
    host.set("gsub", lua.create_function(gsub)?)
}

/// A text argument; numbers are texts too.
fn text(lua: &Lua, value: Value, number: usize, name: &str) -> Result<LuaString, Fault> {
    let kind = value.type_name();
    let kind = if kind == "integer" { "number" } else { kind };
    match lua.coerce_string(value)? {
        Some(text) => Ok(text),
        None => {
            Err(Fault::Plain(format!("bad argument #{number} to '{name}' (string expected, got {kind})")))
        }
    }
}

fn integer(lua: &Lua, value: Value, number: usize, name: &str) -> Result<Option<i64>, Fault> {
    if value.is_nil() {
        return Ok(None);
    }
    let kind = value.type_name();
    match lua.coerce_integer(value)? {
        Some(integer) => Ok(Some(integer)),
        None if kind == "number" => Err(Fault::Plain(format!(
            "bad argument #{number} to '{name}' (number has no integer representation)"
        ))),
        None => {
            Err(Fault::Plain(format!("bad argument #{number} to '{name}' (number expected, got {kind})")))
        }
    }
}

/// The byte to begin at; `None` when that is behind the end.
fn begin(lua: &Lua, init: Value, number: usize, name: &str, length: usize) -> Result<Option<usize>, Fault> {
    let init = integer(lua, init, number, name)?.unwrap_or(1);
    let start = match init {
        1.. => (init - 1) as u64,
        0 => 0,
        _ => (length as u64).saturating_sub(init.unsigned_abs()),
    };
    Ok((start <= length as u64).then_some(start as usize))
}

fn find(lua: &Lua, subject: Value, pattern: Value, init: Value, plain: bool) -> Answer {
    let (subject, pattern) = (text(lua, subject, 1, "find")?, text(lua, pattern, 2, "find")?);
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let Some(start) = begin(lua, init, 3, "find", subject.len())? else {
        return Ok(Value::Nil.into_lua_multi(lua)?);
    };
    let mut budget = Budget::new(subject.len());
    if plain || !pattern.iter().any(|byte| SPECIAL.contains(byte)) {
        return Ok(match literal(&subject, &pattern, start, &mut budget)? {
            Some(at) => (at + 1, at + pattern.len()).into_lua_multi(lua)?,
            None => Value::Nil.into_lua_multi(lua)?,
        });
    }
    let program = program(&pattern, true);
    let Some(found) = program.search(&subject, start, &mut budget)? else {
        return Ok(Value::Nil.into_lua_multi(lua)?);
    };
    let mut results = (found.start + 1, found.end).into_lua_multi(lua)?;
    push_captures(lua, &mut results, &program, &subject, &found, program.captures.len())?;
    Ok(results)
}

fn first_match(lua: &Lua, subject: Value, pattern: Value, init: Value) -> Answer {
    let (subject, pattern) = (text(lua, subject, 1, "match")?, text(lua, pattern, 2, "match")?);
    let (subject, pattern) = (subject.as_bytes(), pattern.as_bytes());
    let Some(start) = begin(lua, init, 3, "match", subject.len())? else {
        return Ok(Value::Nil.into_lua_multi(lua)?);
    };
    let program = program(&pattern, true);
    match program.search(&subject, start, &mut Budget::new(subject.len()))? {
        Some(found) => {
            let mut results = MultiValue::new();
            push_captures(lua, &mut results, &program, &subject, &found, program.captures.len().max(1))?;
            Ok(results)
        }
        None => Ok(Value::Nil.into_lua_multi(lua)?),
    }
}

fn push_captures(
    lua: &Lua,
    results: &mut MultiValue,
    program: &Program,
    subject: &[u8],
    found: &Match,
    count: usize,
) -> Result<(), Fault> {
    for index in 0..count {
        results.push_back(match found.capture(program, subject, index)? {
            Captured::Text(text) => Value::String(lua.create_string(text)?),
            Captured::Position(at) => Value::Integer(at as i64),
        });
    }
    Ok(())
}

/// Successive matches in one text.
struct Scan {
    program: Rc<Program>,
    next: usize,
    last_end: Option<usize>,
    budget: Budget,
}

impl Scan {
    fn new(program: Rc<Program>, start: usize, length: usize) -> Self {
        Self { program, next: start, last_end: None, budget: Budget::new(length) }
    }

    /// The next match. An empty one right behind the match before does not count.
    fn step(&mut self, subject: &[u8]) -> Result<Option<Match>, String> {
        while self.next <= subject.len() {
            let at = self.next;
            self.next += 1;
            let found = self.program.at(subject, at, &mut self.budget)?;
            if self.program.anchored {
                self.next = subject.len() + 1;
            }
            if let Some(found) = found
                && self.last_end != Some(found.end)
            {
                self.last_end = Some(found.end);
                if !self.program.anchored {
                    self.next = found.end;
                }
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn gmatch(lua: &Lua, subject: Value, pattern: Value, init: Value) -> Answer {
    let (subject, pattern) = (text(lua, subject, 1, "gmatch")?, text(lua, pattern, 2, "gmatch")?);
    let length = subject.as_bytes().len();
    let start = begin(lua, init, 3, "gmatch", length)?.unwrap_or(length + 1);
    let scan = Scan::new(program(&pattern.as_bytes(), false), start, length);
    let step = stepper(lua, subject, scan, Wanted::All)?;
    Ok(step.into_lua_multi(lua)?)
}

/// For `gsub` by a table or function: a function that answers the start and end of each match and
/// its captures, or only the first of them; and the text.
fn all_matches(lua: &Lua, subject: Value, pattern: Value, first: bool) -> Answer {
    let (subject, pattern) = (text(lua, subject, 1, "gsub")?, text(lua, pattern, 2, "gsub")?);
    let length = subject.as_bytes().len();
    let scan = Scan::new(program(&pattern.as_bytes(), true), 0, length);
    let step =
        stepper(lua, subject.clone(), scan, if first { Wanted::PlaceAndFirst } else { Wanted::PlaceAndAll })?;
    Ok((step, subject).into_lua_multi(lua)?)
}

/// What is wanted of each match.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    All,
    PlaceAndFirst,
    PlaceAndAll,
}

fn stepper(lua: &Lua, subject: LuaString, scan: Scan, wanted: Wanted) -> mlua::Result<mlua::Function> {
    let scan = Cell::new(Some(scan));
    lua.create_function(move |lua, ()| {
        let Some(mut current) = scan.take() else { return Ok(MultiValue::new()) };
        let bytes = subject.as_bytes();
        let answer = (|| {
            let Some(found) = current.step(&bytes)? else { return Ok(Value::Nil.into_lua_multi(lua)?) };
            let mut results = MultiValue::new();
            if wanted != Wanted::All {
                results = (found.start + 1, found.end).into_lua_multi(lua)?;
            }
            let all = current.program.captures.len().max(1);
            let count = if wanted == Wanted::PlaceAndFirst { 1 } else { all };
            push_captures(lua, &mut results, &current.program, &bytes, &found, count)?;
            Ok(results)
        })();
        scan.set(Some(current));
        answered(lua, answer)
    })
}

fn gsub(lua: &Lua, subject: Value, pattern: Value, by: Value, max: Value) -> Answer {
    let (subject, pattern) = (text(lua, subject, 1, "gsub")?, text(lua, pattern, 2, "gsub")?);
    if !matches!(by, Value::String(_) | Value::Integer(_) | Value::Number(_)) {
        let kind = by.type_name();
        return Err(Fault::Plain(format!(
            "bad argument #3 to 'gsub' (string/function/table expected, got {kind})"
        )));
    }
    let by = text(lua, by, 3, "gsub")?;
    let max = integer(lua, max, 4, "gsub")?;
    let (bytes, by) = (subject.as_bytes(), by.as_bytes());
    let mut scan = Scan::new(program(&pattern.as_bytes(), true), 0, bytes.len());
    let (mut result, mut copied, mut count) = (Vec::new(), 0, 0_i64);
    while max.is_none_or(|max| count < max) {
        let Some(found) = scan.step(&bytes)? else { break };
        result.extend_from_slice(&bytes[copied..found.start]);
        replace(&mut result, &by, &scan.program, &bytes, &found)?;
        (copied, count) = (found.end, count + 1);
        scan.budget.spend(1 + by.len() / 16)?;
        if result.len() > MAX_STRING {
            return Err(Fault::Plain("string.gsub: resulting string too large".into()));
        }
    }
    if count == 0 {
        return Ok((&subject, 0).into_lua_multi(lua)?);
    }
    result.extend_from_slice(&bytes[copied..]);
    Ok((lua.create_string(&result)?, count).into_lua_multi(lua)?)
}

/// Appends the replacement: `%0` is the match, `%1` … its captures, `%%` a percent sign.
fn replace(
    result: &mut Vec<u8>,
    by: &[u8],
    program: &Program,
    subject: &[u8],
    found: &Match,
) -> Result<(), String> {
    let mut rest = by.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            result.push(*byte);
            continue;
        }
        match rest.next() {
            Some(b'%') => result.push(b'%'),
            Some(b'0') => result.extend_from_slice(&subject[found.start..found.end]),
            Some(digit @ b'1'..=b'9') => {
                let index = usize::from(digit - b'1');
                match found.capture(program, subject, index)? {
                    Captured::Text(text) => result.extend_from_slice(text),
                    Captured::Position(at) => result.extend_from_slice(at.to_string().as_bytes()),
                }
            }
            _ => return Err("invalid use of '%' in replacement string".into()),
        }
    }
    Ok(())
}
