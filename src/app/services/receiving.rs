//! What a channel does as long as it is declared: it waits until no other program runs it, then it is kept up.

use super::{Health, Holding, channels::tell, holding::LOOK_EVERY};
use crate::{
    channel::{ChannelAdapter, State, supervise},
    domain::post::Door,
    health::Tasks,
    script::ScriptHandle,
};
use arc_swap::ArcSwap;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// What a channel is kept up with.
#[derive(Clone)]
pub(super) struct Receiving {
    pub(super) adapter: Arc<dyn ChannelAdapter>,
    pub(super) door: Arc<dyn Door>,
    /// Whose observers hear of it.
    pub(super) script: Arc<ArcSwap<ScriptHandle>>,
    pub(super) health: Health,
    pub(super) tasks: Tasks,
    pub(super) holding: Holding,
    /// What keeps other programs from running it, where that is needed.
    pub(super) lock: Option<PathBuf>,
    /// Is told when this program runs it.
    pub(super) held: watch::Sender<bool>,
}

impl Receiving {
    /// Does not return. Dropping the future ends the channel.
    pub(super) async fn run(self) {
        let Self { adapter, door, script, health, tasks, holding, lock, held } = self;
        let tell = |state: State| tell(&script.load(), adapter.name(), state);
        if let Some(lock) = lock {
            let told = AtomicBool::new(false);
            let busy = |error: String| {
                let state = State::Down { error, retry_in: LOOK_EVERY };
                health.note(adapter.name(), &state);
                if !told.swap(true, Ordering::Relaxed) {
                    tell(state);
                }
            };
            holding.hold(adapter.name(), lock, busy).await;
        }
        held.send_replace(true);
        let noted = |state: State| {
            health.note(adapter.name(), &state);
            tell(state);
        };
        supervise(&*adapter, door, &tasks, noted).await;
    }
}
