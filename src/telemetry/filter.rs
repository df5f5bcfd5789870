//! Which events are written.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// Libraries that log what they send and receive, or very much of little use. They get no further
/// than `warn`, unless the filter names them.
const NOISY: &[&str] = &[
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "mlua",
    "quinn",
    "quinn_proto",
    "quinn_udp",
    "reqwest",
    "rustls",
    "rustyline",
    "tokio",
    "tokio_cron_scheduler",
    "tokio_util",
    "tower",
    "want",
];

/// Logs the whole of what it cannot read, as an error: megabytes of a conversation. We tell of the same
/// errors ourselves. Quiet unless named.
const TALKATIVE: &str = "async_openai";

/// What a person should know, told by a program that has nothing but its log to tell it by. Told
/// whatever the level, unless it is off.
pub const NOTICE: &str = "openpista::notice";

/// Logs as an error that the other end of a Unix socket is gone, which is how each worker ends.
const STARTLED: &str = "quinn::endpoint";

/// Reads the setting `log`. Parts that cannot be understood are left out: the setting was checked.
pub(super) fn targets(filter: &str) -> Targets {
    let (mut level, mut named) = (None, Vec::new());
    for part in filter.split(',') {
        match part.split_once('=') {
            Some((target, word)) => named.extend(parse(word).map(|level| (target.trim().to_owned(), level))),
            None => level = parse(part).or(level),
        }
    }
    // A filter that names targets only means these and nothing else, but problems are always told.
    let level = level.unwrap_or(LevelFilter::WARN);
    let quiet = NOISY.iter().map(|target| ((*target).to_owned(), level.min(LevelFilter::WARN)));
    let silent = [(TALKATIVE, LevelFilter::OFF), (STARTLED, LevelFilter::OFF)];
    let told = (level > LevelFilter::OFF).then(|| (NOTICE.to_owned(), level.max(LevelFilter::INFO)));
    Targets::new()
        .with_default(level)
        .with_targets(quiet)
        .with_targets(silent)
        .with_targets(told)
        .with_targets(named)
}

fn parse(word: &str) -> Option<LevelFilter> {
    word.trim().to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_are_quiet_unless_named() {
        let on = |filter: &str, target: &str, level| targets(filter).would_enable(target, &level);
        assert!(on("trace", "openpista::llm", Level::TRACE));
        assert!(!on("trace", "reqwest::connect", Level::INFO));
        assert!(on("trace", "reqwest::connect", Level::WARN));
        assert!(!on("error", "reqwest::connect", Level::WARN));
        assert!(!on("trace", "async_openai::error", Level::ERROR));
        assert!(on("async_openai=error", "async_openai::error", Level::ERROR));
        assert!(!on("off", "reqwest", Level::ERROR));
        assert!(on("error", NOTICE, Level::INFO));
        assert!(on("openpista::llm=debug", NOTICE, Level::INFO));
        assert!(!on("off", NOTICE, Level::ERROR));
        assert!(!on("warn,openpista::notice=off", NOTICE, Level::INFO));
        assert!(on("warn,reqwest=TRACE", "reqwest::connect", Level::TRACE));
        assert!(!on("warn, reqwest::connect=debug", "reqwest::other", Level::DEBUG));
        assert!(on("openpista::llm=debug", "openpista::llm::stream", Level::DEBUG));
        assert!(on("openpista::llm=debug", "openpista::tool", Level::WARN));
        assert!(!on("openpista::llm=debug", "openpista::tool", Level::INFO));
    }
}
