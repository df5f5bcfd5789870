//! Delivers what goes out by a channel: in order in each conversation, again when it fails.

use super::{Gateway, Outgoing};
use crate::{
    channel::ChannelAdapter,
    domain::{
        envelope::Origin,
        hook::TurnContext,
        id::{SessionId, TurnId},
        post::Parcel,
        store::StoreError,
    },
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// So many messages of a channel are delivered at the same time, each to another conversation.
pub const MAX_AT_ONCE: usize = 8;
/// A message that was tried so often and not delivered is given up.
pub const MAX_ATTEMPTS: u32 = 8;
/// The wait before the second attempt; it doubles each time.
pub const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
pub const RETRY_LONGEST: Duration = Duration::from_secs(300);
/// How often to look for messages that another program has put on their way.
pub const LOOK_EVERY: Duration = Duration::from_secs(30);
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
    let bell = outgoing.bell(channel);
    if let Err(error) = outgoing.post().release(channel).await {
        tracing::warn!(channel, %error, "what was being delivered cannot be looked up");
    }
    while !stop.is_cancelled() {
        let wait = match round(adapter, outgoing, gateway).await {
            Ok(0) => match outgoing.post().next_due(channel).await {
                Ok(due) => due.map_or(LOOK_EVERY, |ms| Duration::from_millis(ms.max(1)).min(LOOK_EVERY)),
                Err(_) => AFTER_ERROR,
            },
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(channel, %error, "messages cannot be delivered");
                AFTER_ERROR
            }
        };
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
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
    while round(adapter, outgoing, gateway).await? > 0 {}
    Ok(())
}

/// Delivers what is due; says how many messages that were.
async fn round(
    adapter: &dyn ChannelAdapter,
    outgoing: &Outgoing,
    gateway: &Gateway,
) -> Result<usize, StoreError> {
    let parcels = outgoing.post().due(adapter.name(), MAX_AT_ONCE).await?;
    let count = parcels.len();
    for done in join_all(parcels.into_iter().map(|parcel| one(adapter, outgoing, gateway, parcel))).await {
        done?;
    }
    Ok(count)
}

async fn one(
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
    match hooks.outbound(std::mem::take(&mut parcel.content.text), &to, &context).await {
        Ok(text) => parcel.content.text = text,
        Err(why) => {
            tracing::info!(to, why, "a message does not leave");
            return outgoing.post().delivered(number).await;
        }
    }
    let Err(error) = adapter.send(parcel).await else { return outgoing.post().delivered(number).await };
    if attempt >= MAX_ATTEMPTS {
        let message = format!("a message to {to} was not delivered in {attempt} attempts: {error}");
        tracing::error!("{message}");
        hooks.tell(&context, "error", || json!({ "kind": "delivery", "message": message }));
        return outgoing.post().put_off(number, &error, None).await;
    }
    let wait = RETRY_FIRST.saturating_mul(1 << (attempt - 1)).min(RETRY_LONGEST);
    tracing::warn!(to, attempt, wait_s = wait.as_secs(), "a message was not delivered: {error}");
    outgoing.post().put_off(number, &error, Some(wait.as_millis() as u64)).await
}
