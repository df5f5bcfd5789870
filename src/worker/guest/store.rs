//! The memory of one turn, which is forgotten with it.

use crate::domain::{
    BoxFuture,
    envelope::Origin,
    hook::TurnContext,
    id::{SessionId, TurnId},
    message::Message,
    question::Parked,
    store::{StoreError, StoredMessage, TurnStatus, TurnStore},
    usage::Usage,
};
use std::{
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Keeps the messages of one conversation.
#[derive(Default)]
pub(super) struct Forgetful(Mutex<Vec<StoredMessage>>);

impl Forgetful {
    fn push(&self, turn: &TurnId, message: Message) {
        let mut all = self.all();
        let id = all.last().map_or(1, |last| last.id + 1);
        all.push(StoredMessage { id, turn: turn.clone(), at_ms: 0, message });
    }

    fn all(&self) -> MutexGuard<'_, Vec<StoredMessage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TurnStore for Forgetful {
    fn begin_turn<'a>(
        &'a self,
        _: &'a SessionId,
        turn: &'a TurnId,
        _: &'a Origin,
        message: &'a Message,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.push(turn, message.clone());
        Box::pin(ready(Ok(())))
    }

    fn append(
        &self,
        _: &SessionId,
        turn: &TurnId,
        message: Message,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.push(turn, message);
        Box::pin(ready(Ok(())))
    }

    fn spend(
        &self,
        _: &SessionId,
        _: &TurnId,
        _: &str,
        _: &str,
        _: Usage,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        // The engine counts what it pays.
        Box::pin(ready(Ok(())))
    }

    fn spend_for(&self, _: &TurnContext, _: &str, _: Usage) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn spent_today<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<f64, StoreError>> {
        Box::pin(ready(Ok(0.0)))
    }

    fn caught_up(&self) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    fn end_turn<'a>(&'a self, _: &'a TurnId, _: TurnStatus) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn take_up<'a>(
        &'a self,
        _: &'a SessionId,
        turn: &'a TurnId,
    ) -> BoxFuture<'a, Result<Parked, StoreError>> {
        // A worker that ended is gone with all it knew.
        let none = StoreError::Refused(format!("turn {turn} was not left by a worker"));
        Box::pin(ready(Err(none)))
    }

    fn abandon<'a>(&'a self, _: &'a SessionId, _: &'a TurnId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn context<'a>(&'a self, _: &'a SessionId) -> BoxFuture<'a, Result<Vec<StoredMessage>, StoreError>> {
        let all = self.all().clone();
        Box::pin(ready(Ok(all)))
    }

    fn summarise<'a>(
        &'a self,
        _: &'a SessionId,
        upto: i64,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let mut all = self.all();
        let turn = all.first().map_or_else(|| TurnId::from(""), |first| first.turn.clone());
        all.retain(|stored| stored.id > upto);
        all.insert(
            0,
            StoredMessage { id: upto, turn, at_ms: 0, message: Message::Notice { text: text.into() } },
        );
        drop(all);
        Box::pin(ready(Ok(())))
    }
}
