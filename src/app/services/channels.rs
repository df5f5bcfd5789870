//! Channels: the functions of the generation in force run, what arrives is answered, what is to go
//! out is delivered.

use super::{
    Health, Holding, Live, Service, holding::lock_file, receiving::Receiving, telegram, telegram::Bot,
};
use crate::{
    channel::{ChannelAdapter, State},
    domain::{
        BoxFuture,
        id::HandlerId,
        plan::{ChannelKind, ChannelSpec},
        post::{Door, Parcel},
    },
    gateway::{ChannelFacts, Gateway, Outgoing, Questions, Router, deliver},
    script::{ChannelSelf, ScriptHandle},
};
use arc_swap::ArcSwap;
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long a delivery that is under way may hold up a reload.
pub(super) const HANDING_OVER: Duration = Duration::from_secs(5);

/// Runs the channels.
pub(in crate::app) struct Channels {
    pub(in crate::app) router: Arc<Router>,
    pub(in crate::app) gateway: Gateway,
    pub(in crate::app) outgoing: Arc<Outgoing>,
    pub(in crate::app) questions: Arc<Questions>,
    pub(in crate::app) running: Mutex<Vec<Running>>,
    pub(in crate::app) health: Health,
    /// What keeps other programs from running the same channels.
    pub(in crate::app) holding: Holding,
}

/// A channel that is up.
pub(in crate::app) struct Running {
    adapter: Arc<dyn ChannelAdapter>,
    /// Whose observers hear of it: those of the generation in force.
    script: Arc<ArcSwap<ScriptHandle>>,
    receiving: JoinHandle<()>,
    delivering: JoinHandle<()>,
    stop: CancellationToken,
    /// What it runs with, where it can go on under another generation.
    bot: Option<Bot>,
}

impl Running {
    async fn stop(mut self) {
        self.receiving.abort();
        let _ = (&mut self.receiving).await;
        self.stop.cancel();
        if tokio::time::timeout(HANDING_OVER, &mut self.delivering).await.is_err() {
            self.delivering.abort();
        }
        self.script.load().emit("channel.down", json!({ "channel": self.adapter.name() }));
    }
}

impl Channels {
    async fn start(&self, live: &Live, spec: &ChannelSpec) -> Option<Running> {
        let agent = spec.agent.clone().unwrap_or_else(|| live.loaded.settings.agent.clone());
        let stop = CancellationToken::new();
        let facts = Arc::new(ChannelFacts {
            name: spec.name.clone(),
            users: spec.speakers(),
            agent,
            steer: spec.steer,
        });
        // Before anything new arrives: what is older comes first.
        self.router.inherit(Arc::clone(&facts), stop.clone()).await;
        let door = self.router.door(facts);
        let script = live.loaded.script.clone();
        let adapter: Arc<dyn ChannelAdapter> = match &spec.kind {
            ChannelKind::Lua { start, send } => Arc::new(LuaChannel {
                name: spec.name.clone(),
                script: script.clone(),
                start: *start,
                send: *send,
                door: Arc::clone(&door),
            }),
            // A service of its own runs these.
            ChannelKind::Http(_) => return None,
            ChannelKind::Telegram(bot) => {
                let health = self.outgoing.health().clone();
                Arc::new(telegram::channel(&live.loaded, spec, bot, self.router.list(), health))
            }
        };
        let bot = Bot::of(&live.loaded, spec, self.router.list()).await;
        let script = Arc::new(ArcSwap::from_pointee(script));
        self.router.watch(&adapter);
        let lock = lock_file(&live.loaded, spec).await;
        let (held, holds) = watch::channel(lock.is_none());
        let tasks = &self.outgoing.health().tasks;
        let receiving = Receiving {
            adapter: Arc::clone(&adapter),
            door,
            script: Arc::clone(&script),
            health: self.health.clone(),
            tasks: tasks.clone(),
            holding: self.holding.clone(),
            lock,
            held,
        };
        let receiving = tasks.spawn(&format!("channel:{}", spec.name), move || receiving.clone().run());
        let delivering = {
            let (adapter, stop) = (Arc::clone(&adapter), stop.clone());
            let (outgoing, gateway) = (Arc::clone(&self.outgoing), self.gateway.clone());
            tasks.spawn(&format!("delivery:{}", spec.name), move || {
                let (adapter, outgoing) = (Arc::clone(&adapter), Arc::clone(&outgoing));
                let (gateway, stop, mut holds) = (gateway.clone(), stop.clone(), holds.clone());
                async move {
                    let held = tokio::select! {
                        held = holds.wait_for(|held| *held) => held.is_ok(),
                        () = stop.cancelled() => false,
                    };
                    if held {
                        deliver(&*adapter, &outgoing, &gateway, &stop).await;
                    }
                }
            })
        };
        Some(Running { adapter, script, receiving, delivering, stop, bot })
    }

    /// Stops the channels that the configuration does not have as they are; the names of those that go on.
    async fn change_over(&self, live: &Live) -> BTreeSet<String> {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut same, mut ended) = (vec![], vec![]);
        for channel in running {
            if self.is_same(live, &channel).await {
                channel.script.store(Arc::new(live.loaded.script.clone()));
                same.push(channel);
            } else {
                ended.push(channel.stop());
            }
        }
        futures_util::future::join_all(ended).await;
        let names = same.iter().map(|channel| channel.adapter.name().to_owned()).collect();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).extend(same);
        names
    }

    /// Whether a channel is up, and would run with the same under another configuration.
    async fn is_same(&self, live: &Live, channel: &Running) -> bool {
        let name = channel.adapter.name();
        let Some(spec) = live.loaded.plan.channels.get(name) else { return false };
        let up = self.health.all().get(name).is_some_and(|faring| faring.up);
        up && channel.bot.is_some() && Bot::of(&live.loaded, spec, self.router.list()).await == channel.bot
    }

    async fn stop_all(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        futures_util::future::join_all(running.into_iter().map(Running::stop)).await;
    }
}

impl Service for Channels {
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // The functions of a channel belong to their generation: those that have some change over.
            let same = self.change_over(live).await;
            let channels = &live.loaded.plan.channels;
            self.health.keep(|name| channels.contains_key(name));
            self.questions.serve(channels.values().map(|spec| (spec.name.clone(), spec.owners())));
            let default = live.loaded.settings.rates;
            self.router
                .limits()
                .change(default, channels.values().map(|spec| (spec.name.clone(), spec.rates(default))));
            for spec in channels.values().filter(|spec| !same.contains(&spec.name)) {
                let Some(running) = self.start(live, spec).await else { continue };
                self.running.lock().unwrap_or_else(PoisonError::into_inner).push(running);
            }
            self.holding.keep(|name| channels.contains_key(name)).await;
        })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.questions.serve([]);
            self.router.stop().await;
            self.stop_all().await;
            self.holding.keep(|_| false).await;
        })
    }
}

/// Tells of how a channel fares.
pub(super) fn tell(script: &ScriptHandle, channel: &str, state: State) {
    let (event, payload) = match state {
        State::Up => ("channel.up", json!({ "channel": channel })),
        State::Down { error, retry_in } => {
            let retry_in = retry_in.as_secs_f64();
            tracing::warn!(channel, retry_in, "the channel is down: {error}");
            ("channel.down", json!({ "channel": channel, "error": error, "retry_in": retry_in }))
        }
        State::Out { error } => {
            tracing::error!(channel, "the channel is down until the configuration changes: {error}");
            ("channel.down", json!({ "channel": channel, "error": error }))
        }
    };
    script.emit(event, payload);
}

/// A channel written in Lua.
struct LuaChannel {
    name: String,
    script: ScriptHandle,
    start: Option<HandlerId>,
    send: HandlerId,
    door: Arc<dyn Door>,
}

impl ChannelAdapter for LuaChannel {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, door: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let Some(start) = self.start else { return Ok(()) };
            let this = ChannelSelf::new(&self.name, door);
            self.script.start_channel(start, this).await.map_err(|error| error.to_string())
        })
    }

    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let this = ChannelSelf::new(&self.name, Arc::clone(&self.door));
            self.script.send_by_channel(self.send, this, parcel).await.map_err(|error| error.to_string())
        })
    }
}
