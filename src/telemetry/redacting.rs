//! A writer that no secret gets through.

use crate::config::Redactor;
use std::io::{self, Write};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// Makes writers that hold an event back until it is whole, and take the secrets out of it.
#[derive(Clone, Debug)]
pub struct Redacting<W> {
    inner: W,
    redactor: Redactor,
}

impl<W> Redacting<W> {
    /// Writes to what `inner` makes.
    pub fn new(inner: W, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Redacting<W> {
    type Writer = Event<'a, W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Event { text: Vec::new(), inner: self.inner.make_writer(), redactor: &self.redactor }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        Event { text: Vec::new(), inner: self.inner.make_writer_for(meta), redactor: &self.redactor }
    }
}

/// One event on its way out, written as a whole when dropped: a secret cannot hide by arriving in
/// two pieces.
#[derive(Debug)]
pub struct Event<'a, W: Write> {
    text: Vec<u8>,
    inner: W,
    redactor: &'a Redactor,
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
        // There is nowhere to report that the log cannot be written.
        _ = self.inner.write_all(&self.redactor.redact_bytes(&self.text));
        _ = self.inner.flush();
    }
}
