//! `pista.send(to, text)`, `pista.send(to, { text = …, files = … })`: a message, by the script itself.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        fields::{Fields, article},
        state::{caller, misuse},
    },
    Api, equipment,
    tools::{act_for_data, tool_call},
};
use crate::domain::post::Content;
use mlua::{Lua, Value};
use std::path::Path;

const WHAT: &str = "pista.send";
/// Files that go with one message, at most.
const MAX_FILES: usize = 10;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("send", WHAT, |lua: Lua, (to, message): (Value, Value)| async move {
        let to = word(&lua, "first argument is an address, \"channel:conversation\"", &to)?;
        let content = match &message {
            Value::Table(_) => {
                let mut content = content(&lua, &message)?;
                for path in &mut content.files {
                    *path = readable(&lua, path).await?;
                }
                content
            }
            text => {
                let what = "second argument is the text, or a table with text and files";
                Content { text: word(&lua, what, text)?, ..Content::default() }
            }
        };
        let equipment = equipment(&lua, WHAT)?;
        Ok(equipment.primitives.outbox.send(&to, content).await?)
    })
}

fn content(lua: &Lua, message: &Value) -> Result<Content, ScriptError> {
    let fields = Fields::open(lua, caller(lua), WHAT, message, &["text", "files"])?;
    let (text, files) = (fields.text("text")?.unwrap_or_default(), fields.texts("files")?);
    if files.len() > MAX_FILES {
        return Err(fields.wrong("files", format!("at most {MAX_FILES} go with one message")));
    }
    Ok(Content { text, question: None, files })
}

/// Where a file is, if the user's tools may read it: what is out of reach of these is not sent.
async fn readable(lua: &Lua, path: &str) -> Result<String, ScriptError> {
    let mut call = tool_call(lua, WHAT, &Value::String(lua.create_string("fs.stat")?), &Value::Nil)?;
    call.args.insert("path".into(), path.into());
    let found = act_for_data(lua, WHAT, call).await?;
    if found["kind"] != "file" {
        return Err(ScriptError::new(ErrorKind::NotFound, format!("{WHAT}: {path} is no file")));
    }
    let workspace = equipment(lua, WHAT)?.primitives.machine.facts().workspace;
    Ok(Path::new(&workspace).join(path).display().to_string())
}

fn word(lua: &Lua, what: &str, value: &Value) -> Result<String, ScriptError> {
    match value {
        Value::String(text) => Ok(text.to_string_lossy()),
        other => Err(misuse(caller(lua), format!("{WHAT}: the {what}, not {}", article(other)))),
    }
}
