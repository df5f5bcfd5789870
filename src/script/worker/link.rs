//! The worker's end of the pipes, and what is kept of the program's output.

use crate::sandbox::lua::{FrameError, MAX_PRINTED, MAX_REPLY, MAX_REQUEST, Reply, Request, encode, read};
use serde::de::DeserializeOwned;
use std::{
    cell::RefCell,
    io::{self, BufReader, Read, stdin, stdout},
    os::fd::AsFd,
    process::exit,
};

/// The pipes. Nothing is buffered on the way out: a frame is one write.
pub(super) struct Link {
    input: BufReader<Input>,
}

struct Input;

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::read(stdin().as_fd(), &mut *buffer))?)
    }
}

impl Link {
    pub(super) fn new() -> Self {
        Self { input: BufReader::new(Input) }
    }

    /// The next frame.
    pub(super) fn read<T: DeserializeOwned>(&mut self) -> Result<T, FrameError> {
        read(&mut self.input, MAX_REPLY)
    }

    /// Has a call made. Without an engine at the other end there is nothing left to do.
    pub(super) fn call(&mut self, frame: &[u8]) -> Reply {
        let reply = send(frame).map_err(FrameError::from).and_then(|()| self.read());
        reply.unwrap_or_else(|_| exit(1))
    }
}

/// Sends the last frame.
pub(super) fn finish(request: &Request) -> Result<(), FrameError> {
    Ok(send(&encode(request, MAX_REQUEST)?)?)
}

fn send(mut frame: &[u8]) -> io::Result<()> {
    while !frame.is_empty() {
        let written = rustix::io::retry_on_intr(|| rustix::io::write(stdout().as_fd(), frame))?;
        frame = &frame[written..];
    }
    Ok(())
}

/// What the program prints.
#[derive(Default)]
pub(super) struct Printed(RefCell<(String, usize)>);

impl Printed {
    /// Takes a line; beyond the limit it is only counted.
    pub(super) fn line(&self, line: &str) {
        let (text, left_out) = &mut *self.0.borrow_mut();
        if *left_out == 0 && text.len() + line.len() < MAX_PRINTED {
            text.push_str(line);
            text.push('\n');
            return;
        }
        let mut end = line.len().min(MAX_PRINTED.saturating_sub(text.len() + 1));
        if *left_out > 0 {
            end = 0;
        }
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        text.push_str(&line[..end]);
        *left_out += line.len() + 1 - end;
    }

    /// All that was kept, with a marker where something is missing.
    pub(super) fn take(&self) -> String {
        let (mut text, left_out) = self.0.take();
        if left_out > 0 {
            text += &format!("\n[… {left_out} more bytes were printed …]\n");
        }
        text
    }
}
