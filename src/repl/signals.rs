//! What the outside tells the program while it runs.

use super::engine::Engine;
use std::io::{IsTerminal, stdin};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C: stop what is under way.
    Interrupt,
    /// SIGTERM, or the terminal is gone: end.
    End,
    /// SIGHUP from somebody, while the terminal is there: load the configuration again.
    Reload,
}

/// Takes the signals, from its making on: none is lost, and none ends the program by itself.
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hangup: Stream,
}

impl Signals {
    /// Must be called on the runtime.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one that stops what is under way.
    pub(super) async fn stop(&mut self, engine: &dyn Engine) -> Signal {
        loop {
            match self.next().await {
                Signal::Reload => engine.reload_and_tell().await,
                signal => return signal,
            }
        }
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::End,
            // A terminal that hangs up sends it too, and is none any more by then.
            _ = self.hangup.recv() => if stdin().is_terminal() { Signal::Reload } else { Signal::End },
        }
    }
}
