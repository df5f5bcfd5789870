//! Messages by HTTP: a program sends one, and waits for the answer, comes back for it, or is called back.
//!
//! Everything that is said is kept by the message's id, so that a program that was cut off asks again
//! and gets the same answer, also after this one was killed.

mod callback;
mod failure;
mod guard;
mod limits;
mod listen;
mod message;
mod query;
mod routes;
mod waiting;

pub use limits::{
    AT_ONCE, BODY_WITHIN, CALLBACK_WITHIN, HEADERS_WITHIN, LONGEST_WAIT, MAX_BODY_BYTES, MAX_CONNECTIONS,
    MAX_HEADER_BYTES, MAX_HEADERS, MIN_TOKEN_CHARS, WAIT,
};

use super::{ChannelAdapter, Way};
use crate::{
    domain::{
        BoxFuture,
        post::{Door, Parcel},
        secret::Secret,
    },
    net,
};
use arc_swap::ArcSwap;
use guard::Guard;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiting::{News, Waiting};

/// What a channel goes by. Can be changed while it is up.
pub struct Terms {
    /// The token that lets programs in; `None`: all programs of this machine are let in.
    pub token: Option<Secret>,
    /// Who may speak; `*` alone: everybody.
    pub users: Vec<String>,
    /// Where what is no answer goes; else it waits to be asked for.
    pub callback: Option<String>,
    /// Signs what is sent; else the token does.
    pub signing: Option<Secret>,
    /// Where messages are handed in.
    pub door: Arc<dyn Door>,
    /// The way to those who are called back.
    pub web: net::Client,
}

struct Inner {
    terms: Terms,
    guard: Guard,
}

impl Terms {
    fn checked(self) -> Result<Arc<Inner>, String> {
        Ok(Arc::new(Inner { guard: Guard::new(self.token.as_ref())?, terms: self }))
    }
}

/// Is told where a channel listens.
type Up = Box<dyn Fn(SocketAddr) + Send + Sync>;

/// A channel for programs.
pub struct HttpChannel {
    name: String,
    listen: ArcSwap<SocketAddr>,
    inner: ArcSwap<Inner>,
    waiting: Waiting,
    connections: AtomicUsize,
    tasks: TaskTracker,
    closing: CancellationToken,
    up: Up,
}

impl HttpChannel {
    /// A channel that will listen there; `up` is told when it does.
    ///
    /// # Errors
    /// When the token is none.
    pub fn new(name: &str, listen: SocketAddr, terms: Terms, up: Up) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self {
            name: name.to_owned(),
            listen: ArcSwap::from_pointee(listen),
            inner: ArcSwap::new(terms.checked()?),
            waiting: Waiting::default(),
            connections: AtomicUsize::new(0),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            up,
        }))
    }

    /// From now on it goes by these terms. Requests under way go on.
    ///
    /// # Errors
    /// When the token is none. Then nothing changed.
    pub fn change(&self, listen: SocketAddr, terms: Terms) -> Result<(), String> {
        self.inner.store(terms.checked()?);
        self.listen.store(Arc::new(listen));
        Ok(())
    }

    /// Ends the connections. Requests that wait are told to come back for their answers.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(limits::CLOSING, self.tasks.wait()).await;
    }

    /// A message ended, and there is no answer.
    pub fn ended(&self, id: &str) {
        self.waiting.tell(id, &News::Ended);
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A channel that others hold as well.
impl ChannelAdapter for Arc<HttpChannel> {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, _: Arc<dyn Door>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(listen::serve(self))
    }

    fn send(&self, parcel: Parcel) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let inner = self.inner.load_full();
            match self.url(&parcel) {
                Some(url) => callback::call(&inner.terms, &self.name, &url, parcel).await,
                None => Ok(()),
            }
        })
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn way(&self, parcel: &Parcel) -> Way {
        if self.url(parcel).is_some() { Way::KeepAndSend } else { Way::Keep }
    }

    fn kept(&self, parcel: &Parcel) {
        let text = parcel.content.text.clone();
        if let Some(answered) = parcel.answers.clone() {
            let id = answered.id.clone();
            self.waiting.tell(&id, &News::Answered { answered, text });
        } else if let Some(id) = parcel.content.question.clone() {
            self.waiting.tell_conversation(&parcel.conversation, &News::Question { id, text });
        }
    }
}

impl HttpChannel {
    /// Where a message is sent.
    fn url(&self, parcel: &Parcel) -> Option<String> {
        let general = || self.inner.load().terms.callback.clone();
        match (&parcel.callback, &parcel.answers) {
            (Some(url), _) => Some(url.clone()),
            // Whoever sent it did not ask to be called back.
            (None, Some(_)) => None,
            (None, None) => general(),
        }
    }
}
