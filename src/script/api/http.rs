//! `pista.http`: the web, in the user's name.

use super::{
    super::{
        api::secret::SecretHandle,
        errors::ScriptError,
        fields::{Fields, article},
        values::{Secrets, to_lua},
    },
    Api,
    arguments::{named, options, text},
    equipment,
};
use crate::domain::primitives::{HeaderPart, HttpRequest, HttpResponse};
use mlua::{Lua, Table, Value};
use std::time::Duration;

const GET: &str = "pista.http.get";
const REQUEST: &str = "pista.http.request";

/// How long a request may take when the call doesn't say, and at most.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// Bytes of an answer's body when the call doesn't say, and at most.
const BODY: usize = 8 << 20;
const MAX_BODY: usize = 32 << 20;
/// Redirects that are followed when the call doesn't say, and at most.
const REDIRECTS: i64 = 5;
const MAX_REDIRECTS: i64 = 20;

const COMMON: [&str; 5] = ["headers", "timeout", "max_bytes", "redirects", "allow_cidrs"];

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait_for("get", GET, |lua: Lua, (url, settings): (Value, Value)| async move {
        let request = {
            let fields = options(&lua, GET, &settings, &COMMON)?;
            common(&fields, "GET".into(), text(&lua, GET, "the URL", &url)?)?
        };
        send(&lua, GET, request).await
    })?;
    api.wait_for("request", REQUEST, |lua: Lua, settings: Value| async move {
        let request = {
            let keys = [&["method", "url", "body", "json"][..], &COMMON].concat();
            let fields = Fields::open(&lua, super::super::state::caller(&lua), REQUEST, &settings, &keys)?;
            let method = fields.text("method")?.unwrap_or_else(|| "GET".into()).to_ascii_uppercase();
            let mut request = common(&fields, method, fields.required("url")?)?;
            request.body = body(&fields, &mut request.headers)?;
            request
        };
        send(&lua, REQUEST, request).await
    })
}

fn common(fields: &Fields, method: String, url: String) -> Result<HttpRequest, ScriptError> {
    let redirects = match fields.integer("redirects")? {
        None => REDIRECTS,
        Some(n) if (0..=MAX_REDIRECTS).contains(&n) => n,
        Some(_) => return Err(fields.wrong("redirects", format!("from 0 to {MAX_REDIRECTS}"))),
    };
    let timeout = fields.seconds("timeout")?.unwrap_or(TIMEOUT);
    if timeout > MAX_TIMEOUT {
        return Err(fields.wrong("timeout", format!("at most {} seconds", MAX_TIMEOUT.as_secs())));
    }
    let max_bytes = fields.count::<usize>("max_bytes")?.unwrap_or(BODY);
    if max_bytes > MAX_BODY {
        return Err(fields.wrong("max_bytes", format!("at most {MAX_BODY}")));
    }
    let mut allowed = Vec::new();
    for network in fields.texts("allow_cidrs")? {
        allowed.push(network.parse().map_err(|reason: String| fields.wrong("allow_cidrs", reason))?);
    }
    Ok(HttpRequest {
        method,
        url,
        headers: headers(fields)?,
        body: None,
        timeout,
        max_bytes,
        redirects: redirects.unsigned_abs() as usize,
        allowed,
    })
}

fn headers(fields: &Fields) -> Result<Vec<(String, Vec<HeaderPart>)>, ScriptError> {
    let table = match fields.value("headers")? {
        Value::Nil => return Ok(vec![]),
        Value::Table(table) => table,
        other => return Err(fields.wrong("headers", format!("expected a table, got {}", article(&other)))),
    };
    let mut headers = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        let Value::String(name) = name else {
            return Err(fields.wrong("headers", "the names are strings"));
        };
        let name = name.to_string_lossy();
        let parts = match &value {
            Value::Table(list) => {
                list.sequence_values().map(|part| piece(fields, &name, &part?)).collect::<Result<_, _>>()?
            }
            one => vec![piece(fields, &name, one)?],
        };
        headers.push((name, parts));
    }
    // The order of a table is nobody's wish.
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(headers)
}

fn piece(fields: &Fields, name: &str, value: &Value) -> Result<HeaderPart, ScriptError> {
    match value {
        Value::UserData(data) if data.is::<SecretHandle>() => {
            Ok(HeaderPart::Secret(data.borrow::<SecretHandle>()?.0.clone()))
        }
        Value::String(text) => Ok(HeaderPart::Text(text.to_string_lossy())),
        Value::Integer(number) => Ok(HeaderPart::Text(number.to_string())),
        other => Err(fields.wrong(
            "headers",
            format!("{name} is a string, a secret, or a list of both, not {}", article(other)),
        )),
    }
}

/// The body; one that is data is sent as JSON, and says so.
fn body(
    fields: &Fields,
    headers: &mut Vec<(String, Vec<HeaderPart>)>,
) -> Result<Option<Vec<u8>>, ScriptError> {
    let json = fields.json("json", Secrets::Refused)?;
    match (fields.value("body")?, json) {
        (Value::Nil, None) => Ok(None),
        (Value::Nil, Some(json)) => {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".into(), vec![HeaderPart::Text("application/json".into())]));
            }
            Ok(Some(json.to_string().into_bytes()))
        }
        (Value::String(text), None) => Ok(Some(text.as_bytes().to_vec())),
        (Value::String(_), Some(_)) => Err(fields.wrong("json", "give either body or json, not both")),
        (other, _) => Err(fields.wrong(
            "body",
            format!("expected a string, got {}; data is sent with json = …", article(&other)),
        )),
    }
}

async fn send(lua: &Lua, what: &'static str, request: HttpRequest) -> Result<Table, ScriptError> {
    let web = equipment(lua, what)?.primitives.web.clone();
    let response = web.send(request).await.map_err(named(what))?;
    Ok(shown(lua, &response)?)
}

fn shown(lua: &Lua, response: &HttpResponse) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("status", response.status)?;
    table.raw_set("ok", (200..300).contains(&response.status))?;
    table.raw_set("url", response.url.as_str())?;
    let headers = lua.create_table()?;
    for (name, value) in &response.headers {
        headers.raw_set(name.as_str(), value.as_str())?;
    }
    table.raw_set("headers", headers)?;
    let kind = response.headers.iter().find(|(name, _)| name == "content-type");
    if kind.is_some_and(|(_, value)| is_json(value))
        && let Ok(json) = serde_json::from_slice(&response.body)
    {
        table.raw_set("json", to_lua(lua, &json)?)?;
    }
    table.raw_set("body", lua.create_string(&response.body)?)?;
    Ok(table)
}

/// `application/json`, `application/problem+json; charset=utf-8`.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.ends_with("/json") || kind.ends_with("+json")
}
