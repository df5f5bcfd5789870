//! Reading scripts: where they are, what they are called in messages, and what was read.

use super::{
    errors::{ErrorKind, Failure, ScriptError},
    guard::MAX_SOURCE,
    state::{Place, State, caller, misuse},
    unknown,
};
use mlua::{Function, IntoLuaMulti, Lua, MultiValue, Value, chunk::ChunkMode};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The longest name of a source in messages; Lua itself cuts longer ones.
const MAX_NAME: usize = 55;
/// How many lines below a call its keys are looked for.
const LOCATE_LINES: usize = 400;

/// Why an empty configuration is none. Half of a save, or a full disk, leaves one behind.
const EMPTY: &str = "the file is empty, and with it all rules, channels and jobs would be gone; where that is meant, write \
    `return` in it, or a comment";

/// The modules that come with the program, for `require`.
const EMBEDDED: &[(&str, &str)] = &[("pista.demo", include_str!("../../lua/pista/demo.lua"))];

/// Where a configuration comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file. Modules are found beside it.
    File(PathBuf),
    /// A file as it was once, and its modules likewise: nothing is read from the disk.
    Kept {
        /// Where the file was.
        path: PathBuf,
        /// What was in it and in all that it required.
        files: Arc<Texts>,
    },
    /// A text and what messages call it. It can require only what comes with the program.
    Embedded {
        /// For messages: `init.lua`.
        name: String,
        /// The Lua text.
        text: Cow<'static, str>,
    },
}

/// What was in files.
pub type Texts = BTreeMap<PathBuf, Arc<[u8]>>;

/// The sources of one generation.
#[derive(Debug, Default)]
pub(super) struct Sources {
    dir: Option<PathBuf>,
    kept: Option<Arc<Texts>>,
    /// The directory of the program that runs; its modules go first.
    beside: Option<PathBuf>,
    texts: HashMap<String, String>,
    /// Every file that was read.
    pub(super) files: Vec<PathBuf>,
    /// What was in them.
    pub(super) read: Texts,
    /// Where a module was looked for in vain.
    pub(super) missing: Vec<PathBuf>,
}

impl Sources {
    pub(super) fn new(source: &Source) -> Self {
        let (dir, kept) = match source {
            Source::File(path) => (Some(path), None),
            Source::Kept { path, files } => (Some(path), Some(Arc::clone(files))),
            Source::Embedded { .. } => (None, None),
        };
        let dir = dir.and_then(|path| absolute(path).parent().map(Path::to_owned));
        Self { dir, kept, ..Self::default() }
    }

    fn bytes(&self, path: &Path) -> io::Result<Arc<[u8]>> {
        match self.kept.as_ref().map(|kept| kept.get(path)) {
            Some(Some(bytes)) => Ok(Arc::clone(bytes)),
            // What a program is made of was not kept.
            Some(None) if self.beside.is_none() => Err(io::ErrorKind::NotFound.into()),
            _ => Ok(std::fs::read(path)?.into()),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        let kept = self.kept.as_ref().map(|kept| kept.contains_key(path));
        kept.unwrap_or(false) || ((kept.is_none() || self.beside.is_some()) && path.is_file())
    }

    /// The name of a file in messages: relative to the configuration's directory, and of long
    /// ones the tail.
    fn name(&self, path: &Path) -> String {
        let shown = self.dir.as_ref().and_then(|dir| path.strip_prefix(dir).ok()).unwrap_or(path);
        let shown = shown.to_string_lossy();
        match shown.char_indices().rev().nth(MAX_NAME - 1) {
            Some((cut, _)) if cut > 0 => format!("…{}", &shown[cut..]),
            _ => shown.into_owned(),
        }
    }

    /// Reads a file, and remembers that.
    fn read(&mut self, path: &Path) -> Result<(String, String), ScriptError> {
        if !self.files.iter().any(|known| known == path) {
            self.files.push(path.to_owned());
        }
        let name = self.name(path);
        let error = |message: String| ScriptError::new(ErrorKind::Io, message);
        let bytes = self.bytes(path).map_err(|e| error(format!("{}: {e}", path.display())))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = bytes.len();
        self.read.insert(path.to_owned(), bytes);
        if length > MAX_SOURCE {
            return Err(error(format!("{}: longer than {MAX_SOURCE} bytes", path.display())));
        }
        Ok((name, text))
    }

    /// A line of a source, by the source's name in messages.
    pub(super) fn line(&self, file: &str, line: u32) -> Option<String> {
        let at = (line as usize).checked_sub(1)?;
        self.texts.get(file)?.lines().nth(at).map(str::to_owned)
    }

    /// Keeps the text that is evaluated, for messages about it.
    pub(super) fn evaluating(&mut self, name: &str, text: &str) {
        self.texts.insert(name.to_owned(), text.to_owned());
    }

    /// A hash of a function's source text; of nothing where the text is not known.
    pub(super) fn hash(&self, function: &Function) -> u64 {
        let info = function.info();
        let lines = info.line_defined.zip(info.last_line_defined);
        let text = info.short_src.as_deref().and_then(|file| self.texts.get(file));
        let mut hasher = DefaultHasher::new();
        if let (Some((first, last)), Some(text)) = (lines, text) {
            for line in text.lines().take(last).skip(first.saturating_sub(1)) {
                line.hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// The line at or below `place` that gives `key`, so that messages name it and not the line
    /// on which the call began.
    pub(super) fn locate(&self, place: &Place, key: &str) -> Place {
        let found = self.texts.get(&place.file).and_then(|text| {
            let first = place.line.saturating_sub(1) as usize;
            let lines = text.lines().skip(first).take(LOCATE_LINES);
            lines.zip(place.line..).find(|(line, _)| gives(line, key)).map(|(_, number)| number)
        });
        Place { file: place.file.clone(), line: found.unwrap_or(place.line) }
    }
}

/// Whether a line has `key =`, `["key"] =`, or the string itself.
fn gives(line: &str, key: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(key).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + key.len()..]);
        if before.ends_with(['"', '\'']) && after.starts_with(['"', '\'']) {
            return true;
        }
        let after = after.trim_start();
        !before.ends_with(word) && after.starts_with('=') && !after.starts_with("==")
    })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The main chunk of a configuration, ready to be called.
pub(super) fn main_chunk(lua: &Lua, state: &State, source: &Source) -> Result<Function, ScriptError> {
    chunk(lua, state, source, true)
}

/// The chunk of a file of specs, which may be empty.
pub(super) fn specs_chunk(lua: &Lua, state: &State, path: PathBuf) -> Result<Function, ScriptError> {
    chunk(lua, state, &Source::File(path), false)
}

fn chunk(lua: &Lua, state: &State, source: &Source, filled: bool) -> Result<Function, ScriptError> {
    let (name, text) = match source {
        Source::File(path) | Source::Kept { path, .. } => {
            let (name, text) = state.sources.borrow_mut().read(&absolute(path))?;
            // Not /dev/null, which is somebody's choice.
            let empty = text.trim_start_matches('\u{feff}').trim().is_empty();
            if filled && empty && (path.is_file() || !path.exists()) {
                return Err(ScriptError::new(ErrorKind::Io, format!("{name}: {EMPTY}")));
            }
            (name, text)
        }
        Source::Embedded { name, text } => (name.clone(), text.clone().into_owned()),
    };
    compile(lua, state, name, text)
}

fn compile(lua: &Lua, state: &State, name: String, text: String) -> Result<Function, ScriptError> {
    let code = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // A first line `#!…` is for the shell; its line end stays, so that lines keep their numbers.
    let code = if code.starts_with('#') { &code[code.find('\n').unwrap_or(code.len())..] } else { code };
    let chunk = lua.load(code).set_name(format!("@{name}")).set_mode(ChunkMode::Text).into_function();
    state.sources.borrow_mut().texts.insert(name, text);
    Ok(chunk?)
}

/// The chunk of a program. Its name in messages is the path as it was given.
pub(super) fn program_chunk(lua: &Lua, state: &State, path: &Path) -> Result<Function, ScriptError> {
    let mut sources = state.sources.borrow_mut();
    sources.beside = path.parent().map(Path::to_owned);
    let (name, text) = sources.read(path)?;
    drop(sources);
    compile(lua, state, name, text)
}

/// For `require` in the prelude: whether there is a module of that name beside the program.
pub(super) fn is_beside(lua: &Lua, name: mlua::LuaString) -> mlua::Result<bool> {
    let state = State::of(lua);
    let beside = state.sources.borrow().beside.clone();
    let name = name.to_string_lossy();
    Ok(is_name(&name) && beside.is_some_and(|dir| candidates(&dir, &name).iter().any(|path| path.is_file())))
}

/// Words joined by dots or slashes, none of which leads up.
fn is_name(name: &str) -> bool {
    let safe =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    name.split(['.', '/']).all(safe)
}

/// Where a module may be in a directory.
fn candidates(dir: &Path, name: &str) -> [PathBuf; 4] {
    let path = name.replace('.', "/");
    [
        dir.join(format!("{path}.lua")),
        dir.join(&path).join("init.lua"),
        dir.join("lua").join(format!("{path}.lua")),
        dir.join("lua").join(&path).join("init.lua"),
    ]
}

/// For `require` in the prelude: the chunk and its name, or false and the error.
pub(super) fn find_module(lua: &Lua, name: Value) -> mlua::Result<MultiValue> {
    let state = State::of(lua);
    let found = match &name {
        Value::String(name) => module(lua, &state, &name.to_string_lossy()),
        other => {
            let message = format!("require: a module name is a string, not a {}", other.type_name());
            Err(misuse(caller(lua), message))
        }
    };
    match found {
        Ok((chunk, from)) => (chunk, from).into_lua_multi(lua),
        Err(error) => (false, Failure(error)).into_lua_multi(lua),
    }
}

/// What a module was meant to be that is not there.
fn hinted(name: &str, dirs: &[Option<PathBuf>]) -> String {
    let lua = |path: &Path| path.extension().is_some_and(|extension| extension == "lua");
    let stem = |path: PathBuf| path.file_stem()?.to_str().map(str::to_owned);
    let dirs = dirs.iter().flatten().flat_map(|dir| [dir.clone(), dir.join("lua")]);
    let entries = dirs.filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let there: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| lua(path) || path.is_dir())
        .filter_map(stem)
        .filter(|stem| stem != "init" && !stem.starts_with('.'))
        .collect();
    let hint = unknown::module_hint(name, there.iter().map(String::as_str));
    hint.map(|hint| format!("; {hint}")).unwrap_or_default()
}

fn module(lua: &Lua, state: &State, name: &str) -> Result<(Function, String), ScriptError> {
    if let Some((_, text)) = EMBEDDED.iter().find(|(known, _)| *known == name) {
        let label = format!("{}.lua", name.replace('.', "/"));
        return Ok((compile(lua, state, label.clone(), (*text).to_owned())?, label));
    }
    let fail = |message: String| misuse(caller(lua), message);
    if !is_name(name) {
        let advice = "names are words joined by dots, such as \"lib.text\"";
        return Err(fail(format!("require: {name:?} is no module name: {advice}")));
    }
    let dirs = {
        let sources = state.sources.borrow();
        [sources.beside.clone(), sources.dir.clone()]
    };
    let tried: Vec<_> = dirs.iter().flatten().flat_map(|dir| candidates(dir, name)).collect();
    if tried.is_empty() {
        let reason = "the built-in configuration has no directory to look in";
        let hint = hinted(name, &[]);
        return Err(fail(format!("require: there is no module {name:?}: {reason}{hint}")));
    }
    let mut sources = state.sources.borrow_mut();
    let Some(at) = tried.iter().position(|path| sources.is_file(path)) else {
        let names: Vec<_> = tried.iter().map(|path| sources.name(path)).collect();
        sources.missing.extend(tried);
        let (names, hint) = (names.join(", "), hinted(name, &dirs));
        return Err(fail(format!("require: there is no module {name:?}; looked for {names}{hint}")));
    };
    let (label, text) = sources.read(&tried[at])?;
    // A file that appears at one of these goes before the one that was found.
    sources.missing.extend_from_slice(&tried[..at]);
    drop(sources);
    Ok((compile(lua, state, label.clone(), text)?, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_on_their_own_line() {
        let text = "pista.setup {\n  model = 'x',\n  if_promt == 1,\n  [\"promt\"] = 2,\n  my_promt = 3,\n}";
        let mut sources = Sources::default();
        sources.texts.insert("init.lua".into(), text.into());
        let at = |line| Place { file: "init.lua".into(), line };
        assert_eq!(sources.locate(&at(1), "promt"), at(4));
        assert_eq!(sources.locate(&at(1), "model"), at(2));
        assert_eq!(sources.locate(&at(1), "nothing"), at(1));
        assert_eq!(sources.locate(&Place { file: "other".into(), line: 7 }, "model").line, 7);
    }

    #[test]
    fn long_names_keep_their_tail() {
        let sources = Sources { dir: Some("/etc/pista".into()), ..Sources::default() };
        assert_eq!(sources.name(Path::new("/etc/pista/lib/x.lua")), "lib/x.lua");
        let long = format!("/etc/pista/{}/ü.lua", "d".repeat(80));
        let name = sources.name(Path::new(&long));
        assert!(name.starts_with('…') && name.ends_with("d/ü.lua") && name.len() < 60, "{name}");
    }
}
