//! Lines that come by themselves: shown above the line that is being edited.

use crate::front::to_stderr;
use rustyline::{Editor, ExternalPrinter, Helper, history::History};
use std::{sync::mpsc, thread};

/// Prints lines while somebody types.
#[derive(Clone)]
pub(super) struct Printer(Option<mpsc::Sender<String>>);

impl Printer {
    /// For a terminal with this editor.
    pub(super) fn of<H: Helper, I: History>(editor: &mut Editor<H, I>) -> Self {
        let Ok(mut printer) = editor.create_external_printer() else { return Self::plain() };
        let (lines, inbox) = mpsc::channel::<String>();
        // On a thread of its own: the editor takes one line at a time, when it gets to it.
        let spawned = thread::Builder::new().name("printer".into()).spawn(move || {
            while let Ok(line) = inbox.recv() {
                if printer.print(line.clone()).is_err() {
                    to_stderr(&line);
                }
            }
        });
        Self(spawned.is_ok().then_some(lines))
    }

    /// Where nobody types.
    pub(super) fn plain() -> Self {
        Self(None)
    }

    /// Prints a line, or several.
    pub(super) fn print(&self, text: &str) {
        let text = format!("{}\n", crate::front::printable(text).trim_end());
        match &self.0 {
            Some(lines) => {
                // The thread lives as long as this does.
                let _ = lines.send(text);
            }
            None => to_stderr(&text),
        }
    }
}
