//! A turn on a terminal: text as it streams, and a live line for each tool.

use super::{Output, printable, screen::Screen};
use crate::domain::event::{Observer, TurnEvent};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

/// How often the live lines are drawn.
const TICK: Duration = Duration::from_millis(100);

/// Draws on standard error; the answer goes to standard output.
#[derive(Debug)]
pub struct Live {
    output: Output,
    screen: Mutex<Screen>,
}

impl Live {
    /// Draws until dropped; the answer goes to `output`. Must be called on the runtime.
    pub fn start(output: Output) -> Arc<Self> {
        let live = Arc::new(Self { output, screen: Mutex::new(Screen::new()) });
        tokio::spawn(tick(Arc::downgrade(&live)));
        live
    }

    /// Leaves the terminal to someone else, as long as the guard lives.
    pub fn pause(&self) -> Pause<'_> {
        self.screen().pause();
        Pause(self)
    }

    /// Writes a line for good, above what is drawn.
    pub fn above(&self, text: &str) {
        self.screen().above(text);
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, delta: &str) {
        let text = self.screen().text(&printable(delta));
        if !text.is_empty() {
            self.output.write(&text);
        }
    }
}

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub struct Pause<'a>(&'a Live);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.screen().go_on();
    }
}

async fn tick(live: Weak<Live>) {
    loop {
        tokio::time::sleep(TICK).await;
        let Some(live) = live.upgrade() else { return };
        live.screen().tick();
    }
}

impl Observer for Live {
    fn observe(&self, event: &TurnEvent) {
        match event {
            TurnEvent::Start { .. } => self.screen().wait("waiting for the model"),
            TurnEvent::Reasoning { .. } => self.screen().wait("the model is thinking"),
            TurnEvent::Text { delta } => self.text(delta),
            TurnEvent::ToolStart { id, name, args } => self.screen().tool_start(id, name, args),
            TurnEvent::ToolEnd { id, status, content, meta, duration_ms, .. } => {
                self.screen().tool_end(id, *status, content, meta, *duration_ms);
            }
            TurnEvent::Notice { text } => self.screen().remark("2", &printable(text)),
            TurnEvent::Restart { reason } => {
                let mut screen = self.screen();
                screen.remark("33", &format!("trying again: {}", printable(reason)));
                screen.wait("waiting for the model");
            }
            TurnEvent::Done { .. } => self.screen().end(),
            TurnEvent::Failed { kind: "cancelled", .. } => {
                let mut screen = self.screen();
                screen.end();
                screen.remark("33", "cancelled");
            }
            TurnEvent::Failed { error, .. } => {
                let mut screen = self.screen();
                screen.end();
                screen.remark("31", &format!("error: {}", printable(error)));
            }
        }
    }
}
