//! Channels for programs, by HTTP. A reload leaves their sockets and connections alone unless they are to
//! listen elsewhere.

use super::{Channels, Health, Live, Service};
use crate::{
    channel::{
        ChannelAdapter, State,
        http::{HttpChannel, Terms},
        supervise,
    },
    domain::{
        BoxFuture,
        plan::{ChannelKind, ChannelSpec, HttpSpec, Steer},
        secret::{Secret, SecretRef},
    },
    gateway::{ChannelFacts, Ended, Gateway, Outgoing, Router, deliver},
    script::ScriptHandle,
};
use arc_swap::ArcSwap;
use serde_json::json;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Runs them.
pub(in crate::app) struct Webhooks {
    router: Arc<Router>,
    gateway: Gateway,
    outgoing: Arc<Outgoing>,
    health: Health,
    running: Mutex<BTreeMap<String, Running>>,
}

/// One that is up.
struct Running {
    channel: Arc<HttpChannel>,
    listen: SocketAddr,
    receiving: JoinHandle<()>,
    delivering: JoinHandle<()>,
    stop: CancellationToken,
    told: Arc<Told>,
    /// Hears of messages without an answer; the way out knows it weakly.
    _silence: Arc<dyn Ended>,
}

/// Whoever is told how a channel fares: the functions of the generation in force.
struct Told {
    name: String,
    script: ArcSwap<ScriptHandle>,
    health: Health,
}

impl Told {
    fn up(&self, here: SocketAddr) {
        tracing::info!(channel = self.name, %here, "listens");
        self.health.listens(&self.name, here);
        self.script.load().emit("channel.up", json!({ "channel": self.name, "listen": here.to_string() }));
    }

    fn down(&self, error: Option<&str>, retry_in: Option<Duration>) {
        if let Some(error) = error {
            tracing::error!(channel = self.name, "the channel is down: {error}");
            match retry_in {
                Some(retry_in) => {
                    self.health.note(&self.name, &State::Down { error: error.to_owned(), retry_in })
                }
                None => self.health.note(&self.name, &State::Out { error: error.to_owned() }),
            }
        }
        let retry_in = retry_in.map(|wait| wait.as_secs_f64());
        let state = json!({ "channel": self.name, "error": error, "retry_in": retry_in });
        self.script.load().emit("channel.down", state);
    }
}

struct Silence(Arc<HttpChannel>);

impl Ended for Silence {
    fn ended(&self, id: &str) {
        self.0.ended(id);
    }
}

impl Webhooks {
    pub(in crate::app) fn new(channels: &Channels) -> Self {
        let Channels { router, gateway, outgoing, health, .. } = channels;
        let (router, gateway, outgoing) = (Arc::clone(router), gateway.clone(), Arc::clone(outgoing));
        Self { router, gateway, outgoing, health: health.clone(), running: Mutex::default() }
    }

    /// The terms that a declaration means, and who the router takes messages from.
    async fn terms(&self, live: &Live, spec: &ChannelSpec, http: &HttpSpec) -> Result<Terms, String> {
        let secrets = &live.loaded.secrets;
        let fetch = |place: Option<SecretRef>| async move {
            let Some(place) = place else { return Ok(None::<Secret>) };
            secrets.resolve(&place).await.map(Some).map_err(|error| error.to_string())
        };
        let agent = spec.agent.clone().unwrap_or_else(|| live.loaded.settings.agent.clone());
        let facts =
            ChannelFacts { name: spec.name.clone(), users: spec.users.clone(), agent, steer: spec.steer };
        Ok(Terms {
            token: fetch(http.token.clone()).await?,
            users: spec.users.clone(),
            callback: http.callback.clone(),
            signing: fetch(http.signing.clone()).await?,
            door: self.router.quiet_door(Arc::new(facts)),
            web: live.loaded.web.clone(),
        })
    }

    fn start(&self, told: Arc<Told>, listen: SocketAddr, terms: Terms) -> Result<Running, String> {
        let name = told.name.clone();
        let up = {
            let told = Arc::clone(&told);
            Box::new(move |here| told.up(here))
        };
        let channel = HttpChannel::new(&name, listen, terms, up)?;
        let silence: Arc<dyn Ended> = Arc::new(Silence(Arc::clone(&channel)));
        let weak: Weak<dyn Ended> = Arc::downgrade(&silence);
        self.outgoing.tell(&name, weak);
        let stop = CancellationToken::new();
        let delivering = {
            let (adapter, stop) = (Arc::clone(&channel), stop.clone());
            let (outgoing, gateway) = (Arc::clone(&self.outgoing), self.gateway.clone());
            self.outgoing.health().tasks.spawn(&format!("delivery:{name}"), move || {
                let (adapter, outgoing) = (Arc::clone(&adapter), Arc::clone(&outgoing));
                let (gateway, stop) = (gateway.clone(), stop.clone());
                async move { deliver(&adapter, &outgoing, &gateway, &stop).await }
            })
        };
        let receiving = self.receive(&channel, &told);
        Ok(Running { channel, listen, receiving, delivering, stop, told, _silence: silence })
    }

    /// Listens, again and again.
    fn receive(&self, channel: &Arc<HttpChannel>, told: &Arc<Told>) -> JoinHandle<()> {
        let (adapter, told) = (Arc::clone(channel), Arc::clone(told));
        let door = self.router.quiet_door(Arc::new(ChannelFacts {
            name: told.name.clone(),
            users: vec![],
            agent: String::new(),
            steer: Steer::Wait,
        }));
        let tasks = self.outgoing.health().tasks.clone();
        tokio::spawn(async move {
            supervise(&adapter as &dyn ChannelAdapter, door, &tasks, |state| match state {
                // It says so by itself when it does.
                State::Up => {}
                State::Down { error, retry_in } => told.down(Some(&error), Some(retry_in)),
                State::Out { error } => told.down(Some(&error), None),
            })
            .await;
        })
    }

    /// Brings one channel to what a generation declares. `None`: it cannot be.
    async fn bring(
        &self,
        live: &Live,
        spec: &ChannelSpec,
        http: &HttpSpec,
        old: Option<Running>,
    ) -> Option<Running> {
        let script = live.loaded.script.clone();
        let told = match &old {
            Some(running) => Arc::clone(&running.told),
            None => Arc::new(Told {
                name: spec.name.clone(),
                script: ArcSwap::from_pointee(script.clone()),
                health: self.health.clone(),
            }),
        };
        told.script.store(Arc::new(script));
        let result = match self.terms(live, spec, http).await {
            Err(error) => Err((error, old)),
            Ok(terms) => match old {
                None => self.start(Arc::clone(&told), http.listen, terms).map_err(|error| (error, None)),
                Some(mut running) => match running.channel.change(http.listen, terms) {
                    Err(error) => Err((error, Some(running))),
                    Ok(()) => {
                        if running.listen != http.listen {
                            running.receiving.abort();
                            let _ = (&mut running.receiving).await;
                            running.receiving = self.receive(&running.channel, &told);
                            running.listen = http.listen;
                        }
                        Ok(running)
                    }
                },
            },
        };
        match result {
            Ok(running) => Some(running),
            Err((error, old)) => {
                // What it was before would let in whoever no longer may.
                told.down(Some(&format!("{}: {error}", spec.location)), None);
                if let Some(old) = old {
                    old.stop(false).await;
                }
                None
            }
        }
    }
}

impl Running {
    async fn stop(mut self, tell: bool) {
        self.receiving.abort();
        let _ = (&mut self.receiving).await;
        self.channel.close().await;
        self.stop.cancel();
        if tokio::time::timeout(super::channels::HANDING_OVER, &mut self.delivering).await.is_err() {
            self.delivering.abort();
        }
        if tell {
            self.told.down(None, None);
        }
    }
}

impl Service for Webhooks {
    fn apply<'a>(&'a self, live: &'a Arc<Live>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut running = self.running.lock().await;
            let mut old = std::mem::take(&mut *running);
            for spec in live.loaded.plan.channels.values() {
                let ChannelKind::Http(http) = &spec.kind else { continue };
                let before = old.remove(&spec.name);
                if let Some(now) = self.bring(live, spec, http, before).await {
                    running.insert(spec.name.clone(), now);
                }
            }
            for gone in old.into_values() {
                gone.stop(true).await;
            }
        })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let all = std::mem::take(&mut *self.running.lock().await);
            futures_util::future::join_all(all.into_values().map(|running| running.stop(true))).await;
        })
    }
}
