//! Keeps a channel up.

use super::ChannelAdapter;
use crate::domain::post::Door;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The wait before a channel that went down is started again; it doubles each time.
pub const RESTART_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait. A channel that was up as long begins with the first one again.
pub const RESTART_LONGEST: Duration = Duration::from_secs(60);

/// How a channel fares.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It runs.
    Up,
    /// It does not, and is started again.
    Down {
        /// Why.
        error: String,
        /// When.
        retry_in: Duration,
    },
}

/// Runs a channel, again and again. Dropping the future ends it.
pub async fn supervise(adapter: &dyn ChannelAdapter, door: Arc<dyn Door>, tell: impl Fn(State)) {
    let mut wait = RESTART_FIRST;
    loop {
        tell(State::Up);
        let began = Instant::now();
        let Err(error) = adapter.run(Arc::clone(&door)).await else {
            // It has nothing more to do than to deliver.
            return std::future::pending().await;
        };
        if began.elapsed() >= RESTART_LONGEST {
            wait = RESTART_FIRST;
        }
        tell(State::Down { error, retry_in: wait });
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RESTART_LONGEST);
    }
}
