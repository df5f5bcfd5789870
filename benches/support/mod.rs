//! What the benches share: an instant model server, medians, and processes with their peak memory.
#![allow(unsafe_code, dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]
// wait4 waits for them, which clippy does not see.
#![allow(clippy::zombie_processes)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The middle value.
pub fn median<T: Copy + PartialOrd>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}

pub fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

/// When the server finished an answer, and when the next request had arrived whole.
#[derive(Default)]
pub struct Times {
    pub answered: Vec<Instant>,
    pub asked: Vec<Instant>,
}

/// A model server that answers at once. `answer(n)` gives the SSE body for the n-th request.
pub struct Server {
    pub url: String,
    pub times: Arc<Mutex<Times>>,
}

impl Server {
    pub fn start(answer: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let times = Arc::new(Mutex::new(Times::default()));
        let (shared, answer) = (times.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (times, answer) = (shared.clone(), answer.clone());
                thread::spawn(move || serve(stream.unwrap(), &times, &*answer));
            }
        });
        Self { url, times }
    }
}

fn serve(stream: TcpStream, times: &Mutex<Times>, answer: &dyn Fn(usize) -> String) {
    stream.set_nodelay(true).unwrap();
    let mut out = stream.try_clone().unwrap();
    let mut input = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if input.read_exact(&mut body).is_err() {
            return;
        }
        let n = {
            let mut times = times.lock().unwrap();
            times.asked.push(Instant::now());
            times.asked.len() - 1
        };
        let body = answer(n);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        times.lock().unwrap().answered.push(Instant::now());
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn event(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":\
         [{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// A short text answer.
pub fn text_answer() -> String {
    let mut out = String::new();
    for word in ["The ", "answer ", "is ", "42."] {
        out += &event(&format!("{{\"content\":\"{word}\"}}"), "null");
    }
    out + &event("{}", "\"stop\"") + "data: [DONE]\n\n"
}

/// A call of `system.run` with these words.
pub fn call_answer(n: usize, argv: &str) -> String {
    let arguments = format!("{{\\\"argv\\\":{}}}", argv.replace('"', "\\\""));
    let delta = format!(
        "{{\"tool_calls\":[{{\"index\":0,\"id\":\"call_{n}\",\"type\":\"function\",\"function\":\
         {{\"name\":\"system_run\",\"arguments\":\"{arguments}\"}}}}]}}"
    );
    event(&delta, "null") + &event("{}", "\"tool_calls\"") + "data: [DONE]\n\n"
}

/// A process run to its end: wall time and peak resident memory in KiB.
pub fn run(command: &mut Command) -> (Duration, i64) {
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut status = 0;
    // SAFETY: plain out-parameters; the child is ours and is waited for once.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::wait4(child.id() as i32, &mut status, 0, &mut usage), child.id() as i32);
        usage
    };
    let wall = started.elapsed();
    assert_eq!(status, 0, "{command:?} failed");
    (wall, usage.ru_maxrss)
}

/// openpista with a home of its own and nothing from the caller's environment.
pub fn openpista(home: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openpista"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("OPENPISTA_BASE_URL", url)
        .env("OPENPISTA_MODEL", "m")
        .current_dir(home);
    command
}
