//! A turn as JSON, one event a line.

use crate::domain::event::{Observer, TurnEvent};
use std::io::Write;
use tokio_util::sync::CancellationToken;

/// Writes each event as a line of JSON to standard output.
#[derive(Debug)]
pub struct JsonLines {
    gone: CancellationToken,
}

impl JsonLines {
    /// Cancels `gone` when nobody reads the output any more.
    pub fn new(gone: CancellationToken) -> Self {
        Self { gone }
    }
}

impl Observer for JsonLines {
    fn observe(&self, event: &TurnEvent) {
        let written = serde_json::to_string(event)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(std::io::stdout().lock(), "{line}"));
        if written.is_err() {
            self.gone.cancel();
        }
    }
}
