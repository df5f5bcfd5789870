//! Keeps a channel up.

use super::ChannelAdapter;
use crate::{domain::post::Door, health::Tasks};
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
    /// It does not, and nothing but another configuration will help.
    Out {
        /// Why.
        error: String,
    },
}

/// How long a channel that went down is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// As long as others.
    Usual,
    /// At least so long.
    AtLeast(Duration),
    /// For good: what is wrong does not mend itself.
    ForGood,
}

/// Runs a channel, again and again, also after a panic in it. Dropping the future ends it.
pub async fn supervise(
    adapter: &dyn ChannelAdapter,
    door: Arc<dyn Door>,
    tasks: &Tasks,
    tell: impl Fn(State),
) {
    let task = format!("channel:{}", adapter.name());
    let mut wait = RESTART_FIRST;
    loop {
        let began = Instant::now();
        let work = async {
            adapter.open().await?;
            tell(State::Up);
            adapter.run(Arc::clone(&door)).await
        };
        let ended = match tasks.guard(&task, work).await {
            Ok(ended) => ended,
            Err(panic) => Err(format!("a fault of the program: {panic}")),
        };
        let Err(error) = ended else {
            // It has nothing more to do than to deliver.
            return std::future::pending().await;
        };
        if began.elapsed() >= RESTART_LONGEST {
            wait = RESTART_FIRST;
        }
        let retry_in = match adapter.rest() {
            Rest::Usual => wait,
            Rest::AtLeast(least) => wait.max(least),
            Rest::ForGood => {
                tell(State::Out { error });
                return std::future::pending().await;
            }
        };
        tell(State::Down { error, retry_in });
        tokio::time::sleep(retry_in).await;
        wait = (wait * 2).min(RESTART_LONGEST);
    }
}
