//! Channels that lead nowhere: what leaves by them is kept.

use crate::{
    channel::ChannelAdapter,
    domain::{
        BoxFuture,
        post::{Door, Parcel},
        primitives::Left,
    },
    script::Sink,
};
use std::sync::{Arc, Mutex, PoisonError};

/// The messages that left.
#[derive(Clone, Default)]
pub(super) struct Mail(Arc<Mutex<Vec<Left>>>);

impl Mail {
    fn put(&self, to: String, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Left { to, text });
    }

    pub(super) fn all(&self) -> Vec<Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The person at the terminal.
    pub(super) fn terminal(&self) -> Sink {
        let mail = self.clone();
        Arc::new(move |text| mail.put("repl".into(), text.to_owned()))
    }
}

/// A channel.
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) mail: Mail,
}

impl ChannelAdapter for Kept {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, _: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>> {
        self.mail.put(format!("{}:{}", self.name, parcel.conversation), parcel.content.text);
        Box::pin(std::future::ready(Ok(())))
    }
}
