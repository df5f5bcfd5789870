//! A message over which the program breaks: it is tried again once, then set aside, and nobody waits behind it.

use super::{Telegram, Up, message::Message, place::Place};

/// So often a message is tried.
const TRIES: u32 = 2;
/// What the chat is told.
const WORD: &str = "A message of yours could not be read here (a fault of the program).";
/// So many characters of a message are logged.
const LOGGED: usize = 2_000;

impl Telegram {
    /// Does `work` on a message, and again after a panic. `None`: it panicked each time. Then the message is
    /// logged and counted, and its chat is told.
    pub(super) async fn survives<T, F>(
        &self,
        up: &Up,
        place: Place,
        messages: &[&Message],
        work: impl Fn() -> F,
    ) -> Option<T>
    where
        F: Future<Output = T>,
    {
        let task = format!("channel:{}", self.options.name);
        let mut why = String::new();
        for _ in 0..TRIES {
            match self.options.health.tasks.guard(&task, work()).await {
                Ok(done) => return Some(done),
                Err(panic) => why = panic,
            }
        }
        for message in messages {
            let shown: String = message.value().to_string().chars().take(LOGGED).collect();
            let detail = format!("{why}: {shown}");
            self.options.health.dropped.count(
                &self.options.name,
                "a message that the program breaks over",
                detail,
            );
        }
        self.tell(up, place, WORD).await;
        None
    }
}
