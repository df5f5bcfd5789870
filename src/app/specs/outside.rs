//! What reaches an engine from outside a turn: commands, messages by channels, times of jobs.

use super::{
    super::{
        commands,
        services::cron::{Jobs, zone_here},
    },
    channel::Kept,
    stage::Engine,
};
use crate::{
    cron::{Clock, Outcome, deliver, run_now, timing},
    domain::{
        BoxFuture,
        cron::NEVER,
        hook::TurnContext,
        nearest::suggestion,
        plan::CronSpec,
        post::{Arrival, Receipt},
        primitives::{FailureKind, JobEnd, Left, PrimitiveError},
    },
    gateway::{ChannelFacts, flush},
};
use std::{sync::Arc, time::Duration};

pub(super) fn io(error: impl std::fmt::Display) -> PrimitiveError {
    PrimitiveError::new(FailureKind::Io, error.to_string())
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> PrimitiveError {
    let hint = suggestion(name, known);
    PrimitiveError::new(FailureKind::NotFound, format!("there is no {what} {name:?} ({hint})"))
}

/// A clock that stands still.
struct Still(i64);

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        self.0
    }

    fn until(&self, _: i64) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Engine {
    pub(super) async fn run_command(
        &self,
        name: &str,
        typed: &str,
        context: &TurnContext,
    ) -> Result<Result<String, String>, PrimitiveError> {
        let known: Vec<_> = self.live.loaded.plan.commands.keys().map(|name| format!("/{name}")).collect();
        let result = commands::run(&self.live, name, typed, context).await;
        self.settle().await?;
        result.ok_or_else(|| unknown("command", &format!("/{name}"), known.iter().map(String::as_str)))
    }

    pub(super) async fn take(&self, arrival: Arrival) -> Result<Receipt, PrimitiveError> {
        let channels = &self.live.loaded.plan.channels;
        let spec = channels
            .get(&arrival.channel)
            .ok_or_else(|| unknown("channel", &arrival.channel, channels.keys().map(String::as_str)))?;
        let agent = spec.agent.clone().unwrap_or_else(|| self.live.loaded.settings.agent.clone());
        let facts =
            ChannelFacts { name: spec.name.clone(), users: spec.speakers(), agent, steer: spec.steer };
        let receipt = self.router.door(Arc::new(facts)).receive(arrival).await.map_err(io)?;
        self.router.settled().await;
        self.settle().await?;
        Ok(receipt)
    }

    pub(super) async fn run_job(&self, name: &str, at_ms: i64) -> Result<JobEnd, PrimitiveError> {
        let (spec, config) = (
            Arc::new(self.cron(name)?.clone()),
            self.live.loaded.located.config_name(&self.live.loaded.dirs).name,
        );
        let work = Jobs::new(&self.live, self.gateway.downgrade()).map_err(io)?;
        let (store, clock) = (self.live.loaded.memory().map_err(io)?, Still(at_ms));
        let (run, outcome) =
            run_now(spec, &config, &work, store, &clock, std::future::pending()).await.map_err(io)?;
        let Outcome { state, mut error, text } = outcome;
        if let (Some(text), None) = (&text, &error) {
            error = deliver(&run, text, &work, store, &clock, &[]).await.err();
        }
        self.settle().await?;
        Ok(JobEnd { outcome: state.as_str(), text, error })
    }

    pub(super) fn due(&self, name: &str, after_ms: i64) -> Result<Option<i64>, PrimitiveError> {
        let timing = timing(self.cron(name)?, &zone_here(&self.live.loaded).zone, after_ms);
        let (timing, _) = timing.map_err(|reason| PrimitiveError::new(FailureKind::Usage, reason))?;
        Ok(Some(timing.next_after(after_ms)).filter(|ms| *ms != NEVER))
    }

    fn cron(&self, name: &str) -> Result<&CronSpec, PrimitiveError> {
        let jobs = &self.live.loaded.plan.cron;
        jobs.get(name).ok_or_else(|| unknown("job", name, jobs.keys().map(String::as_str)))
    }

    pub(super) async fn posted(&self) -> Result<Vec<Left>, PrimitiveError> {
        self.settle().await?;
        Ok(self.mail.all())
    }

    /// Delivers what waits to be delivered, and waits until observers were told of everything.
    pub(super) async fn settle(&self) -> Result<(), PrimitiveError> {
        let loaded = &self.live.loaded;
        let outgoing = loaded.outgoing().map_err(io)?;
        for name in loaded.plan.channels.keys() {
            let channel = Kept { name: name.clone(), mail: self.mail.clone() };
            flush(&channel, &outgoing, &self.gateway).await.map_err(io)?;
        }
        loaded.script.observed().await;
        Ok(())
    }
}
