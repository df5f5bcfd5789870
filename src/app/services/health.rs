//! How the channels fare, for those who ask.

use crate::channel::State;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How each channel fares. Clones share it.
#[derive(Clone, Default)]
pub(in crate::app) struct Health(Arc<Mutex<BTreeMap<String, Faring>>>);

/// How a channel fares.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::app) struct Faring {
    /// Whether it is up.
    pub(in crate::app) up: bool,
    /// Where it listens, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::app) listen: Option<String>,
    /// Why it was down last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::app) last_error: Option<String>,
    /// After so many seconds it is started again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::app) retry_in_s: Option<f64>,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Faring>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A channel's state has changed.
    pub(in crate::app) fn note(&self, channel: &str, state: &State) {
        let mut all = self.lock();
        let faring = all.entry(channel.to_owned()).or_default();
        match state {
            State::Up => (faring.up, faring.retry_in_s) = (true, None),
            State::Down { error, retry_in } => {
                let (error, retry_in_s) = (Some(error.clone()), Some(retry_in.as_secs_f64()));
                *faring = Faring { up: false, listen: None, last_error: error, retry_in_s };
            }
            State::Out { error } => {
                *faring = Faring { last_error: Some(error.clone()), ..Faring::default() };
            }
        }
    }

    /// A channel listens there now.
    pub(in crate::app) fn listens(&self, channel: &str, here: std::net::SocketAddr) {
        self.note(channel, &State::Up);
        self.lock().entry(channel.to_owned()).or_default().listen = Some(here.to_string());
    }

    /// There are no other channels than these any more.
    pub(in crate::app) fn keep<'a>(&self, channels: impl Fn(&str) -> bool + 'a) {
        self.lock().retain(|name, _| channels(name));
    }

    /// How all of them fare.
    pub(in crate::app) fn all(&self) -> BTreeMap<String, Faring> {
        self.lock().clone()
    }
}
