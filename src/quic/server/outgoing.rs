//! What waits to be sent on one stream.
//!
//! Whoever speaks must not be held up by who listens, so it is kept here, within a limit. Pieces of
//! text that wait are joined: a slow reader gets fewer and longer ones.

use crate::{
    domain::event::TurnEvent,
    frame::{self, Bounds, FrameError},
    quic::protocol::Answer,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Text in one frame, in bytes: written as JSON it can be six times as long.
const TEXT: usize = 64 << 10;
/// What an item costs beside its bytes.
const ITEM: usize = 64;

/// The queue of one stream.
pub(super) struct Outgoing {
    bounds: Bounds,
    backlog: usize,
    queue: Mutex<Queue>,
    /// There is something to send, or will be no more.
    filled: Notify,
    /// There is room again, or will be no more.
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// All has been said; what waits is still sent.
    Complete,
    /// Nobody listens.
    Gone,
}

enum Item {
    Frame(Vec<u8>),
    Text(String),
    Reasoning(String),
}

impl Item {
    fn size(&self) -> usize {
        ITEM + match self {
            Self::Frame(bytes) => bytes.len(),
            Self::Text(text) | Self::Reasoning(text) => text.len(),
        }
    }
}

/// What became of something that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It waits to be sent.
    Yes,
    /// Nobody listens any more.
    Gone,
    /// There was no room for it.
    Full,
}

impl Outgoing {
    pub(super) fn new(bounds: Bounds, backlog: usize) -> Self {
        Self { bounds, backlog, queue: Mutex::default(), filled: Notify::new(), drained: Notify::new() }
    }

    /// Adds what is said. Never waits.
    pub(super) fn push(&self, answer: Answer) -> Taken {
        let mut queue = self.lock();
        if queue.state != State::Open {
            return Taken::Gone;
        }
        if queue.bytes >= self.backlog {
            return Taken::Full;
        }
        match answer {
            Answer::Event { event: TurnEvent::Text { delta } } => {
                self.pieces(&mut queue, delta, Item::Text, |item| match item {
                    Item::Text(text) => Some(text),
                    _ => None,
                });
            }
            Answer::Event { event: TurnEvent::Reasoning { delta } } => {
                self.pieces(&mut queue, delta, Item::Reasoning, |item| match item {
                    Item::Reasoning(text) => Some(text),
                    _ => None,
                });
            }
            other => {
                let item = Item::Frame(self.encode(&other));
                queue.add(item);
            }
        }
        drop(queue);
        self.filled.notify_one();
        Taken::Yes
    }

    /// The last words, for which there is always room. What waits is sent before.
    pub(super) fn complete(&self, answer: &Answer) {
        let frame = self.encode(answer);
        let mut queue = self.lock();
        if queue.state == State::Open {
            queue.add(Item::Frame(frame));
            queue.state = State::Complete;
        }
        drop(queue);
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    /// Nobody listens any more: forgets what waits.
    pub(super) fn abandon(&self) {
        let mut queue = self.lock();
        *queue = Queue { state: State::Gone, ..Queue::default() };
        drop(queue);
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    /// The next frame to send; `None` when there will be no more.
    pub(super) async fn next(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut queue = self.lock();
                if let Some(item) = queue.items.pop_front() {
                    queue.bytes -= item.size();
                    drop(queue);
                    self.drained.notify_waiters();
                    return Some(match item {
                        Item::Frame(frame) => frame,
                        Item::Text(delta) => self.encode(&Answer::Event { event: TurnEvent::Text { delta } }),
                        Item::Reasoning(delta) => {
                            self.encode(&Answer::Event { event: TurnEvent::Reasoning { delta } })
                        }
                    });
                }
                if queue.state != State::Open {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Waits until there is room, or nobody listens.
    pub(super) async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            // From here on no notification is missed.
            drained.as_mut().enable();
            {
                let queue = self.lock();
                if queue.state != State::Open || queue.bytes < self.backlog {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Joins `delta` to the last item where that is of the same kind and short, else adds items.
    fn pieces(
        &self,
        queue: &mut Queue,
        delta: String,
        make: fn(String) -> Item,
        same: fn(&mut Item) -> Option<&mut String>,
    ) {
        let longest = TEXT.min(self.bounds.frame / 8).max(16);
        if let Some(last) = queue.items.back_mut().and_then(same)
            && last.len() + delta.len() <= longest
        {
            last.push_str(&delta);
            queue.bytes += delta.len();
            return;
        }
        let mut rest = delta.as_str();
        while rest.len() > longest {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(longest));
            queue.add(make(piece.to_owned()));
            rest = after;
        }
        queue.add(make(rest.to_owned()));
    }

    /// An answer as frames; where it would be too large, one that says so.
    fn encode(&self, answer: &Answer) -> Vec<u8> {
        let frame = frame::encode_within(answer, self.bounds).or_else(|error| {
            let text = match error {
                FrameError::TooLarge { length, limit } => {
                    format!("{length} bytes are left out here: a frame holds {limit}")
                }
                FrameError::MessageTooLarge { limit } => {
                    format!("more than {limit} bytes are left out here: that is the largest message")
                }
                other => format!("something is left out here: {other}"),
            };
            tracing::warn!("an answer can't be sent whole: {text}");
            let instead = match answer {
                Answer::Done { .. } => Answer::Done { result: serde_json::json!({ "left_out": text }) },
                _ => Answer::Event { event: TurnEvent::Notice { text } },
            };
            frame::encode(&instead, usize::MAX)
        });
        frame.unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, item: Item) {
        self.bytes += item.size();
        self.items.push_back(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Decoder, HEADER};

    fn text(delta: &str) -> Answer {
        Answer::Event { event: TurnEvent::Text { delta: delta.into() } }
    }

    async fn drain(outgoing: &Outgoing) -> Vec<Answer> {
        let mut all = vec![];
        while let Some(frame) = outgoing.next().await {
            all.push(Answer::decode(&frame[HEADER..]).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn text_that_waits_is_joined_and_long_text_is_parted() {
        let outgoing = Outgoing::new(Bounds::whole(8 * 100), 1 << 20);
        for delta in ["a", "b", "c"] {
            outgoing.push(text(delta));
        }
        outgoing.push(Answer::Output { text: "x".into() });
        outgoing.push(text(&"안".repeat(100)));
        outgoing.complete(&Answer::Done { result: serde_json::Value::Null });
        let all = drain(&outgoing).await;
        assert_eq!(all[0], text("abc"));
        assert_eq!(all[1], Answer::Output { text: "x".into() });
        let long: String = all[2..all.len() - 1]
            .iter()
            .map(|answer| match answer {
                Answer::Event { event: TurnEvent::Text { delta } } => delta.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((long, all.len()), ("안".repeat(100), 7));
    }

    #[tokio::test]
    async fn beyond_the_backlog_nothing_is_taken_but_the_last_words() {
        let outgoing = Outgoing::new(Bounds::whole(1000), 500);
        let output = || Answer::Output { text: "y".repeat(200) };
        let taken: Vec<Taken> = (0..4).map(|_| outgoing.push(output())).collect();
        assert_eq!(taken, [Taken::Yes, Taken::Yes, Taken::Full, Taken::Full]);
        outgoing.complete(&Answer::Done { result: serde_json::Value::Null });
        assert_eq!(outgoing.push(output()), Taken::Gone);
        assert_eq!(drain(&outgoing).await.len(), 3);
    }

    #[tokio::test]
    async fn what_fits_no_frame_is_told_of() {
        let outgoing = Outgoing::new(Bounds::whole(200), 1 << 20);
        outgoing.push(Answer::Output { text: "y".repeat(300) });
        outgoing.complete(&Answer::Done { result: "z".repeat(300).into() });
        let all = drain(&outgoing).await;
        assert!(
            matches!(&all[0], Answer::Event { event: TurnEvent::Notice { text } } if text.contains("left out"))
        );
        assert!(matches!(&all[1], Answer::Done { result } if result["left_out"].is_string()), "{all:?}");
    }

    #[tokio::test]
    async fn what_fits_no_frame_goes_in_pieces_to_those_who_take_them() {
        let bounds = Bounds { frame: 200, message: 1_000 };
        let outgoing = Outgoing::new(bounds, 1 << 20);
        let answers = [
            Answer::Output { text: "y".repeat(300) },
            Answer::Output { text: "short".into() },
            Answer::Done { result: "z".repeat(900).into() },
        ];
        outgoing.push(answers[0].clone());
        outgoing.push(answers[1].clone());
        outgoing.push(Answer::Output { text: "w".repeat(1_000) });
        outgoing.complete(&answers[2]);
        let mut decoder = Decoder::within(bounds);
        let mut all = vec![];
        while let Some(frames) = outgoing.next().await {
            decoder.push(&frames);
            while let Some(message) = decoder.next_frame().unwrap() {
                all.push(Answer::decode(message).unwrap());
            }
        }
        let left_out = all.remove(2);
        assert!(
            matches!(&left_out, Answer::Event { event: TurnEvent::Notice { text } } if text.contains("1000 bytes"))
        );
        assert_eq!(all, answers);
    }
}
