//! Plain data to Lua values and back: the one place that decides what becomes what.
//!
//! JSON `null` in an object is an absent key; in an array it is `pista.json.null`. An empty array
//! carries a mark, so that it comes back as one; any other empty table is an object. Text that
//! is no UTF-8 is repaired with U+FFFD. Numbers without a fraction are integers.

use super::api::secret::SecretHandle;
use crate::domain::JsonMap;
use mlua::{Lua, LuaSerdeExt, Table, Value};
use serde_json::Value as Json;

/// The deepest nesting.
const MAX_DEPTH: usize = 64;

/// What one conversion may take.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// The most values.
    pub(super) values: usize,
    /// The most text, in bytes.
    pub(super) bytes: usize,
}

impl Bounds {
    /// For the user's own scripts.
    pub(super) const OWN: Self = Self { values: 1_000_000, bytes: 64 << 20 };
}
/// Integers up to here are exact as floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// JSON to Lua.
pub(super) fn to_lua(lua: &Lua, json: &Json) -> mlua::Result<Value> {
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Boolean(*b),
        Json::Number(n) => match n.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Number(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Object(map) => Value::Table(map_to_lua(lua, map)?),
        Json::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for item in items {
                let value = if item.is_null() { Value::NULL } else { to_lua(lua, item)? };
                table.raw_push(value)?;
            }
            if items.is_empty() {
                table.set_metatable(Some(lua.array_metatable()))?;
            }
            Value::Table(table)
        }
    })
}

/// A JSON object to a Lua table.
pub(super) fn map_to_lua(lua: &Lua, map: &JsonMap) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, map.len())?;
    for (key, value) in map {
        if !value.is_null() {
            table.raw_set(key.as_str(), to_lua(lua, value)?)?;
        }
    }
    Ok(table)
}

/// What becomes of `pista.secret` handles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Their reference, such as `env:NAME`: for settings.
    AsReference,
    /// An error.
    Refused,
}

/// Lua to JSON. The error names the part that cannot be converted, below `name`.
pub(super) fn to_json(lua: &Lua, value: &Value, name: &str, secrets: Secrets) -> Result<Json, String> {
    to_json_within(lua, value, name, secrets, Bounds::OWN)
}

/// The same within narrower bounds.
pub(super) fn to_json_within(
    lua: &Lua,
    value: &Value,
    name: &str,
    secrets: Secrets,
    bounds: Bounds,
) -> Result<Json, String> {
    let arrays = lua.array_metatable();
    let mut walk = Walk { arrays, secrets, bounds, values: 0, bytes: 0, path: vec![name.to_owned()] };
    walk.convert(value)
}

/// A Lua table to a JSON object.
pub(super) fn to_map(lua: &Lua, table: &Table, name: &str) -> Result<JsonMap, String> {
    match to_json(lua, &Value::Table(table.clone()), name, Secrets::Refused)? {
        Json::Object(map) => Ok(map),
        _ => Err(format!("{name}: a table with named keys is expected, not a list")),
    }
}

struct Walk {
    arrays: Table,
    secrets: Secrets,
    bounds: Bounds,
    values: usize,
    bytes: usize,
    path: Vec<String>,
}

impl Walk {
    fn fail<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{}: {what}", self.path.concat()))
    }

    fn text(&mut self, text: &mlua::LuaString) -> Result<String, String> {
        let text = text.to_string_lossy();
        self.bytes += text.len();
        if self.bytes > self.bounds.bytes {
            return self.fail("too much text");
        }
        Ok(text)
    }

    fn convert(&mut self, value: &Value) -> Result<Json, String> {
        self.values += 1;
        if self.values > self.bounds.values {
            return self.fail("too many values");
        }
        match value {
            Value::Nil => Ok(Json::Null),
            Value::Boolean(b) => Ok(Json::Bool(*b)),
            Value::Integer(n) => Ok(Json::from(*n)),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < EXACT => Ok(Json::from(*n as i64)),
            Value::Number(n) => match serde_json::Number::from_f64(*n) {
                Some(number) => Ok(Json::Number(number)),
                None => self.fail("not a finite number"),
            },
            Value::String(text) => self.text(text).map(Json::String),
            Value::Table(table) => self.table(table),
            Value::LightUserData(pointer) if pointer.0.is_null() => Ok(Json::Null),
            Value::UserData(data) => match data.borrow::<SecretHandle>() {
                Ok(secret) if self.secrets == Secrets::AsReference => Ok(Json::String(secret.0.to_string())),
                Ok(_) => self.fail("a secret cannot be turned into text"),
                Err(_) => self.fail("a userdata value cannot be turned into plain data"),
            },
            other => self.fail(&format!("a {} cannot be turned into plain data", other.type_name())),
        }
    }

    fn table(&mut self, table: &Table) -> Result<Json, String> {
        if self.path.len() > MAX_DEPTH {
            return self.fail("nested too deeply, or a circle");
        }
        let length = table.raw_len();
        if length == 0 && table.metatable().is_some_and(|meta| meta == self.arrays) {
            return Ok(Json::Array(Vec::new()));
        }
        if length > 0 {
            return self.array(table, length);
        }
        let mut map = JsonMap::new();
        let mut failed = None;
        let walked = table.for_each(|key: Value, value: Value| {
            let Value::String(key) = &key else {
                failed = Some(
                    self.fail::<()>(&format!("a key is a {}; keys are text, or 1, 2, 3, …", key.type_name())),
                );
                return Err(mlua::Error::runtime(""));
            };
            let step = self.text(key).and_then(|key| {
                self.path.push(format!(".{key}"));
                let value = self.convert(&value)?;
                self.path.pop();
                map.insert(key, value);
                Ok(())
            });
            step.map_err(|reason| {
                failed = Some(Err(reason));
                mlua::Error::runtime("")
            })
        });
        match (walked, failed) {
            (Ok(()), _) => Ok(Json::Object(map)),
            (Err(_), Some(Err(reason))) => Err(reason),
            (Err(error), _) => self.fail(&error.to_string()),
        }
    }

    fn array(&mut self, table: &Table, length: usize) -> Result<Json, String> {
        if length > self.bounds.values {
            return self.fail("too many values");
        }
        let mut items = Vec::with_capacity(length);
        for index in 1..=length {
            let value = table.raw_get::<Value>(index).map_err(|e| e.to_string())?;
            if value.is_nil() {
                return self.fail(&format!("a list with a hole at [{index}]"));
            }
            self.path.push(format!("[{index}]"));
            items.push(self.convert(&value)?);
            self.path.pop();
        }
        let mut count = 0;
        let counted = table.for_each(|key: Value, _: Value| {
            count += 1;
            if count > length { Err(mlua::Error::runtime(format!("{key:?}"))) } else { Ok(()) }
        });
        if counted.is_err() {
            return self.fail("a table is either a list or has named keys, not both");
        }
        Ok(Json::Array(items))
    }
}
