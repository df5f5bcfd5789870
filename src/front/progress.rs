//! What a turn is at that takes long, for who sees nothing of it meanwhile.

use super::plain::seconds;
use crate::domain::event::TurnEvent;
use std::time::{Duration, Instant};

/// After this time it is said what is being waited for; then again each time it took twice as long.
const FIRST: Duration = Duration::from_secs(5);

/// What the turn waits for.
#[derive(Debug)]
struct Wait {
    since: Instant,
    next: Duration,
}

/// How far a turn is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// `None`: no turn is under way.
    wait: Option<Wait>,
    /// Calls under way.
    calls: usize,
    /// Characters of the answer, and of the thoughts, that came since the last call.
    written: usize,
    thought: usize,
}

impl Progress {
    /// Takes what happened.
    pub(super) fn take(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Text { delta } => self.written += delta.chars().count(),
            TurnEvent::Reasoning { delta } => self.thought += delta.chars().count(),
            TurnEvent::ToolStart { .. } => self.begin(self.calls + 1),
            TurnEvent::ToolEnd { .. } => self.begin(self.calls.saturating_sub(1)),
            TurnEvent::Start { .. } => self.begin(0),
            TurnEvent::Restart { .. } => self.begin(self.calls),
            TurnEvent::Done { .. } | TurnEvent::Failed { .. } => *self = Self::default(),
            TurnEvent::Notice { .. } => {}
        }
    }

    fn begin(&mut self, calls: usize) {
        *self = Self { wait: Some(Wait { since: Instant::now(), next: FIRST }), calls, ..Self::default() };
    }

    /// What to say, if it is time to.
    pub(super) fn due(&mut self) -> Option<String> {
        let wait = self.wait.as_mut()?;
        let waited = wait.since.elapsed();
        if waited < wait.next {
            return None;
        }
        wait.next *= 2;
        let what = match (self.calls, self.written, self.thought) {
            (0, 0, 0) => "waiting for the model".to_owned(),
            (0, 0, thought) => format!("the model is thinking, {thought} characters so far"),
            (0, written, _) => format!("the model is writing, {written} characters so far"),
            (1, ..) => "a tool is at work".to_owned(),
            (calls, ..) => format!("{calls} tools are at work"),
        };
        Some(format!("{what} ({})", seconds(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(progress: &mut Progress, by: Duration) {
        let wait = progress.wait.as_mut().expect("a turn");
        wait.since = wait.since.checked_sub(by).expect("the machine runs for longer");
    }

    #[test]
    fn what_takes_long_is_said_less_and_less_often() {
        let mut progress = Progress::default();
        assert_eq!(progress.due(), None, "no turn is under way");
        progress.begin(0);
        assert_eq!(progress.due(), None);
        late(&mut progress, FIRST);
        assert!(progress.due().is_some_and(|line| line.starts_with("waiting for the model (5.")));
        assert_eq!(progress.due(), None);
        progress.take(&TurnEvent::Text { delta: "안녕".into() });
        late(&mut progress, FIRST);
        assert!(progress.due().is_some_and(|line| line.starts_with("the model is writing, 2 characters")));
        late(&mut progress, FIRST);
        assert_eq!(progress.due(), None);
    }
}
