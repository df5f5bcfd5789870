//! The log: what is written, where to, and that no secret is in it.

mod filter;
mod redacting;
mod repeats;
mod writer;

pub use filter::NOTICE;
pub use redacting::Redacting;
pub use writer::{LogSink, divert};

use crate::config::{LogFormat, Redactor};
use repeats::Repeats;
use std::{
    io::{IsTerminal, Write},
    sync::Arc,
    time::Instant,
};
use tracing::{Subscriber, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    Layer, Registry,
    filter::Targets,
    fmt,
    fmt::MakeWriter,
    layer::{Layered, SubscriberExt},
    reload,
};

/// Starts logging to stderr for the whole program. Call once, early.
///
/// Lines have colours when stderr is a terminal and `NO_COLOR` is not set. `filter` is the setting
/// `log`: a level, or `target=level` several times with or without a level before them.
///
/// # Errors
/// When logging was started before.
pub fn init(filter: &str, format: LogFormat, redactor: Redactor) -> Result<Log, SetGlobalDefaultError> {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = !plain && std::io::stderr().is_terminal();
    let (subscriber, log) = subscriber(filter, format, colours, redactor, writer::Stderr);
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(log)
}

/// Has panics logged instead of printed: redacted, in the log's format, with their place.
pub fn log_panics() {
    let printed = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !tracing::dispatcher::has_been_set() {
            return printed(panic);
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "panic: {message}");
    }));
}

type Filtered = Layered<reload::Layer<Targets, Registry>, Registry>;
type Lines = Box<dyn Layer<Filtered> + Send + Sync>;

/// A log that was started, and can be changed: `init.lua` has a say in it, and is logged itself.
pub struct Log {
    filter: reload::Handle<Targets, Registry>,
    lines: reload::Handle<Lines, Filtered>,
    form: Box<dyn Fn(LogFormat) -> Lines + Send + Sync>,
    /// Writes what was only counted so far.
    settle: Box<dyn Fn() + Send + Sync>,
}

impl Log {
    /// Goes on with another filter and format.
    pub fn change(&self, filter: &str, format: LogFormat) {
        // Fails only when the subscriber is gone, and the log with it.
        let _ = self.filter.reload(filter::targets(filter));
        let _ = self.lines.reload((self.form)(format));
    }

    /// Says how many lines were counted and not written. To be called at the end.
    pub fn settle(&self) {
        (self.settle)();
    }
}

/// What [`init`] starts, writing to `writer`. Each event is one write.
pub fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    colours: bool,
    redactor: Redactor,
    writer: W,
) -> (Box<dyn Subscriber + Send + Sync>, Log)
where
    W: for<'w> MakeWriter<'w> + Clone + Send + Sync + 'static,
{
    let repeats = Arc::<Repeats>::default();
    let (counted, last) = (repeats.clone(), writer.clone());
    let settle = Box::new(move || {
        let line = counted.due(Instant::now(), true);
        if !line.is_empty() {
            // There is nowhere to report that the log cannot be written.
            _ = last.make_writer().write_all(&line);
        }
    });
    let form = Box::new(move |format| -> Lines {
        let writer = Redacting::new(writer.clone(), redactor.clone()).counting(repeats.clone());
        let layer = fmt::layer().with_ansi(colours).with_writer(writer);
        match format {
            LogFormat::Text => layer.boxed(),
            LogFormat::Json => layer.json().with_ansi(false).boxed(),
        }
    });
    let (targets, filter) = reload::Layer::new(filter::targets(filter));
    let (layer, lines) = reload::Layer::new(form(format));
    let subscriber = Registry::default().with(targets).with(layer);
    (Box::new(subscriber), Log { filter, lines, form, settle })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    const KEY: &str = "sk-canary/0123 \"456\"\n789";

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written, one string a write.
    fn logged(filter: &str, format: LogFormat, colours: bool, log: impl FnOnce()) -> Vec<String> {
        let (sink, redactor) = (Sink::default(), Redactor::default());
        redactor.add("KEY", &Secret::new(KEY));
        let writer = sink.clone();
        let (subscriber, _) = subscriber(filter, format, colours, redactor, move || writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let writes = sink.0.lock().unwrap();
        writes.iter().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
    }

    #[test]
    fn no_secret_gets_into_the_log() {
        for (format, colours) in [(LogFormat::Text, false), (LogFormat::Text, true), (LogFormat::Json, false)]
        {
            let writes = logged("trace", format, colours, || {
                let span = tracing::info_span!("request", key = KEY, url = %format!("http://x/?key={KEY}"));
                let _in = span.enter();
                tracing::trace!("canary in the text: {KEY}");
                tracing::trace!(key = KEY, debug = ?KEY, shown = %KEY, "canary in fields");
                tracing::trace!(nested = ?serde_json::json!({"authorization": format!("Bearer {KEY}")}), "canary");
                tracing::trace!(body = serde_json::json!({"key": KEY}).to_string(), "canary");
                tracing::trace!(bytes = %format!("{}", "sk-canary%2F0123%20%22456%22%0A789"), "canary");
                tracing::trace!(secret = ?Secret::new(KEY), "canary");
            });
            assert_eq!(writes.len(), 6, "one write an event");
            for line in writes {
                assert!(line.contains("canary") && line.contains("[secret:KEY]"), "{line}");
                for part in ["sk-canary", "0123", "456", "789"] {
                    // The time of day has digits of its own.
                    let after_time = &line[line.find("TRACE").unwrap()..];
                    assert!(!after_time.contains(part), "{part} in {line}");
                }
            }
        }
    }

    #[test]
    fn json_stays_json_and_colours_stay_off() {
        let writes = logged("info", LogFormat::Json, true, || tracing::info!(key = KEY, "hello"));
        let event: serde_json::Value = serde_json::from_str(&writes[0]).unwrap();
        assert_eq!(event["fields"]["key"], "[secret:KEY]");
        let writes = logged("info", LogFormat::Text, false, || tracing::info!("hello"));
        assert!(writes[0].contains("hello") && !writes[0].contains('\u{1b}'), "{writes:?}");
    }

    #[test]
    fn a_log_can_be_changed() {
        let sink = Sink::default();
        let writer = sink.clone();
        let (subscriber, log) =
            subscriber("warn", LogFormat::Text, false, Redactor::default(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("not this");
            log.change("info", LogFormat::Json);
            tracing::info!("this");
        });
        let writes = sink.0.lock().unwrap();
        let event: serde_json::Value = serde_json::from_slice(&writes[0]).unwrap();
        assert_eq!((writes.len(), &event["fields"]["message"]), (1, &"this".into()));
    }

    #[test]
    fn a_repeated_warning_is_counted() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let sink = Sink::default();
            let writer = sink.clone();
            let (subscriber, log) =
                subscriber("info", format, false, Redactor::default(), move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                for read in 0..500 {
                    tracing::warn!(read, "the server read less than was sent");
                }
                tracing::warn!("another");
                (0..3).for_each(|_| tracing::info!("not counted"));
            });
            log.settle();
            log.settle();
            let writes = sink.0.lock().unwrap();
            let lines: Vec<_> = writes.iter().map(|line| String::from_utf8_lossy(line)).collect();
            assert_eq!(lines.len(), 10, "{lines:?}");
            assert!(lines[9].contains("499") && lines[9].contains("(… 495 times more in 0 s)"), "{lines:?}");
        }
    }

    #[test]
    fn the_filter_decides() {
        let writes = logged("warn", LogFormat::Text, false, || {
            tracing::info!("not this");
            tracing::warn!("this");
            tracing::debug!(target: "reqwest", "nor this");
        });
        assert_eq!(writes.len(), 1);
    }
}
