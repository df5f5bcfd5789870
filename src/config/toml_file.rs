//! Reading `config.toml`.

use super::{
    ConfigError, Origin,
    given::{Given, Raw},
};
use serde_json::{Map, Value};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// What is in the file.
///
/// # Errors
/// When it cannot be read.
pub fn read_toml(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|error| ConfigError::File { path: path.into(), message: error.to_string() })
}

/// The values that the file gives, in its order.
pub(super) fn values(path: &Path, bytes: &[u8]) -> Result<Vec<Given>, ConfigError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ConfigError::File { path: path.into(), message: "the text is not UTF-8".into() })?;
    parse(path, text)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Given>, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.into(),
        line: error.span().map_or(1, |span| line(text, span.start)),
        // The message alone: the full text of the error repeats the line, which may hold a secret.
        message: error.message().to_owned(),
    })?;
    let base = path.parent().unwrap_or(path);
    let mut given: Vec<_> = table
        .into_inner()
        .into_iter()
        .map(|(key, value)| {
            let line = line(text, key.span().start);
            let origin = Origin::Toml { path: path.into(), line };
            let value = Raw::Typed(json(value.into_inner()));
            (line, Given { key: key.into_inner().into(), value, origin, base: base.into() })
        })
        .collect();
    given.sort_by_key(|(line, _)| *line);
    Ok(given.into_iter().map(|(_, given)| given).collect())
}

fn line(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

fn json(value: DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.into(),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            // What no integer holds is left to be refused as text.
            number.map_or_else(|_| "a number beyond all bounds".into(), Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, finite),
        DeValue::Boolean(flag) => flag.into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(items) => items.into_iter().map(|item| json(item.into_inner())).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| (key.into_inner().into_owned(), json(value.into_inner())))
                .collect::<Map<_, _>>(),
        ),
    }
}

/// `nan` and `inf` have no JSON; as text they are refused by every kind that takes numbers.
fn finite(number: f64) -> Value {
    if number.is_finite() { number.into() } else { number.to_string().into() }
}
