//! A turn as JSON, one event a line.

use super::{Output, to_stderr};
use crate::domain::event::{Observer, TurnEvent};

/// Writes each event as a line of JSON to standard output.
#[derive(Debug)]
pub struct JsonLines {
    output: Output,
}

impl JsonLines {
    /// Writes to `output`.
    pub fn new(output: Output) -> Self {
        Self { output }
    }
}

impl Observer for JsonLines {
    fn observe(&self, event: &TurnEvent) {
        match serde_json::to_string(event) {
            Ok(line) => self.output.write(&format!("{line}\n")),
            Err(error) => to_stderr(&format!("error: an event is not JSON: {error}\n")),
        }
    }
}
