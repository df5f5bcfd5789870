//! The tables of `docs/protocol.md` that say every field, made of the schema beside it.

use super::assert_up_to_date;
use serde_json::{Map, Value};
use std::{fmt::Write, fs, path::Path};

const PAGE: &str = "docs/protocol.md";
const BEGIN: &str = "<!-- The tables from here on are made of protocol.schema.json. -->\n";
const END: &str = "<!-- End of the tables. -->\n";

/// The sections: a heading, and what the names of their definitions begin with.
const SECTIONS: &[(&str, &[&str])] = &[
    ("What you send", &["hello", "request."]),
    ("What the server sends", &["welcome", "frame.", "error"]),
    ("Events", &["event."]),
    ("Results", &["result."]),
    (
        "Objects in them",
        &[
            "call",
            "channel_state",
            "command",
            "context",
            "device",
            "job",
            "message.",
            "open_question",
            "outage",
            "question",
            "session",
            "task_failure",
            "tool",
            "usage",
        ],
    ),
    ("Words", &["access", "answer", "role", "status"]),
];

/// Definitions that are no rows: unions of others, and what has a table of its own in the page.
const ELSEWHERE: &[&str] = &["error_kind", "event", "frame", "message", "request"];

fn definitions() -> Map<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.schema.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON");
    match schema["$defs"].take() {
        Value::Object(definitions) => definitions,
        other => panic!("no definitions: {other}"),
    }
}

/// A type as the tables say it.
fn kind(of: &Value) -> String {
    if let Some(name) = of["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        return format!("[{name}]");
    }
    if let Some(only) = of.get("const") {
        return format!("`{only}`");
    }
    if let Some(words) = of["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match &of["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Value::String(list) if list == "array" => format!("list of {}", kind(&of["items"])),
        Value::String(object) if object == "object" && of["additionalProperties"].is_object() => {
            format!("object of {}", kind(&of["additionalProperties"]))
        }
        other => other.as_str().unwrap_or("any").to_owned(),
    }
}

fn rows(out: &mut String, section: &str, name: &str, definition: &Value) {
    let shown = name.rsplit_once('.').map_or(name, |(_, last)| last);
    let about = definition["description"].as_str().expect("a description");
    if section == "Words" {
        let _ = writeln!(out, "| **{shown}** | {} | {about} |", kind(definition));
        return;
    }
    let _ = writeln!(out, "| **{shown}** | | {about} |");
    let required = definition["required"].as_array().expect("a list");
    for (field, of) in definition["properties"].as_object().expect("fields") {
        let optional = if required.contains(&Value::from(field.as_str())) { "" } else { "?" };
        let about = of["description"].as_str();
        match (field.as_str(), about) {
            ("type" | "role", None) if of.get("const").is_some() => continue,
            (field, about) => {
                let about = about.unwrap_or_else(|| panic!("{name}.{field} has no description"));
                let _ = writeln!(out, "| `{field}`{optional} | {} | {about} |", kind(of));
            }
        }
    }
}

fn tables() -> String {
    let definitions = definitions();
    let mut shown = vec![];
    let mut out = String::new();
    for (section, names) in SECTIONS {
        let _ = writeln!(out, "\n### {section}\n\n| field | type | |\n|---|---|---|");
        for beginning in *names {
            for (name, definition) in &definitions {
                let is_one =
                    if beginning.ends_with('.') { name.starts_with(beginning) } else { name == beginning };
                if is_one {
                    rows(&mut out, section, name, definition);
                    shown.push(name.as_str());
                }
            }
        }
    }
    for name in definitions.keys() {
        let named = shown.iter().filter(|shown| *shown == name).count()
            + usize::from(ELSEWHERE.contains(&name.as_str()));
        assert_eq!(named, 1, "{name} has no place in the page, or several");
    }
    out + "\n"
}

#[test]
fn every_field_of_the_protocol_has_a_row() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).expect("a page");
    let (before, rest) = page.split_once(BEGIN).expect("the beginning of the tables");
    let (_, after) = rest.split_once(END).expect("the end of the tables");
    assert_up_to_date(PAGE, &format!("{before}{BEGIN}{}{END}{after}", tables()));
}
