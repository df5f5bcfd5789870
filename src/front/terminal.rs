//! What is known of the terminal.

use std::io::IsTerminal;

/// The width that is assumed where there is none.
const DEFAULT_WIDTH: usize = 80;

/// The terminal's width in columns.
pub fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stderr())
        .map_or(DEFAULT_WIDTH, |(terminal_size::Width(columns), _)| usize::from(columns).max(20))
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
        let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        Self(terminal && !no_color && !dumb)
    }

    /// `text` in an SGR style such as `"1"` (bold), `"2"` (dim) or `"31"` (red).
    pub fn paint(self, style: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
