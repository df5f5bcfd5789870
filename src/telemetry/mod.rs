//! The log: what is written, where to, and that no secret is in it.

mod filter;
mod redacting;

pub use redacting::Redacting;

use crate::config::{LogFormat, Redactor};
use std::io::IsTerminal;
use tracing::{Subscriber, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{Layer, Registry, fmt, fmt::MakeWriter, layer::SubscriberExt};

/// Starts logging to stderr for the whole program. Call once, early.
///
/// Lines have colours when stderr is a terminal and `NO_COLOR` is not set. `filter` is the setting
/// `log`: a level, or `target=level` several times with or without a level before them.
///
/// # Errors
/// When logging was started before.
pub fn init(filter: &str, format: LogFormat, redactor: Redactor) -> Result<(), SetGlobalDefaultError> {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = !plain && std::io::stderr().is_terminal();
    tracing::subscriber::set_global_default(subscriber(filter, format, colours, redactor, std::io::stderr))
}

/// What [`init`] starts, writing to `writer`. Each event is one write.
pub fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    colours: bool,
    redactor: Redactor,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_ansi(colours).with_writer(Redacting::new(writer, redactor));
    let layer = match format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().with_ansi(false).boxed(),
    };
    Box::new(Registry::default().with(layer.with_filter(filter::targets(filter))))
}
