//! `docs/protocol.schema.json`, and as much of a validator as it needs.
#![allow(dead_code, unreachable_pub)]

use serde_json::{Map, Value};
use std::{collections::BTreeSet, fs, path::Path, sync::Mutex};

/// The schema, and which fields values had that it was asked about.
pub struct Schema {
    definitions: Map<String, Value>,
    seen: Mutex<BTreeSet<String>>,
}

/// The schema file.
pub fn schema() -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.schema.json");
    let mut file: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    let Value::Object(definitions) = file["$defs"].take() else { panic!("no definitions") };
    Schema { definitions, seen: Mutex::default() }
}

impl Schema {
    /// The names of the definitions that begin so, without the beginning.
    pub fn names(&self, beginning: &str) -> BTreeSet<String> {
        self.definitions.keys().filter_map(|name| name.strip_prefix(beginning)).map(str::to_owned).collect()
    }

    pub fn definition(&self, name: &str) -> &Value {
        self.definitions.get(name).unwrap_or_else(|| panic!("the schema has no {name}"))
    }

    /// The fields of a definition.
    pub fn fields(&self, name: &str) -> BTreeSet<String> {
        keys(&self.definition(name)["properties"])
    }

    /// Those that have to be there.
    pub fn required(&self, name: &str) -> BTreeSet<String> {
        let required = self.definition(name)["required"].as_array().expect("a list");
        required.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
    }

    /// An object of the definition with its required fields, and with the others if `all`.
    pub fn sample(&self, name: &str, all: bool) -> Map<String, Value> {
        let definition = self.definition(name);
        let required = self.required(name);
        let fields = definition["properties"].as_object().expect("fields");
        let fields = fields.iter().filter(|(field, _)| all || required.contains(*field));
        fields.map(|(field, kind)| (field.clone(), self.value(kind))).collect()
    }

    fn value(&self, kind: &Value) -> Value {
        if let Some(name) = referred(kind) {
            return self.value(self.definition(name));
        }
        if let Some(only) = kind.get("const") {
            return only.clone();
        }
        match (kind["enum"].get(0), kind["type"].as_str()) {
            (Some(first), _) => first.clone(),
            (_, Some("string")) => "x".into(),
            (_, Some("integer")) => 1.into(),
            (_, Some("boolean")) => true.into(),
            other => panic!("no sample of {other:?} is known"),
        }
    }

    /// Fails with the place at which the value is not as the definition says.
    #[track_caller]
    pub fn check(&self, name: &str, value: &Value) {
        let found = self.find(&format!("{name}: {value}\n{name}"), name, self.definition(name), value);
        if let Err(fault) = found {
            panic!("{fault}");
        }
    }

    /// The fields of a definition that no value had.
    pub fn unseen(&self, name: &str) -> BTreeSet<String> {
        let seen = self.seen.lock().expect("no panic");
        self.fields(name).into_iter().filter(|field| !seen.contains(&format!("{name}.{field}"))).collect()
    }

    fn find(&self, at: &str, name: &str, kind: &Value, value: &Value) -> Result<(), String> {
        if let Some(name) = referred(kind) {
            return self.find(at, name, self.definition(name), value);
        }
        if let Some(kinds) = kind["oneOf"].as_array() {
            let tried: Vec<_> = kinds.iter().map(|kind| self.find(at, name, kind, value)).collect();
            let fits = tried.iter().filter(|tried| tried.is_ok()).count();
            return if fits == 1 { Ok(()) } else { Err(format!("{at}: {fits} kinds fit: {tried:#?}")) };
        }
        if kind.get("const").is_some_and(|only| only != value) {
            return Err(format!("{at}: {value} is not {}", kind["const"]));
        }
        if kind["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            return Err(format!("{at}: {value} is none of {}", kind["enum"]));
        }
        let types: Vec<&str> = match &kind["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect(),
        };
        if !types.is_empty() && !types.iter().any(|kind| is_of(value, kind)) {
            return Err(format!("{at}: {value} is no {types:?}"));
        }
        if let Some(items) = value.as_array().filter(|_| kind.get("items").is_some()) {
            for (number, item) in items.iter().enumerate() {
                self.find(&format!("{at}[{number}]"), name, &kind["items"], item)?;
            }
        }
        match value {
            Value::Object(value) => self.find_fields(at, name, kind, value),
            _ => Ok(()),
        }
    }

    fn find_fields(
        &self,
        at: &str,
        name: &str,
        kind: &Value,
        value: &Map<String, Value>,
    ) -> Result<(), String> {
        let required = kind["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.into_iter().find(|field| !value.contains_key(*field)) {
            return Err(format!("{at}: {missing} is missing"));
        }
        for (field, value) in value {
            let place = format!("{at}.{field}");
            match (kind["properties"].get(field), &kind["additionalProperties"]) {
                (Some(kind), _) => self.find(&place, name, kind, value)?,
                (None, Value::Bool(false)) => return Err(format!("{place} is not in the schema")),
                (None, Value::Null) => {}
                (None, others) => self.find(&place, name, others, value)?,
            }
        }
        if kind.get("properties").is_some() {
            let mut seen = self.seen.lock().expect("no panic");
            seen.extend(value.keys().map(|field| format!("{name}.{field}")));
        }
        Ok(())
    }
}

fn referred(kind: &Value) -> Option<&str> {
    kind["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("the schema has a type {other:?}"),
    }
}

/// The keys of an object.
pub fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}
