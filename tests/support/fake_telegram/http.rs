//! As much of HTTP/1.1 as is needed, and which requests mean what.

use super::{Shared, TOKEN, api};
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// What is done with a request.
pub(super) enum Reply {
    Ok(Value),
    Error(u16, String, Option<Value>),
    Bytes(Vec<u8>),
    /// Something that no server of the Bot API says.
    Raw(u16, String),
    /// The connection ends.
    Nothing,
}

pub(super) fn refused(code: u16, text: impl Into<String>) -> Reply {
    Reply::Error(code, text.into(), None)
}

pub(super) fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split_ascii_whitespace().nth(1).unwrap_or_default().to_owned();
        let (mut length, mut kind) = (0, String::new());
        let mut chunked = false;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "content-type" => kind = value.trim().to_owned(),
                "transfer-encoding" => chunked = value.contains("chunked"),
                _ => {}
            }
        }
        let body = if chunked { read_chunks(&mut reader)? } else { read_bytes(&mut reader, length)? };
        match route(&path, &kind, &body, shared) {
            Reply::Nothing => return out.shutdown(std::net::Shutdown::Both),
            Reply::Raw(status, body) => write(&mut out, status, "text/html", body.as_bytes())?,
            Reply::Bytes(bytes) => write(&mut out, 200, "application/octet-stream", &bytes)?,
            Reply::Ok(result) => {
                let body = json!({"ok": true, "result": result}).to_string();
                write(&mut out, 200, "application/json", body.as_bytes())?;
            }
            Reply::Error(code, description, parameters) => {
                let mut body = json!({"ok": false, "error_code": code, "description": description});
                if let Some(parameters) = parameters {
                    body["parameters"] = parameters;
                }
                write(&mut out, code, "application/json", body.to_string().as_bytes())?;
            }
        }
    }
}

fn read_bytes(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        body.extend(read_bytes(reader, size)?);
        reader.read_line(&mut line)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn write(out: &mut TcpStream, status: u16, kind: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
    out.write_all(&[head.as_bytes(), body].concat())
}

fn route(path: &str, kind: &str, body: &[u8], shared: &Shared) -> Reply {
    let (files, rest) = match path.strip_prefix("/file/bot") {
        Some(rest) => (true, Some(rest)),
        None => (false, path.strip_prefix("/bot")),
    };
    let Some((token, rest)) = rest.and_then(|rest| rest.split_once('/')) else {
        return refused(404, "Not Found");
    };
    if token != TOKEN {
        shared.state.lock().expect("no panic").unauthorised.insert(token.to_owned());
        // What is no token at all is an address that isn't there.
        return if token.contains(':') { refused(401, "Unauthorized") } else { refused(404, "Not Found") };
    }
    if files {
        let wanted = rest.replace("%2F", "/");
        let state = shared.state.lock().expect("no panic");
        let found = state.files.values().find(|(path, _)| *path == wanted);
        return found.map_or_else(|| refused(404, "Not Found"), |(_, bytes)| Reply::Bytes(bytes.clone()));
    }
    let (params, file) = match kind.split_once("boundary=") {
        Some((_, boundary)) => form(body, boundary.trim_matches('"')),
        None => (serde_json::from_slice(body).unwrap_or(json!({})), None),
    };
    let method = rest.split('?').next().unwrap_or_default();
    if let Some(field) = ["document", "photo"]
        .into_iter()
        .find(|field| params[*field].as_str().is_some_and(|value| value.starts_with("attach://")))
    {
        return refused(400, format!("Bad Request: {field} is to be the file itself"));
    }
    api::call(method, params, file, shared)
}

/// Reads a form: its fields, and the file in it with its name.
fn form(body: &[u8], boundary: &str) -> (Value, Option<(String, Vec<u8>)>) {
    let mark = format!("--{boundary}").into_bytes();
    let (mut fields, mut file) = (json!({}), None);
    let find = |from: usize, what: &[u8]| {
        body[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let mut at = find(0, &mark);
    while let Some(start) = at {
        let from = start + mark.len() + 2;
        let Some(end) = (from < body.len()).then(|| find(from, &mark)).flatten() else { break };
        let part = &body[from..end - 2];
        let head = part.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
        let (head, content) = (String::from_utf8_lossy(&part[..head]).into_owned(), &part[head + 4..]);
        let of = |key: &str| {
            let at = head.find(&format!("{key}=\""))? + key.len() + 2;
            head[at..].split('"').next().map(str::to_owned)
        };
        match (of(" name"), of("filename")) {
            (_, Some(name)) => file = Some((name, content.to_vec())),
            (Some(name), None) => {
                let text = String::from_utf8_lossy(content).into_owned();
                fields[name] = serde_json::from_str(&text)
                    .ok()
                    .filter(|v: &Value| !v.is_string())
                    .unwrap_or(text.into());
            }
            _ => {}
        }
        at = Some(end);
    }
    (fields, file)
}
