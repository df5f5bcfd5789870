//! Messages of channels, on their way in and out.

mod inbox;
mod moving;
pub(super) mod outbox;
mod pieces;
mod queues;
mod reading;

use super::Memory;
use crate::domain::{
    BoxFuture,
    id::{SessionId, TurnId},
    post::{Arrival, Content, Fate, Handled, Letter, Note, Parcel, Piece, Post, Stamp},
    question::Estate,
    store::StoreError,
};
use std::{future::ready, path::Path};

/// Days for which messages that were handled are kept: as long as one may be handed in again.
pub const POST_DAYS: i64 = 30;

// A session that was removed belongs to nothing.
const SESSION: &str = "SELECT session FROM conversations JOIN sessions ON sessions.id = session
    WHERE conversations.channel = ?1 AND conversation =
        coalesce((SELECT new FROM moved_conversations WHERE channel = ?1 AND old = ?2), ?2)";
const ASSIGN: &str = "INSERT INTO conversations (channel, conversation, session)
    VALUES (?1, coalesce((SELECT new FROM moved_conversations WHERE channel = ?1 AND old = ?2), ?2), ?3)
    ON CONFLICT (channel, conversation) DO UPDATE SET session = excluded.session";

impl Post for Memory {
    fn is_degraded(&self) -> bool {
        self.outage().is_some()
    }

    fn stored_late(&self) -> BoxFuture<'static, ()> {
        self.0.writer.next_late()
    }

    /// The length and the time of the database and of its log: one that writes changes the one or the other.
    fn stamp(&self) -> Option<Stamp> {
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        let state = |path: &Path| {
            let facts = std::fs::metadata(path).ok()?;
            Some((facts.len(), facts.modified().ok()?))
        };
        Some(Stamp([state(self.path()), state(log.as_ref())]))
    }

    fn take(&self, arrival: Arrival) -> BoxFuture<'_, Result<Option<Letter>, StoreError>> {
        self.write_one(move |desk| inbox::take(desk, arrival))
    }

    fn hold(&self, piece: Piece) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.write_one(move |desk| pieces::hold(desk, &piece))
    }

    fn held<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Vec<Piece>, StoreError>> {
        let channel = channel.to_owned();
        self.look(move |view| pieces::held(view, &channel))
    }

    fn take_gathered(
        &self,
        arrival: Arrival,
        pieces: Vec<String>,
    ) -> BoxFuture<'_, Result<Option<Letter>, StoreError>> {
        self.write(move |desk| pieces::take(desk, arrival, &pieces))
    }

    fn discard<'a>(&'a self, channel: &'a str, pieces: Vec<String>) -> BoxFuture<'a, Result<(), StoreError>> {
        let channel = channel.to_owned();
        self.write(move |desk| pieces::discard(desk, &channel, &pieces))
    }

    fn move_conversation<'a>(
        &'a self,
        channel: &'a str,
        from: &'a str,
        to: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (channel, from, to) = (channel.to_owned(), from.to_owned(), to.to_owned());
        self.write(move |desk| moving::rename(desk, &channel, &from, &to))
    }

    fn begin<'a>(&'a self, number: i64, turn: Option<&'a TurnId>) -> BoxFuture<'a, Result<bool, StoreError>> {
        let turn = turn.cloned();
        self.write_one(move |desk| inbox::begin(desk, number, turn.as_ref()))
    }

    fn close(
        &self,
        number: i64,
        handled: Handled,
        answer: Option<String>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep(move |desk| inbox::close(desk, number, handled, answer.as_deref()))
    }

    fn adopt<'a>(&'a self, channel: &'a str, notice: &'a str) -> BoxFuture<'a, Result<Estate, StoreError>> {
        let (channel, notice) = (channel.to_owned(), notice.to_owned());
        self.write(move |desk| inbox::adopt(desk, &channel, &notice))
    }

    fn retry(&self, number: i64) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.write(move |desk| inbox::retry(desk, number))
    }

    fn session<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
    ) -> BoxFuture<'a, Result<Option<SessionId>, StoreError>> {
        let place = (channel.to_owned(), conversation.to_owned());
        self.look(move |view| {
            let session: Option<String> = view.row(SESSION, place, |row| row.get(0))?;
            Ok(session.map(SessionId::from))
        })
    }

    fn assign<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let row = (channel.to_owned(), conversation.to_owned(), session.as_str().to_owned());
        self.write(move |desk| Ok(desk.run(ASSIGN, row).map(drop)?))
    }

    fn send<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        content: Content,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (channel, conversation) = (channel.to_owned(), conversation.to_owned());
        self.write_one(move |desk| outbox::put(desk, &channel, &conversation, &content, None))
    }

    fn due<'a>(&'a self, channel: &'a str, most: usize) -> BoxFuture<'a, Result<Vec<Parcel>, StoreError>> {
        let channel = channel.to_owned();
        self.write(move |desk| outbox::due(desk, &channel, most))
    }

    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<u64>, StoreError>> {
        let channel = channel.to_owned();
        self.look(move |view| outbox::next_due(view, &channel))
    }

    fn part(&self, number: i64, parts: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep_one(move |desk| outbox::part(desk, number, parts))
    }

    fn doubt(&self, number: i64) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep_one(move |desk| outbox::doubt(desk, number))
    }

    fn delivered(&self, number: i64) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep_one(move |desk| outbox::delivered(desk, number))
    }

    fn said(&self, number: i64, text: String, delivered: bool) -> BoxFuture<'_, Result<(), StoreError>> {
        self.keep_one(move |desk| outbox::said(desk, number, &text, delivered))
    }

    fn fate<'a>(&'a self, channel: &'a str, id: &'a str) -> BoxFuture<'a, Result<Option<Fate>, StoreError>> {
        Box::pin(ready(self.glance(|view| reading::fate(view, channel, id))))
    }

    fn notes<'a>(
        &'a self,
        channel: &'a str,
        conversation: &'a str,
        after: i64,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Note>, StoreError>> {
        let (channel, conversation) = (channel.to_owned(), conversation.to_owned());
        Box::pin(self.read(move |conn| reading::notes(conn, &channel, &conversation, after, most)))
    }

    fn put_off<'a>(
        &'a self,
        number: i64,
        error: &'a str,
        again_ms: Option<u64>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let error = error.to_owned();
        self.keep_one(move |desk| outbox::put_off(desk, number, &error, again_ms))
    }

    fn panicked<'a>(
        &'a self,
        number: i64,
        error: &'a str,
        again_ms: u64,
        most: u32,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let error = error.to_owned();
        self.keep_one(move |desk| outbox::panicked(desk, number, &error, again_ms, most))
    }

    fn release<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let channel = channel.to_owned();
        self.keep_one(move |desk| outbox::release(desk, &channel))
    }
}
