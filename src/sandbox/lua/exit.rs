//! How a program ended, in the words that all sandboxes have for it.

use super::{Broken, Done};
use crate::sandbox::Exit;

/// The code of a program that failed by an error of its own.
const FAILED: i32 = 1;

impl Done {
    /// How it ended.
    pub fn exit(&self) -> Exit {
        match &self.error {
            _ if self.timed_out => Exit::TimedOut,
            None => Exit::Done,
            // Lua's own words, which an error that was caught and raised again may stand before.
            Some(error) if error.contains("not enough memory") => Exit::OutOfMemory,
            Some(_) => Exit::Failed(FAILED),
        }
    }
}

impl Broken {
    /// How it ended.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Silent(_) | Self::TooLong(_) => Exit::TimedOut,
            Self::Ended(how) if how.contains("processor time") => Exit::TimedOut,
            Self::Ended(how) if how.contains("out of memory") => Exit::OutOfMemory,
            Self::Start(_) | Self::Handover(_) | Self::Ended(_) | Self::Lied(_) => Exit::Failed(FAILED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ends_are_told_apart() {
        let failed =
            |error: &str, timed_out| Done { error: Some(error.into()), timed_out, ..Done::default() };
        assert_eq!(Done::default().exit(), Exit::Done);
        assert_eq!(failed("init:1: boom", false).exit(), Exit::Failed(1));
        assert_eq!(failed("init:1: not enough memory", false).exit(), Exit::OutOfMemory);
        assert_eq!(failed("too slow", true).exit(), Exit::TimedOut);
        assert_eq!(Broken::Silent(Duration::from_secs(1)).exit(), Exit::TimedOut);
        assert_eq!(Broken::Lied("x".into()).exit(), Exit::Failed(1));
    }
}
