//! A task that is a command. What it prints is sent as it comes: the engine keeps it, and nothing of it is
//! lost should the container be killed.

use super::{
    super::protocol::{Ending, Printed, action},
    link::Link,
};
use crate::{
    domain::BoxFuture,
    sandbox::{
        Stream,
        process::{Command, Tap, environment, run_tapped},
    },
    tool::Options,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Bytes of a character, at most.
const MAX_CHAR: usize = 4;

/// Runs it to its end, which is the task's: the task's time is its time.
pub(super) async fn run(argv: Vec<String>, stdin: Option<String>, options: &Options, link: &Link) -> Ending {
    let command = Command { argv, cwd: options.workspace.clone(), env: environment(&[]), stdin };
    let sending = Sending::new(link.clone(), options);
    let ended = run_tapped(command, options.max_timeout, &sending).await;
    sending.finish().await;
    match ended {
        Ok(end) => Ending::Ran { exit: end.exit, signal: end.signal, held_open: end.held_open },
        Err(error) => Ending::NotRun { why: error.to_string() },
    }
}

/// Sends what is printed: from its beginning as much as the engine keeps, and then its end.
struct Sending {
    link: Link,
    /// Bytes of a stream that are sent as they come.
    keep: u64,
    /// Bytes of its end that are held behind that.
    window: usize,
    streams: [Mutex<Sent>; 2],
}

/// How much of a stream was sent.
#[derive(Default)]
struct Sent {
    bytes: u64,
    /// What came behind that, and is held.
    tail: VecDeque<u8>,
    /// What came between the two.
    skipped: u64,
}

impl Sending {
    fn new(link: Link, options: &Options) -> Self {
        let window = options.output_chars.saturating_mul(MAX_CHAR);
        Self { link, keep: options.spill_bytes, window, streams: Default::default() }
    }

    fn of(&self, stream: Stream) -> MutexGuard<'_, Sent> {
        let at = match stream {
            Stream::Stdout => 0,
            Stream::Stderr => 1,
        };
        self.streams[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of these bytes is to be sent now; the rest is held.
    fn hold(&self, stream: Stream, bytes: &[u8]) -> usize {
        let mut sent = self.of(stream);
        let room = usize::try_from(self.keep - sent.bytes).unwrap_or(usize::MAX);
        let now = bytes.len().min(room);
        sent.bytes += now as u64;
        sent.tail.extend(&bytes[now..]);
        let surplus = sent.tail.len().saturating_sub(self.window);
        sent.tail.drain(..surplus);
        sent.skipped += surplus as u64;
        now
    }

    /// Sends what was held.
    async fn finish(&self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let (skipped, tail) = {
                let mut sent = self.of(stream);
                (std::mem::take(&mut sent.skipped), std::mem::take(&mut sent.tail))
            };
            if skipped > 0 || !tail.is_empty() {
                self.send(stream, skipped, &Vec::from(tail)).await;
            }
        }
    }

    async fn send(&self, stream: Stream, skipped: u64, bytes: &[u8]) {
        let printed = Printed { stream, skipped, data: STANDARD.encode(bytes) };
        // Without an engine there is nobody to tell, and the work ends by itself.
        let _ = self.link.put::<Value>(action::OUTPUT, &printed).await;
    }
}

impl Tap for Sending {
    fn take<'a>(&'a self, stream: Stream, bytes: &'a [u8]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let now = self.hold(stream, bytes);
            if now > 0 {
                self.send(stream, 0, &bytes[..now]).await;
            }
        })
    }
}
