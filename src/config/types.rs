//! The settings as types that editors read.

use super::{KEYS, Key, Kind};
use serde_json::Value;

/// The type file of what `pista.setup` takes.
pub fn types() -> String {
    let mut text = String::from(
        "---@meta pista.settings\n\n\
         ---What `pista.setup` takes; `openpista config show` shows what is in force.\n\
         ---@class pista.Settings\n",
    );
    for Key { name, kind, doc, .. } in KEYS {
        text += &format!("---@field {name}? {} {}\n", kind_in_lua(kind), doc.replace('\n', " "));
    }
    text
}

fn kind_in_lua(kind: &Kind) -> String {
    let quoted = |words: &[&str]| words.iter().map(|word| Value::from(*word).to_string()).collect::<Vec<_>>();
    match kind {
        Kind::Bool => "boolean".into(),
        Kind::Integer { .. } => "integer".into(),
        Kind::Seconds { .. } => "number".into(),
        Kind::Text | Kind::Path | Kind::Url | Kind::Log => "string".into(),
        Kind::Urls | Kind::Names | Kind::Files | Kind::Addresses => "string[]".into(),
        Kind::Listen => "string|false".into(),
        Kind::Secret => "string|pista.Secret".into(),
        Kind::Choice(words) => quoted(words).join("|"),
        Kind::Switches(words) => {
            let fields: Vec<_> = words.iter().map(|word| format!("{word}?: boolean")).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Kind::Rates => "pista.Rates|false".into(),
    }
}
