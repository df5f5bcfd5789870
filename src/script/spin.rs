//! Looking for a moment before going to sleep: an answer usually comes sooner than it takes to put a
//! thread to sleep and to wake it again, on another core that has gone to sleep itself.

use std::{
    sync::OnceLock,
    thread::available_parallelism,
    time::{Duration, Instant},
};

/// How long is looked at most.
const MOMENT: Duration = Duration::from_micros(20);

/// What `look` finds within a moment. Without a second core nobody else could run meanwhile, so it
/// is not even tried.
pub(super) fn spin<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    static CORES: OnceLock<bool> = OnceLock::new();
    if !*CORES.get_or_init(|| available_parallelism().is_ok_and(|cores| cores.get() > 1)) {
        return None;
    }
    let until = Instant::now() + MOMENT;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= until {
            return None;
        }
        std::hint::spin_loop();
    }
}
