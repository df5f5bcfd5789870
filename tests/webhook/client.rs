//! A client that speaks HTTP byte for byte.

use crate::{TOKEN, support::program::PATIENCE};
use serde_json::Value;
use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

/// One request at a time, each on a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Client {
    /// One with the right token.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::bare(address).with("authorization", &format!("Bearer {TOKEN}"))
    }

    /// One that says nothing of itself.
    pub(crate) fn bare(address: SocketAddr) -> Self {
        Self { address, headers: vec![] }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, b"")
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.clone().with("content-type", "application/json").ask("POST", path, body.to_string().as_bytes())
    }

    /// A request, and its answer.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let mut stream = self.send(method, path, body);
        Answer::read(&mut stream)
    }

    /// Sends a request whole, and leaves the answer unread.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        let head = self.head(method, path, Some(body.len()));
        // A server that refuses a body may close while it is being sent.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        stream
    }

    #[track_caller]
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream
    }

    pub(crate) fn head(&self, method: &str, path: &str, length: Option<usize>) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !self.headers.iter().any(|(name, _)| name == "host") {
            let _ = write!(head, "host: {}\r\n", self.address);
        }
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(length) = length {
            let _ = write!(head, "content-length: {length}\r\n");
        }
        head + "\r\n"
    }
}

impl Answer {
    /// Reads to the end of the connection.
    #[track_caller]
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = vec![];
        let read = stream.read_to_end(&mut bytes);
        let _ = stream.shutdown(Shutdown::Both);
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer ({read:?}): {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let pair = |line: &str| {
            line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        };
        Self { status, headers: lines.filter_map(pair).collect(), body: body.to_owned() }
    }

    /// The body, of an answer with this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
