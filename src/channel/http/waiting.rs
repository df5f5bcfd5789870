//! Requests that wait for an answer.

use crate::domain::post::Answered;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::mpsc;

/// What a request that waits hears.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// The answer is there.
    Answered { answered: Answered, text: String },
    /// The message ended without one.
    Ended,
    /// Somebody is asked something in the conversation, and the answer may depend on it.
    Question { id: String, text: String },
}

/// Who waits for what.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Waiters>);

#[derive(Default)]
struct Waiters {
    next: u64,
    by_message: HashMap<Arc<str>, Vec<Waiter>>,
}

struct Waiter {
    number: u64,
    conversation: Arc<str>,
    tell: mpsc::Sender<News>,
}

/// News that one request keeps before it reads them: it goes with the first.
const KEPT: usize = 1;

/// One request's place. Given up when dropped.
pub(super) struct Place<'a> {
    waiting: &'a Waiting,
    message: Arc<str>,
    number: u64,
    news: mpsc::Receiver<News>,
}

impl Waiting {
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place to wait for the answer to a message.
    pub(super) fn enter(&self, message: &str, conversation: &str) -> Place<'_> {
        let (tell, news) = mpsc::channel(KEPT);
        let message: Arc<str> = message.into();
        let mut waiters = self.waiters();
        let number = waiters.next;
        waiters.next += 1;
        let waiter = Waiter { number, conversation: conversation.into(), tell };
        waiters.by_message.entry(Arc::clone(&message)).or_default().push(waiter);
        drop(waiters);
        Place { waiting: self, message, number, news }
    }

    /// Tells those who wait for a message.
    pub(super) fn tell(&self, message: &str, news: &News) {
        if let Some(waiters) = self.waiters().by_message.get(message) {
            for waiter in waiters {
                // Who has something to read already goes with that.
                let _ = waiter.tell.try_send(news.clone());
            }
        }
    }

    /// Tells those who wait in a conversation.
    pub(super) fn tell_conversation(&self, conversation: &str, news: &News) {
        let waiters = self.waiters();
        for waiter in waiters.by_message.values().flatten().filter(|w| *w.conversation == *conversation) {
            let _ = waiter.tell.try_send(news.clone());
        }
    }
}

impl Place<'_> {
    /// The next news.
    pub(super) async fn heard(&mut self) -> News {
        // The sender lives as long as the place.
        self.news.recv().await.unwrap_or(News::Ended)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut waiters = self.waiting.waiters();
        if let Some(list) = waiters.by_message.get_mut(&self.message) {
            list.retain(|waiter| waiter.number != self.number);
            if list.is_empty() {
                waiters.by_message.remove(&self.message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_hear_and_leave_nothing_behind() {
        let waiting = Waiting::default();
        let (mut a, mut b) = (waiting.enter("m", "c"), waiting.enter("m", "c"));
        let other = waiting.enter("n", "d");
        waiting.tell("m", &News::Ended);
        assert!(matches!((a.heard().await, b.heard().await), (News::Ended, News::Ended)));
        waiting.tell_conversation("d", &News::Ended);
        waiting.tell("nobody", &News::Ended);
        drop((a, b, other));
        assert!(waiting.waiters().by_message.is_empty());
    }
}
