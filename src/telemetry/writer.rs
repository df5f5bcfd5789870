//! Where lines of the log go: to standard error, or to whoever draws on the terminal.

use std::{
    io::{self, Write},
    sync::{Arc, PoisonError, RwLock},
};
use tracing_subscriber::fmt::MakeWriter;

/// Takes lines of the log.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// Who takes the lines in place of standard error. The log is the program's, and so is this.
static TAKER: RwLock<Option<LogSink>> = RwLock::new(None);

/// From now on lines of the log go there, and not to standard error; `None`: to standard error again.
/// For whoever has a line on the terminal that must not be written over.
pub fn divert(to: Option<LogSink>) {
    *TAKER.write().unwrap_or_else(PoisonError::into_inner) = to;
}

/// Makes writers to wherever the log goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stderr;

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taker = TAKER.read().unwrap_or_else(PoisonError::into_inner).clone();
        match taker {
            Some(taker) => {
                taker(&String::from_utf8_lossy(bytes));
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
