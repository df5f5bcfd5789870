//! A writer that no secret gets through.

use super::repeats::Repeats;
use crate::config::Redactor;
use std::{
    io::{self, Write},
    sync::Arc,
    time::Instant,
};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// What scripts log is of this target.
const SCRIPT: &str = "lua";

/// Makes writers that hold an event back until it is whole, and take the secrets out of it.
#[derive(Clone, Debug)]
pub struct Redacting<W> {
    inner: W,
    redactor: Redactor,
    repeats: Arc<Repeats>,
}

impl<W> Redacting<W> {
    /// Writes to what `inner` makes.
    pub fn new(inner: W, redactor: Redactor) -> Self {
        Self { inner, redactor, repeats: Arc::default() }
    }

    /// Counts repeated lines together with whoever else has `repeats`.
    pub(super) fn counting(self, repeats: Arc<Repeats>) -> Self {
        Self { repeats, ..self }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Redacting<W> {
    type Writer = Event<'a, W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        self.event(self.inner.make_writer(), false)
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        // What a script says is the user's own, and comes as it is.
        let counted = *meta.level() <= Level::WARN && meta.target() != SCRIPT;
        self.event(self.inner.make_writer_for(meta), counted)
    }
}

impl<W> Redacting<W> {
    fn event<V: Write>(&self, inner: V, counted: bool) -> Event<'_, V> {
        let Self { redactor, repeats, .. } = self;
        Event { text: Vec::new(), inner, redactor, repeats, counted }
    }
}

/// One event on its way out, written as a whole when dropped: a secret cannot hide by arriving in
/// two pieces.
#[derive(Debug)]
pub struct Event<'a, W: Write> {
    text: Vec<u8>,
    inner: W,
    redactor: &'a Redactor,
    repeats: &'a Repeats,
    /// It is of a level at which repeated lines are counted.
    counted: bool,
}

impl<W: Write> Write for Event<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: the event may not be whole yet.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for Event<'_, W> {
    fn drop(&mut self) {
        let line = self.redactor.redact_bytes(&self.text);
        let now = Instant::now();
        let before = match self.counted {
            true => self.repeats.take(&line, after_time(&line), now),
            false => self.repeats.due(now, false),
        };
        // There is nowhere to report that the log cannot be written.
        if !before.is_empty() {
            _ = self.inner.write_all(&before);
        }
        if !self.counted {
            _ = self.inner.write_all(&line);
        }
        _ = self.inner.flush();
    }
}

/// Where the time of day is over, with which every line begins.
fn after_time(line: &[u8]) -> usize {
    let end = if line.starts_with(b"{") { b',' } else { b' ' };
    line.iter().position(|byte| *byte == end).unwrap_or(0)
}
