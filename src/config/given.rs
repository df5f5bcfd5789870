//! A value that a layer gives to a setting, and how it is checked.

use super::{ConfigError, Dirs, KEYS, Key, Kind, Origin};
use crate::domain::nearest::nearest;
use crate::domain::secret::SecretRef;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Words that belong in `init.lua`, as functions of `pista`, with what to write there.
const DECLARATIONS: &[(&str, &str)] = &[
    ("provider", "pista.provider(\"name\", { … })"),
    ("agent", "pista.agent(\"name\", { … })"),
    ("tool", "pista.tool { … }"),
    ("rule", "pista.agent(\"name\", { tools = { … } })"),
    ("hook", "pista.hook(\"point\", function … end)"),
];

/// A value before it is checked.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// Of a type of its own.
    Typed(Value),
    /// Text to be read by the kind of its setting.
    Text(String),
    /// Bytes that are no text.
    NotText,
}

/// A value as a layer gives it.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The key as written.
    pub(super) key: String,
    /// The value.
    pub(super) value: Raw,
    /// Where it was given.
    pub(super) origin: Origin,
    /// What relative paths are relative to.
    pub(super) base: PathBuf,
}

impl Given {
    /// The key and the value in its one form, paths absolute. `None` when it gives nothing.
    pub(super) fn checked(&self, dirs: &Dirs) -> Result<Option<(&'static Key, Value)>, ConfigError> {
        let Some(key) = Key::find(&self.key) else { return Err(self.unknown()) };
        let wrong = |problem| ConfigError::Value { key: key.name, problem, at: self.origin.clone() };
        let value = match &self.value {
            Raw::Typed(Value::Null) => return Ok(None),
            Raw::Typed(value) => key.kind.check(value).map_err(wrong)?,
            Raw::Text(text) => key.kind.parse(text).map_err(wrong)?,
            Raw::NotText => return Err(wrong("must be text in UTF-8".into())),
        };
        let placed = place(key.kind, &value, dirs, &self.base).map_err(wrong)?;
        Ok(Some((key, placed.unwrap_or(value))))
    }

    fn unknown(&self) -> ConfigError {
        let singular = self.key.strip_suffix('s').unwrap_or(&self.key);
        let declaration = DECLARATIONS.iter().find(|(word, _)| *word == singular);
        let hint = match (declaration, nearest(&self.key, KEYS.iter().map(|key| key.name))) {
            (Some((_, lua)), _) if matches!(self.value, Raw::Typed(Value::Object(_) | Value::Array(_))) => {
                format!("; this is declared in init.lua: {lua}")
            }
            (_, Some(near)) => format!("; did you mean {near:?}?"),
            _ => "; `openpista config show` lists all there are".into(),
        };
        ConfigError::UnknownKey { key: self.key.chars().take(60).collect(), hint, at: self.origin.clone() }
    }
}

/// The value with its path made absolute, when it has one.
fn place(kind: Kind, value: &Value, dirs: &Dirs, base: &Path) -> Result<Option<Value>, String> {
    let Some(text) = value.as_str() else { return Ok(None) };
    let absolute = |path: &str| dirs.absolute(path, base).map(|path| path.to_string_lossy().into_owned());
    match (kind, text.parse()) {
        (Kind::Path, _) => Ok(Some(absolute(text)?.into())),
        (Kind::Secret, Ok(SecretRef::File(path))) => {
            Ok(Some(SecretRef::File(absolute(&path)?).to_string().into()))
        }
        _ => Ok(None),
    }
}
