//! What is known of the terminal.

use rustix::termios::{QueueSelector, tcflush};
use std::io::IsTerminal;

/// The size that is assumed where it isn't known.
const DEFAULT_SIZE: (usize, usize) = (80, 24);
/// No terminal is taken to be narrower.
const MIN_COLUMNS: usize = 20;

/// The terminal's columns and rows.
pub fn size() -> (usize, usize) {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(DEFAULT_SIZE, |(columns, rows)| {
        (usize::from(columns.0).max(MIN_COLUMNS), usize::from(rows.0).max(2))
    })
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|v| v == "dumb")
}

/// Whether both outputs are a terminal on which lines can be drawn anew.
pub fn is_drawable() -> bool {
    std::io::stdout().is_terminal() && std::io::stderr().is_terminal() && !is_dumb()
}

/// Forgets what was typed on standard input and not read yet: an answer counts only when it was
/// given after the question.
pub fn forget_typed() {
    // Where that isn't a terminal there is nothing to forget.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
}

/// Whether to colour what goes to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(bool);

impl Colour {
    /// Colour for standard error: on a terminal that isn't dumb, unless `NO_COLOR` is set.
    pub fn stderr() -> Self {
        Self::decide(std::io::stderr().is_terminal())
    }

    /// The same for standard output.
    pub fn stdout() -> Self {
        Self::decide(std::io::stdout().is_terminal())
    }

    fn decide(terminal: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self(terminal && !no_color && !is_dumb())
    }

    /// `text` in an SGR style such as `"1"` (bold), `"2"` (dim) or `"31"` (red).
    pub fn paint(self, style: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
