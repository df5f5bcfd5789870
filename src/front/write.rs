//! Writing to the terminal and to pipes without a panic when nobody is there any more.

use std::{
    fmt,
    io::{self, Write},
};

/// Writes to standard error. A terminal that hung up, or a pipe that was closed, is no reason to
/// end: what is written there is for a person, and there is none.
pub fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a line to standard output, at once.
///
/// # Errors
/// When nobody reads it any more.
pub fn say(line: fmt::Arguments<'_>) -> io::Result<()> {
    to_stdout(&format!("{line}\n"))
}

/// Writes to standard output, at once.
///
/// # Errors
/// When nobody reads it any more.
pub fn to_stdout(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
