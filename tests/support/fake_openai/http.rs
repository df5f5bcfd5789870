//! As much of HTTP/1.1 as is needed.

use super::Request;
use serde_json::Value;
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Instant,
};

/// Reads one request; `None` when the client has closed.
pub(super) fn read(reader: &mut BufReader<TcpStream>, connection: usize) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let path = words.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(Some(Request { method, path, headers, body, connection, at: Instant::now() }))
}

/// Writes a whole response.
pub(super) fn respond(
    stream: &mut TcpStream,
    status: u16,
    kind: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<()> {
    let mut text = head(status, kind, headers);
    text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(text.as_bytes())?;
    stream.write_all(body)
}

/// Begins a response whose body comes in pieces.
pub(super) fn begin_chunked(stream: &mut TcpStream, headers: &[(String, String)]) -> io::Result<()> {
    let mut text = head(200, "text/event-stream; charset=utf-8", headers);
    text.push_str("transfer-encoding: chunked\r\n\r\n");
    stream.write_all(text.as_bytes())
}

/// Writes one piece.
pub(super) fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut piece = format!("{:x}\r\n", bytes.len()).into_bytes();
    piece.extend_from_slice(bytes);
    piece.extend_from_slice(b"\r\n");
    stream.write_all(&piece)
}

/// Ends a body of pieces.
pub(super) fn end_chunked(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"0\r\n\r\n")
}

fn head(status: u16, kind: &str, headers: &[(String, String)]) -> String {
    let mut text = format!("HTTP/1.1 {status} Status\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        text.push_str(&format!("content-type: {kind}\r\n"));
    }
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    text
}
