//! The in-process door: an envelope goes in, a turn runs, its events come out.
//!
//! Every front hands its messages in here, so that all of them get the same treatment. What answers
//! is a [`Setup`], made from one generation of the configuration; a reload swaps it, and turns under
//! way end with the one that they began with.

mod delivery;
mod later;
mod outgoing;
mod questions;
mod rates;
mod roster;
mod router;
mod setup;
mod submit;

pub use delivery::{
    LOOK_EVERY, MAX_ATTEMPTS, MAX_DELIVERY_PANICS, RETRY_FIRST, RETRY_LONGEST, deliver, flush,
};
pub use outgoing::{Ended, Outgoing};
pub use questions::{ANSWER_TIME, ANSWERS_EVERY, MAX_OPEN, MAX_QUESTION_CHARS, Questions};
pub use rates::{Counter, FAILURES, Limits, MAX_COUNTED, TooOften};
pub use roster::{AgentEntry, IndexFn, PromptSource, Roster};
pub use router::{
    ChannelFacts, Commands, MAILBOX, MAX_ID_BYTES, MAX_MESSAGE_BYTES, MAX_NOTES, OTHERS_EVERY, Router,
};
pub use setup::Setup;

use crate::{
    domain::{envelope::Envelope, event::Observer, id::SessionId},
    policy::Later,
};
use arc_swap::ArcSwap;
use later::Current;
use std::sync::{Arc, Weak};
use tokio_util::sync::CancellationToken;

/// Takes messages and has them answered. Clones share one.
#[derive(Clone)]
pub struct Gateway {
    current: Arc<ArcSwap<Setup>>,
}

/// How one message is to be treated.
pub struct Delivery {
    /// The message.
    pub envelope: Envelope,
    /// The conversation that it belongs to.
    pub session: SessionId,
    /// `provider/model` in place of the agent's own.
    pub model: Option<String>,
    /// How many turns wait for this one to end.
    pub depth: u32,
    /// Is told of everything.
    pub observer: Arc<dyn Observer>,
    /// Stops the turn.
    pub cancel: CancellationToken,
}

/// A door that does not keep what is behind it.
#[derive(Clone)]
pub struct WeakGateway(Weak<ArcSwap<Setup>>);

impl WeakGateway {
    /// The door, if it is still there.
    pub fn upgrade(&self) -> Option<Gateway> {
        self.0.upgrade().map(|current| Gateway { current })
    }
}

impl Gateway {
    /// A door to the agents of a setup.
    pub fn new(setup: Arc<Setup>) -> Self {
        Self { current: Arc::new(ArcSwap::new(setup)) }
    }

    /// The same door, for what is behind it.
    pub fn downgrade(&self) -> WeakGateway {
        WeakGateway(Arc::downgrade(&self.current))
    }

    /// From now on messages are answered by `setup`. Returns the one that was in force.
    pub fn install(&self, setup: Arc<Setup>) -> Arc<Setup> {
        self.current.swap(setup)
    }

    /// What answers now.
    pub fn current(&self) -> Arc<Setup> {
        self.current.load_full()
    }

    /// Tells turns that began with `setup` of newer ones.
    pub fn later(&self, setup: &Setup) -> Arc<dyn Later> {
        Arc::new(Current { current: Arc::clone(&self.current), began: setup.generation })
    }
}
