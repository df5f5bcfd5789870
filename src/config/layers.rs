//! The layers that settings are made of.

use super::{
    ConfigError, ConfigErrors, Dirs, Environment, KEYS, Key, Kind, Located, Origin, Settings,
    given::{Given, Raw},
    permissions, toml_file,
};
use crate::domain::{nearest::nearest, secret::SecretRef};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf};

/// How the variables end that hold the keys of providers.
const PROVIDER_KEY: &str = "_API_KEY";

/// The variable that overrides where the provider `name` has its key: `OPENPISTA_LOCAL_API_KEY` for `local`.
pub fn provider_key_variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("OPENPISTA_{}{PROVIDER_KEY}", name.chars().map(plain).collect::<String>())
}

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The setting.
    pub key: &'static str,
    /// The flag with its dashes, for messages.
    pub name: &'static str,
    /// The value: text as typed, or of the setting's kind.
    pub value: Value,
}

/// What `config.toml`, environment and command line say. `init.lua` comes between the first two
/// when it has run; it needs some settings itself, so [`settings`](Self::settings) is called twice.
#[derive(Clone, Debug)]
pub struct Layers {
    dirs: Dirs,
    toml: Vec<Given>,
    outer: Vec<Given>,
    lua_base: PathBuf,
    warnings: Vec<String>,
}

impl Layers {
    /// Reads `config.toml`, if there is one, and the environment. Blocks for one small file.
    ///
    /// # Errors
    /// When the file cannot be read or is no TOML. Wrong values are found by `settings`.
    pub fn read(
        located: &Located,
        dirs: &Dirs,
        environment: &Environment,
        flags: Vec<Flag>,
    ) -> Result<Self, ConfigErrors> {
        let toml = located.toml.as_deref().map(toml_file::read_toml).transpose()?;
        Self::with_toml(located, toml.as_deref(), dirs, environment, flags)
    }

    /// The same with a `config.toml` that was read already.
    ///
    /// # Errors
    /// When it is no TOML.
    pub fn with_toml(
        located: &Located,
        toml: Option<&[u8]>,
        dirs: &Dirs,
        environment: &Environment,
        flags: Vec<Flag>,
    ) -> Result<Self, ConfigErrors> {
        let toml = match located.toml.as_deref().zip(toml) {
            Some((path, bytes)) => toml_file::values(path, bytes)?,
            None => Vec::new(),
        };
        let mut warnings: Vec<_> = [&located.init, &located.toml]
            .into_iter()
            .flatten()
            .filter_map(|p| permissions::writable(p))
            .collect();
        warnings.extend(misspelt(environment));
        let lua_base = located.directory(dirs).to_owned();
        let mut outer: Vec<_> =
            KEYS.iter().filter_map(|key| from_environment(key, environment, dirs)).collect();
        outer.extend(flags.into_iter().map(|flag| Given {
            key: flag.key.into(),
            value: match flag.value {
                Value::String(text) => Raw::Text(text),
                value => Raw::Typed(value),
            },
            origin: Origin::Flag { name: flag.name.into() },
            base: dirs.current.clone(),
        }));
        Ok(Self { dirs: dirs.clone(), toml, outer, lua_base, warnings })
    }

    /// The settings with what `init.lua` gave (`Plan::settings`; empty before it has run). Of two
    /// values in the same layer the later one counts.
    ///
    /// # Errors
    /// Every wrong value and unknown key of every layer, also where another layer overrides it.
    pub fn settings(&self, lua: &[(String, Value, String)]) -> Result<Settings, ConfigErrors> {
        let lua = lua.iter().map(|(key, value, location)| Given {
            key: key.clone(),
            value: Raw::Typed(value.clone()),
            origin: Origin::Lua { location: location.clone() },
            base: self.lua_base.clone(),
        });
        let mut sources: BTreeMap<_, _> =
            KEYS.iter().map(|key| (key.name, ((key.default)(&self.dirs), Origin::Default))).collect();
        let mut errors = Vec::new();
        for given in self.toml.iter().cloned().chain(lua).chain(self.outer.iter().cloned()) {
            match given.checked(&self.dirs) {
                Ok(Some((key, value))) => _ = sources.insert(key.name, (value, given.origin)),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        follow(&mut sources, "local_first_token_timeout", "first_token_timeout");
        let values: Map<_, _> =
            sources.iter().map(|(name, (value, _))| ((*name).to_owned(), value.clone())).collect();
        // The kinds have checked all values; only a kind that lets more pass than its field fails here.
        let mut settings: Settings = serde_json::from_value(Value::Object(values))
            .map_err(|error| ConfigError::File { path: self.lua_base.clone(), message: error.to_string() })?;
        settings.sources = sources;
        Ok(settings)
    }

    /// What is odd but no error: files that others can write, variables that nothing reads.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Where `key` was given nowhere and `other` was, the one follows the other.
fn follow(sources: &mut BTreeMap<&'static str, (Value, Origin)>, key: &'static str, other: &str) {
    let given = |name: &str| sources.get(name).filter(|(_, origin)| *origin != Origin::Default).cloned();
    if let (None, Some(value)) = (given(key), given(other)) {
        sources.insert(key, value);
    }
}

fn from_environment(key: &'static Key, environment: &Environment, dirs: &Dirs) -> Option<Given> {
    let find = |var: &'static str| environment.get(var).map(|value| (var, value));
    let (var, value) = find(key.env).or_else(|| key.env_older.and_then(find))?;
    let value = value.to_str().map_or(Raw::NotText, |text| match key.kind {
        // The variable of a secret may hold the secret itself: then it is the place where it is kept.
        Kind::Secret if text.parse::<SecretRef>().is_err() => {
            Raw::Text(SecretRef::Env(var.into()).to_string())
        }
        _ => Raw::Text(text.into()),
    });
    Some(Given {
        key: key.name.into(),
        value,
        origin: Origin::Env { var: var.into() },
        base: dirs.current.clone(),
    })
}

fn misspelt(environment: &Environment) -> Vec<String> {
    let known: Vec<_> = KEYS.iter().map(|key| key.env).chain([super::locate::CONFIG_VAR]).collect();
    // Each provider's key has a variable of its own; which providers there are is not known yet.
    let suspects = environment.iter().map(|(name, _)| name).filter(|name| {
        name.starts_with("OPENPISTA_") && !name.ends_with(PROVIDER_KEY) && !known.contains(name)
    });
    suspects
        .filter_map(|name| {
            let near = nearest(name, known.iter().copied())?;
            Some(format!("environment {name}: nothing reads it; did you mean {near}?"))
        })
        .collect()
}
