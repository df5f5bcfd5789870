//! Lua values for a person to read: like Lua literals, of bounded depth and size.

use mlua::{Lua, Table, Value};
use std::fmt::Write;

/// How deep tables are shown.
const MAX_DEPTH: usize = 6;
/// How many entries of a table are shown.
const MAX_ENTRIES: usize = 100;
/// How long the whole text gets, about.
const MAX_LENGTH: usize = 20_000;
/// How much of a text is shown within a table.
const MAX_TEXT: usize = 1_000;
/// How long a table on one line gets.
const MAX_LINE: usize = 80;

/// Shows a value. Runs no Lua: metamethods are left alone.
pub(super) fn pretty(lua: &Lua, value: &Value) -> mlua::Result<String> {
    let mut printer = Printer { lua, above: Vec::new(), length: 0 };
    printer.show(value, 0)
}

struct Printer<'a> {
    lua: &'a Lua,
    /// The tables that the one being shown is in.
    above: Vec<*const std::ffi::c_void>,
    length: usize,
}

impl Printer<'_> {
    fn show(&mut self, value: &Value, indent: usize) -> mlua::Result<String> {
        let shown = match value {
            Value::String(text) => {
                quoted(&text.as_bytes(), if self.above.is_empty() { MAX_LENGTH } else { MAX_TEXT })
            }
            Value::Table(table) => return self.table(table, indent),
            Value::Function(function) => {
                let info = function.info();
                match (info.what, info.short_src, info.line_defined) {
                    ("C", ..) => "function(built in)".into(),
                    (_, Some(file), Some(line)) if file != "?" => format!("function({file}:{line})"),
                    _ => "function(built in)".into(),
                }
            }
            Value::UserData(data) => match data.borrow::<super::api::secret::SecretHandle>() {
                Ok(secret) => format!("secret({})", secret.0),
                Err(_) => match data.borrow::<super::errors::Failure>() {
                    Ok(failure) => format!("error({})", failure.0),
                    Err(_) => "userdata".into(),
                },
            },
            Value::LightUserData(pointer) if pointer.0.is_null() => "pista.json.null".into(),
            Value::Thread(_) => "thread".into(),
            Value::Nil | Value::Boolean(_) => value.to_string()?,
            Value::Integer(_) | Value::Number(_) => {
                let text = self.lua.coerce_string(value.clone())?;
                text.map(|text| text.to_string_lossy()).unwrap_or_default()
            }
            Value::Error(error) => format!("error({error})"),
            other => other.type_name().to_owned(),
        };
        self.length += shown.len();
        Ok(shown)
    }

    fn table(&mut self, table: &Table, indent: usize) -> mlua::Result<String> {
        let pointer = table.to_pointer();
        if self.above.contains(&pointer) {
            return Ok("<circle>".into());
        }
        if self.above.len() >= MAX_DEPTH || self.length > MAX_LENGTH {
            return Ok("{…}".into());
        }
        self.above.push(pointer);
        let entries = self.entries(table, indent + 2);
        self.above.pop();
        let entries = entries?;
        let line = entries.join(", ");
        if entries.is_empty() {
            return Ok("{}".into());
        }
        if line.len() + indent <= MAX_LINE && !line.contains('\n') {
            return Ok(format!("{{ {line} }}"));
        }
        let pad = " ".repeat(indent + 2);
        let lines: String = entries.iter().map(|entry| format!("{pad}{entry},\n")).collect();
        Ok(format!("{{\n{lines}{}}}", " ".repeat(indent)))
    }

    fn entries(&mut self, table: &Table, indent: usize) -> mlua::Result<Vec<String>> {
        let length = table.raw_len().min(MAX_ENTRIES);
        let mut shown = Vec::new();
        for index in 1..=length {
            shown.push(self.show(&table.raw_get(index)?, indent)?);
        }
        let mut named = Vec::new();
        let mut left_out = table.raw_len() - length;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if matches!(key, Value::Integer(n) if n >= 1 && n as usize <= table.raw_len()) {
                continue;
            }
            if shown.len() + named.len() >= MAX_ENTRIES || self.length > MAX_LENGTH {
                left_out += 1;
                continue;
            }
            named.push((self.key(&key)?, value));
        }
        named.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, value) in named {
            let value = self.show(&value, indent)?;
            shown.push(format!("{key} = {value}"));
        }
        if left_out > 0 {
            shown.push(format!("… {left_out} more"));
        }
        Ok(shown)
    }

    fn key(&mut self, key: &Value) -> mlua::Result<String> {
        if let Value::String(text) = key
            && let Ok(text) = text.to_str()
            && is_name(&text)
        {
            return Ok(text.to_owned());
        }
        let key = if matches!(key, Value::Table(_)) { "{…}".into() } else { self.show(key, 0)? };
        Ok(format!("[{key}]"))
    }
}

/// Whether a text can stand as a key without quotes.
fn is_name(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
        "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ];
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&text)
}

/// A text as a Lua literal, cut at `max` bytes.
fn quoted(bytes: &[u8], max: usize) -> String {
    let mut shown = String::from("\"");
    for chunk in bytes[..bytes.len().min(max)].utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => shown.push_str("\\\""),
                '\\' => shown.push_str("\\\\"),
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                c if c.is_control() && (c as u32) < 256 => {
                    let _ = write!(shown, "\\x{:02x}", c as u32);
                }
                c => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown.push('"');
    if bytes.len() > max {
        let _ = write!(shown, "… ({} bytes)", bytes.len());
    }
    shown
}
