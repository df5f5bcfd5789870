//! `config.example.toml` tells the truth.

use openpista::config::{Dirs, Environment, KEYS, example};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

const FILE: &str = "config.example.toml";

fn text() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap()
}

/// The settings in it, with the comment signs taken off: from a line `# key = …` to the next that
/// is empty.
fn settings() -> BTreeMap<String, Value> {
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text().lines() {
        let bare = line.strip_prefix("# ").unwrap_or_default();
        inside = !line.is_empty() && (inside || bare.split_once(" = ").is_some_and(|(key, _)| is_key(key)));
        if inside {
            lines.push(bare.to_owned());
        }
    }
    toml::from_str(&lines.join("\n")).unwrap()
}

#[test]
fn holds_exactly_the_settings_there_are() {
    let keys: Vec<_> = settings().into_keys().collect();
    let mut expected: Vec<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
    expected.sort();
    assert_eq!(keys, expected);
}

#[test]
fn its_values_are_the_defaults_and_it_names_each_variable() {
    let dirs = Dirs::find(&Environment::from_pairs([("HOME", "/home/me")]), "/").unwrap();
    let settings = settings();
    for key in KEYS {
        let value = &settings[key.name];
        let checked = key.kind.check(value).unwrap_or_else(|problem| panic!("{}: {problem}", key.name));
        let default = (key.default)(&dirs);
        if !default.is_null() {
            let expanded = value.as_str().and_then(|text| text.strip_prefix("~/"));
            let checked = expanded.map_or(checked, |rest| format!("/home/me/{rest}").into());
            assert_eq!(checked, default, "{}", key.name);
        }
        for var in [Some(key.env), key.env_older].into_iter().flatten() {
            assert!(text().contains(var), "{var}");
        }
    }
}

#[test]
fn changes_nothing_when_copied_as_it_is() {
    let table: BTreeMap<String, Value> = toml::from_str(&text()).unwrap();
    assert!(table.is_empty());
}

#[test]
fn is_what_the_table_of_settings_makes() {
    if std::env::var_os("WRITE_EXAMPLE").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE), example()).unwrap();
    }
    assert!(text() == example(), "out of date; run: WRITE_EXAMPLE=1 cargo test --test config");
}
