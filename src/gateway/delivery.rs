//! Delivers what goes out by a channel: in order in each conversation, again when it fails.

use super::{Gateway, Outgoing};
use crate::{
    channel::{ChannelAdapter, Progress, Undelivered, Way},
    domain::{
        BoxFuture,
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        post::{Parcel, Stamp},
        store::{StoreError, delayed_is_fine},
    },
    health::chaos,
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A message that was tried so often and not delivered is given up.
pub const MAX_ATTEMPTS: u32 = 8;
/// A message whose delivery panicked so often is set aside.
pub const MAX_DELIVERY_PANICS: u32 = 2;
/// What a conversation is told of a message that was set aside.
const SET_ASIDE: &str =
    "A message to you could not be delivered (a fault of the program); `openpista outbox list` shows it.";
/// The wait before the second attempt; it doubles each time.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
pub const RETRY_LONGEST: Duration = Duration::from_secs(300);
/// How often to look for messages that another program has put on their way.
pub const LOOK_EVERY: Duration = Duration::from_secs(30);
/// So often nothing is looked for where nobody has written anything; then it is, all the same.
const QUIET_LOOKS: u32 = 10;
/// The wait after the database said no.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Delivers until `stop`; what is under way then is ended first.
pub async fn deliver(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    gateway: &Gateway,
    stop: &CancellationToken,
) {
    let channel = adapter.name();
    let (bell, most) = (outgoing.bell(channel), adapter.at_once());
    if let Err(error) = outgoing.post().release(channel).await {
        tracing::warn!(channel, %error, "what was being delivered cannot be looked up");
    }
    tokio::select! {
        () = adapter.ready() => {}
        () = stop.cancelled() => return,
    }
    // A conversation whose message is under way has no other one due: a slow one holds up nobody else.
    let mut under_way = FuturesUnordered::new();
    while !stop.is_cancelled() {
        chaos::point("delivery-loop");
        let stamp = outgoing.post().stamp();
        let late = outgoing.post().stored_late();
        let wait = match take(adapter, outgoing, most - under_way.len()).await {
            Ok((parcels, due)) => {
                let many = parcels.len();
                under_way.extend(parcels.into_iter().map(|parcel| one(adapter, outgoing, gateway, parcel)));
                // There may be more, now that these are taken.
                if many > 0 && under_way.len() < most { Some(Duration::ZERO) } else { due }
            }
            Err(error) => {
                tracing::warn!(channel, %error, "messages cannot be delivered");
                Some(AFTER_ERROR)
            }
        };
        tokio::select! {
            () = bell.notified() => {}
            () = late => {}
            () = pause(outgoing, stamp, wait) => {}
            () = stop.cancelled() => {}
            Some(done) = under_way.next() => tell(channel, done),
        }
        // What has ended meanwhile, too, before the next look.
        while let Some(Some(done)) = under_way.next().now_or_never() {
            tell(channel, done);
        }
    }
    while let Some(done) = under_way.next().await {
        tell(channel, done);
    }
}

fn tell(channel: &str, done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(channel, %error, "what became of a message cannot be stored");
    }
}

/// Waits for what is due then. Where nothing is: until something was written, by another program.
async fn pause(outgoing: &Outgoing, stamp: Option<Stamp>, due: Option<Duration>) {
    if let Some(due) = due {
        return tokio::time::sleep(due.min(LOOK_EVERY)).await;
    }
    for _ in 0..QUIET_LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        if stamp.is_none() || outgoing.post().stamp() != stamp {
            return;
        }
    }
}

/// What is due, and when more will be.
async fn take(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    room: usize,
) -> Result<(Vec<Parcel>, Option<Duration>), StoreError> {
    if room == 0 {
        return Ok((vec![], Some(LOOK_EVERY)));
    }
    let (parcels, due) =
        tokio::join!(outgoing.post().due(adapter.name(), room), outgoing.post().next_due(adapter.name()));
    let parcels = parcels?;
    if !parcels.is_empty() {
        return Ok((parcels, Some(LOOK_EVERY)));
    }
    let due = due?;
    Ok((parcels, due.map(|ms| Duration::from_millis(ms.max(1)))))
}

/// Delivers all that is due, and returns.
///
/// # Errors
/// Where the database says no.
pub async fn flush(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    gateway: &Gateway,
) -> Result<(), StoreError> {
    loop {
        let parcels = outgoing.post().due(adapter.name(), 1).await?;
        if parcels.is_empty() {
            return Ok(());
        }
        for parcel in parcels {
            one(adapter, outgoing, gateway, parcel).await?;
        }
    }
}

/// Where the progress of one message is kept.
struct Kept<'a> {
    outgoing: &'a Outgoing,
    number: i64,
}

impl Progress for Kept<'_> {
    fn arrived(&self, parts: u32) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { delayed_is_fine(self.outgoing.post().part(self.number, parts).await) })
    }
}

/// Stores the words of a message where that is wanted; true when nothing is left to do.
async fn keep(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    parcel: &Parcel,
    way: Way,
) -> Result<bool, StoreError> {
    // Later attempts say the same.
    if way == Way::Keep || (way == Way::KeepAndSend && parcel.attempt == 1) {
        let words = parcel.content.text.clone();
        delayed_is_fine(outgoing.post().said(parcel.number, words, way == Way::Keep).await)?;
        adapter.kept(parcel);
    }
    Ok(way == Way::Keep)
}

/// Delivers one message. One whose delivery panics twice is set aside, and its conversation is told.
async fn one(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    gateway: &Gateway,
    parcel: Parcel,
) -> Result<(), StoreError> {
    let (channel, number, attempt) = (adapter.name(), parcel.number, parcel.attempt);
    let (conversation, is_word) = (parcel.conversation.clone(), parcel.content.text == SET_ASIDE);
    let task = format!("delivery:{channel}");
    let tasks = &outgoing.health().tasks;
    let error = match tasks.guard(&task, attempted(adapter, outgoing, gateway, parcel)).await {
        Ok(done) => return done,
        Err(panic) => format!("a fault of the program: {panic}"),
    };
    let wait = backoff(attempt).as_millis() as u64;
    let set_aside = match outgoing.post().panicked(number, &error, wait, MAX_DELIVERY_PANICS).await {
        Err(error) if error.is_delayed() => return Ok(()),
        other => other?,
    };
    if set_aside {
        tracing::error!(channel, number, "a message was set aside (`openpista outbox list`): {error}");
        if !is_word {
            outgoing.send(channel, &conversation, SET_ASIDE).await?;
        }
    }
    Ok(())
}

fn backoff(attempt: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(RETRY_LONGEST)
}

async fn attempted(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    gateway: &Gateway,
    mut parcel: Parcel,
) -> Result<(), StoreError> {
    let (channel, number, attempt) = (adapter.name(), parcel.number, parcel.attempt);
    let to = format!("{channel}:{}", parcel.conversation);
    let context = TurnContext {
        session: SessionId::from(""),
        turn: TurnId::from(""),
        agent: String::new(),
        origin: Origin { channel: channel.to_owned(), user: parcel.conversation.clone() },
        depth: 0,
    };
    let hooks = gateway.current().hooks.clone();
    let way = adapter.way(&parcel);
    match hooks.outbound(std::mem::take(&mut parcel.content.text), &to, &context).await {
        Ok(text) => parcel.content.text = text,
        Err(why) => {
            tracing::info!(to, why, "a message does not leave");
            let way = if way == Way::Send { Way::Send } else { Way::Keep };
            if !keep(adapter, outgoing, &parcel, way).await? {
                delayed_is_fine(outgoing.post().delivered(number).await)?;
            }
            return Ok(());
        }
    }
    if keep(adapter, outgoing, &parcel, way).await? {
        return Ok(());
    }
    chaos::point("delivery");
    let Err(kept) = adapter.deliver(parcel, &Kept { outgoing, number }).await else {
        return delayed_is_fine(outgoing.post().delivered(number).await);
    };
    let error = kept.error().to_owned();
    let wait = match kept {
        Undelivered::Away { again, doubtful, .. } => {
            if doubtful {
                delayed_is_fine(outgoing.post().doubt(number).await)?;
            }
            again.unwrap_or_else(|| backoff(attempt))
        }
        Undelivered::Failed(_) if attempt < MAX_ATTEMPTS => backoff(attempt),
        Undelivered::Failed(_) | Undelivered::Refused(_) => {
            let message = format!("a message to {to} was not delivered in {attempt} attempt(s): {error}");
            tracing::error!("{message}");
            hooks.tell(&context, "error", || json!({ "kind": "delivery", "message": message }));
            return delayed_is_fine(outgoing.post().put_off(number, &error, None).await);
        }
    };
    tracing::warn!(to, attempt, wait_s = wait.as_secs_f64(), "a message was not delivered: {error}");
    delayed_is_fine(outgoing.post().put_off(number, &error, Some(wait.as_millis() as u64)).await)
}
