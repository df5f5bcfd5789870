//! `pista.fs`: files of the workspace, in the user's name. The same tools as the models', so the same
//! files are out of reach.

use super::{
    super::{
        errors::{ErrorKind, ScriptError},
        values::to_lua,
    },
    Api,
    arguments::{options, text},
    tools::{act_for_data, tool_call},
};
use crate::domain::JsonMap;
use mlua::{Lua, Table, Value};
use serde_json::Value as Json;

const READ: &str = "pista.fs.read";
const WRITE: &str = "pista.fs.write";
const APPEND: &str = "pista.fs.append";
const EDIT: &str = "pista.fs.edit";
const LIST: &str = "pista.fs.list";
const SEARCH: &str = "pista.fs.search";
const STAT: &str = "pista.fs.stat";
const EXISTS: &str = "pista.fs.exists";
const MKDIR: &str = "pista.fs.mkdir";
const REMOVE: &str = "pista.fs.remove";

/// Lines that are asked for when a whole file is.
const ALL_LINES: i64 = i64::MAX;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("read", READ, |lua: Lua, (path, settings): (Value, Value)| read(lua, path, settings))?;
    api.wait("write", WRITE, |lua: Lua, (path, content): (Value, Value)| async move {
        changed(&lua, WRITE, "fs.write", &path, &[("content", content)]).await
    })?;
    api.wait("append", APPEND, |lua: Lua, (path, content): (Value, Value)| async move {
        changed(&lua, APPEND, "fs.append", &path, &[("content", content)]).await
    })?;
    api.wait(
        "edit",
        EDIT,
        |lua: Lua, (path, old, new, settings): (Value, Value, Value, Value)| async move {
            let all = {
                let fields = options(&lua, EDIT, &settings, &["all"])?;
                flag(&fields, "all")?
            };
            let mut args = named(&lua, EDIT, &path)?;
            args.insert("old".into(), text(&lua, EDIT, "the old passage", &old)?.into());
            args.insert("new".into(), text(&lua, EDIT, "the new passage", &new)?.into());
            args.insert("replace_all".into(), all.into());
            let data = ask(&lua, EDIT, "fs.edit", args).await?;
            Ok(to_lua(&lua, &data["replaced"])?)
        },
    )?;
    api.wait("list", LIST, |lua: Lua, (path, settings): (Value, Value)| async move {
        let mut args = if path.is_nil() { JsonMap::new() } else { named(&lua, LIST, &path)? };
        {
            let fields = options(&lua, LIST, &settings, &["depth", "hidden"])?;
            args.insert("depth".into(), fields.count::<i64>("depth")?.into());
            args.insert("hidden".into(), flag(&fields, "hidden")?.into());
        }
        let data = ask(&lua, LIST, "fs.list", args).await?;
        Ok((to_lua(&lua, &data["entries"])?, to_lua(&lua, &data["more"])?))
    })?;
    api.wait("search", SEARCH, |lua: Lua, settings: Value| async move {
        let mut args = JsonMap::new();
        {
            let keys = ["pattern", "glob", "path", "ignore_case", "hidden", "limit"];
            let fields = options(&lua, SEARCH, &settings, &keys)?;
            for key in &keys[..3] {
                args.insert((*key).into(), fields.text(key)?.into());
            }
            args.insert("ignore_case".into(), flag(&fields, "ignore_case")?.into());
            args.insert("hidden".into(), flag(&fields, "hidden")?.into());
            args.insert("max_results".into(), fields.count::<i64>("limit")?.into());
        }
        let data = ask(&lua, SEARCH, "fs.search", args).await?;
        Ok((to_lua(&lua, &data["matches"])?, to_lua(&lua, &data["more"])?))
    })?;
    api.wait("stat", STAT, |lua: Lua, path: Value| async move {
        let mut data = ask(&lua, STAT, "fs.stat", named(&lua, STAT, &path)?).await?;
        match data.as_object_mut().and_then(|facts| facts.remove("exists")) {
            Some(Json::Bool(true)) => Ok(to_lua(&lua, &data)?),
            _ => Ok(Value::Nil),
        }
    })?;
    api.wait("exists", EXISTS, |lua: Lua, path: Value| async move {
        let data = ask(&lua, EXISTS, "fs.stat", named(&lua, EXISTS, &path)?).await?;
        Ok(data["exists"] == true)
    })?;
    api.wait("mkdir", MKDIR, |lua: Lua, path: Value| async move {
        ask(&lua, MKDIR, "fs.mkdir", named(&lua, MKDIR, &path)?).await.map(drop)
    })?;
    api.wait("remove", REMOVE, |lua: Lua, path: Value| async move {
        ask(&lua, REMOVE, "fs.remove", named(&lua, REMOVE, &path)?).await.map(drop)
    })
}

/// The text, exactly as in the file, and facts. Less than was asked for is an error.
async fn read(lua: Lua, path: Value, settings: Value) -> Result<(Value, Value), ScriptError> {
    let mut args = named(&lua, READ, &path)?;
    let limited = {
        let fields = options(&lua, READ, &settings, &["offset", "limit"])?;
        let limit = fields.count::<i64>("limit")?;
        args.insert("offset".into(), fields.count::<i64>("offset")?.into());
        args.insert("limit".into(), limit.unwrap_or(ALL_LINES).into());
        limit.is_some()
    };
    let data = ask(&lua, READ, "fs.read", args).await?;
    // What stands for the file in a spec may be a text alone.
    if data.is_string() {
        return Ok((to_lua(&lua, &data)?, Value::Nil));
    }
    let fail = |what: &str| {
        let path = data["path"].as_str().unwrap_or_default();
        Err(ScriptError::new(ErrorKind::Io, format!("{READ}: {path:?} {what}")))
    };
    if data["lossy"] == true {
        return fail("is not text in UTF-8");
    }
    if data["cut"] == true || data["more"] == true && !limited {
        return fail("is too long to be read at once; read it in parts, with offset and limit");
    }
    let facts: Table = lua.create_table()?;
    for key in ["first_line", "last_line", "more", "size"] {
        facts.raw_set(key, to_lua(&lua, &data[key])?)?;
    }
    Ok((to_lua(&lua, &data["content"])?, Value::Table(facts)))
}

/// Changes a file. Returns whether it is new.
async fn changed(
    lua: &Lua,
    what: &'static str,
    tool: &str,
    path: &Value,
    texts: &[(&str, Value)],
) -> Result<bool, ScriptError> {
    let mut args = named(lua, what, path)?;
    for (name, value) in texts {
        args.insert((*name).into(), text(lua, what, &format!("the {name}"), value)?.into());
    }
    Ok(ask(lua, what, tool, args).await?["created"] == true)
}

fn named(lua: &Lua, what: &str, path: &Value) -> Result<JsonMap, ScriptError> {
    let path = text(lua, what, "the path", path)?;
    Ok(JsonMap::from_iter([("path".to_owned(), path.into())]))
}

fn flag(fields: &super::super::fields::Fields, key: &str) -> Result<bool, ScriptError> {
    match fields.value(key)? {
        Value::Nil => Ok(false),
        Value::Boolean(flag) => Ok(flag),
        _ => Err(fields.wrong(key, "expected true or false")),
    }
}

async fn ask(lua: &Lua, what: &'static str, tool: &str, args: JsonMap) -> Result<Json, ScriptError> {
    let mut call = tool_call(lua, what, &Value::String(lua.create_string(tool)?), &Value::Nil)?;
    call.args = args;
    act_for_data(lua, what, call).await
}
