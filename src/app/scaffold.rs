//! Beginning a configuration: what is there to build on, and the files that are written.

use super::{ConfigError, Flags};
use crate::{
    config::{Dirs, Environment, Layers, Located},
    llm::discover::{self, FoundProvider},
    reference::{FILES, STANDARD},
};
use anyhow::Context;
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// The directory, beside `init.lua`, of the types that editors read.
const TYPES: &str = ".pista-types";

/// What a language server for Lua reads.
///
/// `package` declares `require`, too; the types declare it in its place.
const LUARC: &str = r#"{
  "runtime.version": "Lua 5.4",
  "runtime.path": ["?.lua", "?/init.lua", "lua/?.lua", "lua/?/init.lua"],
  "runtime.builtin": {
    "bit": "disable", "bit32": "disable", "debug": "disable", "ffi": "disable", "io": "disable",
    "jit": "disable", "os": "disable", "package": "disable"
  },
  "workspace.library": [".pista-types"],
  "workspace.checkThirdParty": false
}
"#;

/// What there is to build a configuration on.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Where it goes.
    pub dir: PathBuf,
    /// The models that were found: by a key in the environment, or on this machine.
    pub found: Vec<FoundProvider>,
    /// That is where it is looked for unasked.
    pub usual: bool,
    /// The model is set outside of `init.lua` already.
    pub chosen: bool,
}

/// Looks around: reads the environment, and asks the usual ports for local servers.
///
/// # Errors
/// When `config.toml` or the environment is wrong.
pub async fn survey(flags: &Flags, dir: Option<PathBuf>) -> anyhow::Result<Survey> {
    let environment = Environment::of_process();
    let current = std::env::current_dir().context("the current directory can't be read")?;
    let dirs = Dirs::find(&environment, current.clone()).map_err(ConfigError::new)?;
    let dir = dir.map_or_else(|| dirs.config.clone(), |dir| current.join(dir));
    let usual = dir == dirs.config;
    let toml = Some(dir.join("config.toml")).filter(|path| path.is_file());
    let located = Located { toml, ..Located::default() };
    let layers =
        Layers::read(&located, &dirs, &environment, flags.values.clone()).map_err(ConfigError::new)?;
    let settings = layers.settings(&[]).map_err(ConfigError::new)?;
    let mut found = discover::from_env(&|name| environment.get(name)?.to_str().map(str::to_owned));
    found.extend(discover::local(&settings.local_servers, settings.local_server_timeout).await);
    Ok(Survey { dir, usual, found, chosen: settings.model.is_some() || settings.base_url.is_some() })
}

/// What the person decided.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The model, if one was found.
    pub model: Option<FoundProvider>,
    /// Whether a few commands that only look run unasked.
    pub looks: bool,
}

/// The `init.lua` for this machine, at most 15 lines.
pub fn init_lua(survey: &Survey, wishes: &Wishes) -> String {
    let model = match &wishes.model {
        _ if survey.chosen => {
            "-- The model is set outside of this file: see `openpista config show --origin`.".to_owned()
        }
        None if !survey.found.is_empty() => {
            "-- No model was chosen: the first that is found answers. To choose one:\n\
                 -- pista.setup { model = \"openai/gpt-5-mini\" }"
                .to_owned()
        }
        None => "-- No model was found: set a key such as OPENAI_API_KEY or start a local server, then:\n\
                 -- pista.setup { model = \"openai/gpt-5-mini\" }"
            .to_owned(),
        Some(found) => {
            let name = model_name(found);
            let why = match &found.key_variable {
                Some(variable) => format!("the key is read from {variable}"),
                None => format!("found at {}", found.found),
            };
            format!("pista.setup {{ model = {} }} -- {why}", lua_string(&name))
        }
    };
    let looks = if wishes.looks {
        "    -- Tools that only look run unasked, tools that act ask. These only look, word for word as here:\n    \
         allow = {\n      \
           { \"system.run\", argv = { \"df\", \"-Pk\", \".\" } },\n      \
           { \"system.run\", argv = { \"ps\", \"-eo\", \"pid,pcpu,pmem,comm\" } },\n      \
           { \"system.run\", argv = { \"uptime\" } },\n    \
         },\n"
    } else {
        "    -- Tools that only look run unasked, tools that act ask.\n    \
         -- allow = { { \"system.run\", argv = { \"uptime\" } } },\n"
    };
    format!(
        "-- `openpista check` checks this file; help() in `openpista repl` explains what can be in it.\n\
         {model}\n\n\
         pista.agent(\"main\", {{\n  tools = {{\n{looks}  }},\n}})\n"
    )
}

/// `provider/model`.
pub fn model_name(found: &FoundProvider) -> String {
    match &found.model {
        Some(model) => format!("{}/{model}", found.name),
        None => found.name.clone(),
    }
}

/// A string literal. What a server calls its models is anything.
fn lua_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            c if c.is_control() => literal += &format!("\\u{{{:x}}}", u32::from(c)),
            c => literal.push(c),
        }
    }
    literal + "\""
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It is new.
    New,
    /// It was there, and was left as it is.
    Kept,
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<Wrote> {
    let shown = || format!("{} can't be written", path.display());
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).with_context(shown).map(|()| Wrote::New),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Wrote::Kept),
        Err(error) => Err(error).with_context(shown),
    }
}

/// What was written, and what was there.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// `init.lua`.
    pub init: Wrote,
    /// `.luarc.json`.
    pub luarc: Wrote,
    /// Whether what `.luarc.json` says leads to the types.
    pub typed: bool,
}

/// Writes `init.lua`, `.luarc.json` and the types. Nothing of the user's is overwritten.
///
/// # Errors
/// When a file can't be written.
pub fn begin(dir: &Path, init_lua: &str) -> anyhow::Result<Begun> {
    fs::create_dir_all(dir).with_context(|| format!("{} can't be made", dir.display()))?;
    let types = dir.join(TYPES);
    fs::create_dir_all(&types).with_context(|| format!("{} can't be made", types.display()))?;
    refresh_types(dir).with_context(|| format!("{} can't be written", types.display()))?;
    let luarc = dir.join(".luarc.json");
    let wrote = write_new(&luarc, LUARC)?;
    let typed = fs::read_to_string(&luarc).is_ok_and(|text| text.contains(TYPES));
    Ok(Begun { init: write_new(&dir.join("init.lua"), init_lua)?, luarc: wrote, typed })
}

impl super::Loaded {
    /// Brings the types beside `init.lua` up to date. They are an aid: that they cannot be written is
    /// no error.
    pub(super) fn refresh_types(&self) {
        if let Err(error) = refresh_types(self.located.directory(&self.dirs)) {
            tracing::debug!(%error, "the types for editors were not brought up to date");
        }
    }
}

/// Brings the types beside an `init.lua` up to date, if there are any: those of another version lead
/// astray.
pub(super) fn refresh_types(dir: &Path) -> std::io::Result<()> {
    let types = dir.join(TYPES);
    if !types.is_dir() {
        return Ok(());
    }
    let files = || FILES.iter().chain([&STANDARD]);
    for (name, text) in files() {
        let path = types.join(name);
        if !fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            fs::write(path, text)?;
        }
    }
    for entry in fs::read_dir(&types)?.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.ends_with(".d.lua"));
        if ours && !files().any(|(known, _)| name.to_str() == Some(known)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
