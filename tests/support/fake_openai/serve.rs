//! Connections and answers.

use super::{
    Request, State, http,
    reply::{End, Kind, Reply},
    sse, validate,
};
use serde_json::{Value, json};
use std::{
    io::{self, BufReader, Read},
    net::{TcpListener, TcpStream},
    sync::{Arc, atomic::Ordering},
    thread,
};

pub(super) fn accept(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let _ = stream.set_nodelay(true);
        if let Ok(copy) = stream.try_clone() {
            state.streams.lock().expect("streams").push(copy);
        }
        let state = state.clone();
        thread::spawn(move || {
            let number = state.connections.fetch_add(1, Ordering::SeqCst);
            // An error is a client that went away.
            let _ = connection(stream, number, &state);
        });
    }
}

fn connection(mut stream: TcpStream, number: usize, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = http::read(&mut reader, number)? {
        state.requests.lock().expect("requests").push(request.clone());
        let reply = answer(&request, state);
        thread::sleep(reply.delay);
        let sent = send(&mut stream, &request, &reply, state);
        if sent.is_err() && !state.stopping.load(Ordering::SeqCst) {
            state.hung_up.fetch_add(1, Ordering::SeqCst);
        }
        match reply.end {
            _ if sent.is_err() => return sent,
            End::Clean => {}
            End::Disconnect => return stream.shutdown(std::net::Shutdown::Both),
            End::Hang => {
                // Ends when the client goes away, or the server stops.
                let _ = reader.read(&mut [0; 1]);
                if !state.stopping.load(Ordering::SeqCst) {
                    state.hung_up.fetch_add(1, Ordering::SeqCst);
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

fn answer(request: &Request, state: &State) -> Reply {
    let refused = |status: u16, body: Value| {
        let text = body["error"]["message"].as_str().unwrap_or_default().to_owned();
        state.refused.lock().expect("refusals").push(text);
        Reply::error_body(status, &body)
    };
    if let Err((status, body)) = validate::key(request, &state.rules) {
        return refused(status, body);
    }
    let path = request.path.split('?').next().unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "/v1/models") if !state.rules.lists_models => Reply::page(404, "text/plain", "Not Found"),
        ("GET", "/v1/models") => Reply::json(&json!({"object": "list", "data": state.rules.models})),
        ("POST", "/v1/chat/completions") => match validate::request(&request.body, &state.rules) {
            Ok(()) => (state.script.lock().expect("script"))(request),
            Err((status, body)) => refused(status, body),
        },
        (method, path) => Reply::error(404, &format!("Invalid URL ({method} {path})")),
    }
}

fn send(stream: &mut TcpStream, request: &Request, reply: &Reply, state: &State) -> io::Result<()> {
    let pieces = match &reply.kind {
        Kind::Silence => return Ok(()),
        Kind::Plain(status, kind, body) => return http::respond(stream, *status, kind, &reply.headers, body),
        Kind::Raw(bytes) => vec![bytes.clone()],
        Kind::Completion { text, calls, finish } => {
            let bytes_per_token = state.rules.bytes_per_token;
            let answer = sse::Answer { text, calls, finish: finish.as_deref(), bytes_per_token };
            if request.body["stream"] != true {
                let body = answer.document(&request.body).to_string();
                return http::respond(stream, 200, "application/json", &reply.headers, body.as_bytes());
            }
            answer.events(&request.body)
        }
    };
    http::begin_chunked(stream, &reply.headers)?;
    let mut left = reply.cut.unwrap_or(usize::MAX);
    let mut random = state.rules.seed.map(Random::new);
    for piece in pieces {
        let piece = &piece[..piece.len().min(left)];
        left -= piece.len();
        match &mut random {
            None if piece.is_empty() => {}
            None => http::chunk(stream, piece)?,
            Some(random) => {
                let mut rest = piece;
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(random.up_to(23).min(rest.len()));
                    http::chunk(stream, now)?;
                    rest = later;
                }
            }
        }
    }
    if reply.end == End::Clean { http::end_chunked(stream) } else { Ok(()) }
}

/// A small generator of numbers that look random and repeat by seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number from 1 to `max`.
    fn up_to(&mut self, max: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % max).expect("a small number") + 1
    }
}
