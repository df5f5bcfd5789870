//! The commented example of a `config.toml`.

use super::{Dirs, KEYS, Key, Kind};
use serde_json::Value;
use std::path::PathBuf;

const HEAD: &str = "\
# openpista: every setting, with its default. Copy this file to ~/.config/openpista/config.toml (or
# beside your init.lua), and take the `# ` off the lines that you want to change.
#
# The same keys can be given in init.lua, as in pista.setup { model = \"…\" }. Which value counts, the
# weakest first: default, config.toml, init.lua, environment, command line. `openpista config show
# --origin` shows where each came from. Relative paths are relative to this file; `~` is your home.
";

/// The text of `config.example.toml`, made from [`KEYS`].
pub fn example() -> String {
    let tilde = PathBuf::from("~");
    let dirs = Dirs {
        home: None,
        current: tilde.clone(),
        config: tilde.join(".config/openpista"),
        data: tilde.join(".local/share/openpista"),
        state: tilde.join(".local/state/openpista"),
        cache: tilde.join(".cache/openpista"),
        run: tilde.join(".local/state/openpista/run"),
    };
    KEYS.iter().fold(HEAD.to_owned(), |text, key| text + "\n" + &entry(key, &dirs))
}

fn entry(key: &Key, dirs: &Dirs) -> String {
    let default = (key.default)(dirs);
    let allowed = match key.kind {
        Kind::Text | Kind::Path | Kind::Secret => String::new(),
        kind => format!("Must be {}. ", kind.allowed()),
    };
    let older = key.env_older.map_or_else(String::new, |var| format!(" (older name: {var})"));
    let unset = if default.is_null() { "# Not set by default. For example:\n" } else { "" };
    let rest = format!("{allowed}Environment: {}{older}.", key.env);
    // A number in an example stays one; all else is text.
    let example = || key.example.parse::<i64>().map_or_else(|_| key.example.into(), Value::from);
    let value = if default.is_null() { example() } else { default };
    format!("{}{}{unset}# {} = {}\n", comment(key.doc), comment(&rest), key.name, literal(&value))
}

/// The value in TOML: as in JSON, long lists one item a line.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) if items.len() > 1 => {
            let items: String = items.iter().map(|item| format!("#   {item},\n")).collect();
            format!("[\n{items}# ]")
        }
        Value::Object(map) => {
            let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        value => value.to_string(),
    }
}

/// The text as comment lines of at most 100 characters.
fn comment(text: &str) -> String {
    let mut out = String::from("#");
    let mut width = 1;
    for word in text.split(' ') {
        if width + 1 + word.chars().count() > 100 {
            out += "\n#";
            width = 1;
        }
        out = out + " " + word;
        width += 1 + word.chars().count();
    }
    out + "\n"
}
