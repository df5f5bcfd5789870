//! Where the answer goes, and what became of it.

use super::{to_stderr, to_stdout};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

/// Standard output during a turn. When it can't take the answer, the turn need not go on.
#[derive(Clone, Debug)]
pub struct Output {
    gone: CancellationToken,
    lost: Arc<AtomicBool>,
}

impl Output {
    /// Cancels `gone` when the output takes no more.
    pub fn new(gone: CancellationToken) -> Self {
        Self { gone, lost: Arc::default() }
    }

    /// Writes, at once. That nobody reads any more is no error: whoever did has seen enough. That a
    /// disk is full is one, and is told once.
    pub fn write(&self, text: &str) {
        let Err(error) = to_stdout(text) else { return };
        self.gone.cancel();
        if error.kind() != io::ErrorKind::BrokenPipe && !self.lost.swap(true, Ordering::Relaxed) {
            to_stderr(&format!("error: standard output takes no more, so the answer is lost: {error}\n"));
        }
    }

    /// Whether something could not be written that somebody wanted.
    pub fn lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}
