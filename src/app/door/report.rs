//! How the engine is, and which conversations there are.

use super::{answer::DoorHandler, talk::channel_of};
use crate::{
    domain::{causes::causes, store::StoreError},
    quic::{Peer, protocol::Refusal},
};
use serde_json::{Value, json};

/// Conversations that are listed where nobody says how many.
const LISTED: u32 = 20;
/// The most conversations that are listed: they have to fit into a frame.
pub(super) const MOST_LISTED: u32 = 1_000;

impl DoorHandler {
    pub(super) async fn status(&self, peer: &Peer) -> Result<Value, Refusal> {
        let mut status = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "generation": self.app.generation(),
            "uptime_s": self.place.since.elapsed().as_secs(),
            "questions": self.questions.open((!self.is_owner(peer)).then_some(&peer.device)),
        });
        // What the rest tells is of no concern to guests.
        if let (true, Value::Object(status)) = (self.is_owner(peer), &mut status)
            && let Value::Object(more) = self.details().await?
        {
            status.extend(more);
        }
        Ok(status)
    }

    async fn details(&self) -> Result<Value, Refusal> {
        let (listen, listen_error) = self.place.described();
        let live = self.app.live.load_full();
        let traffic = self.place.traffic();
        let counts: serde_json::Map<_, _> =
            self.lanes.counts().into_iter().map(|(id, count)| (id.to_string(), count.into())).collect();
        let jobs = match live.loaded.jobs().await {
            Ok(jobs) => jobs
                .iter()
                .map(|job| json!({ "name": job.spec.name, "next_ms": job.next_ms, "next": job.next }))
                .collect(),
            Err(error) => json!({ "error": causes(error.as_ref()) }),
        };
        let mut details = json!({
            "pid": std::process::id(),
            "listen": listen,
            "listen_error": listen_error,
            "fingerprint": self.place.fingerprint().to_string(),
            "config": live.loaded.located.init,
            "reload_error": self.app.fault(),
            "database_error": self.app.memory().damage(),
            "abandoned_lua_threads": self.app.abandoned(),
            "channels": self.app.health.all(),
            "tasks": live.loaded.process().health.tasks.failures(),
            "dropped": live.loaded.process().health.dropped.all(),
            "cron": jobs,
            "connections": traffic.map(|traffic| traffic.connections),
            "requests": traffic.map(|traffic| traffic.requests),
            "turns": counts,
        });
        if let Some(outage) = self.app.memory().outage() {
            details["database"] = json!({
                "error": outage.error,
                "waiting": outage.waiting,
                "since_s": outage.since.elapsed().map_or(0, |time| time.as_secs()),
            });
        }
        Ok(details)
    }

    pub(super) async fn sessions(&self, peer: &Peer, limit: Option<u32>) -> Result<Value, Refusal> {
        let limit = limit.unwrap_or(LISTED).min(MOST_LISTED) as usize;
        let memory = self.app.memory();
        let sessions = if self.is_owner(peer) {
            memory.sessions(limit).await
        } else {
            memory.sessions_on(&channel_of(&peer.device), limit).await
        };
        let sessions = sessions.map_err(|error: StoreError| Refusal::from(error))?;
        Ok(json!({ "sessions": sessions }))
    }
}
