//! One request and its streamed answer, with deadlines.

use super::{
    client::causes,
    events::{END_KEY, NOISE_KEY},
    pulse::Pulse,
    target::Target,
    transport::{HttpFailure, Transport},
};
use crate::llm::{
    answer::{Accumulator, End, Sink},
    backend::{AttemptError, FailureKind},
};
use async_openai::{Client, error::OpenAIError};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// How long the end of the stream may take once the model said that it is done.
const TAIL: Duration = Duration::from_secs(3);

/// The deadlines of one exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) connect: Duration,
    pub(super) first_token: Duration,
    pub(super) idle: Duration,
    pub(super) total: Duration,
    /// The server is on this machine.
    pub(super) local: bool,
}

/// The setting that says how long the first piece of an answer may take.
pub(super) fn first_token_setting(local: bool) -> &'static str {
    if local { "local_first_token_timeout" } else { "first_token_timeout" }
}

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server refused; not yet judged.
    Http(HttpFailure),
    /// Anything else.
    Other(AttemptError),
}

impl From<AttemptError> for Fault {
    fn from(error: AttemptError) -> Self {
        Self::Other(error)
    }
}

/// A chunk of any shape.
#[derive(Deserialize)]
#[serde(transparent)]
struct Chunk(Value);

/// Sends `body` and feeds the answer to `into`. Returns how the stream ended.
pub(super) async fn run(
    client: &reqwest::Client,
    target: &Target,
    body: &RawValue,
    limits: Deadlines,
    into: &mut Accumulator<'_>,
    sink: &mut Sink<'_>,
) -> Result<End, Fault> {
    let pulse = Arc::new(Pulse::new());
    let _leaving = Leaving(pulse.clone());
    let api = Client::build(client.clone(), target.clone())
        .with_http_service(Transport { client: client.clone(), pulse: pulse.clone() });
    let chat = api.chat();
    let opening = chat.create_stream_byot::<_, Chunk>(body);
    let mut stream = match timeout_at(pulse.start() + limits.first_token.min(limits.total), opening).await {
        Err(_) => return Err(late(&pulse, limits, false).into()),
        Ok(Err(error)) => return Err(opening_fault(error, limits)),
        Ok(Ok(stream)) => stream,
    };
    loop {
        let deadline = deadline(&pulse, limits, into);
        let event = match timeout_at(deadline, stream.next()).await {
            Ok(event) => event,
            // Bytes that were no event may have moved the deadline.
            Err(_) if self::deadline(&pulse, limits, into) > Instant::now() => continue,
            Err(_) if into.finished() => return Ok(End::Done),
            Err(_) => return Err(late(&pulse, limits, into.started()).into()),
        };
        pulse.take();
        match event {
            None => return Ok(End::Done),
            Some(Ok(Chunk(chunk))) if chunk.get(END_KEY).is_some() => return cut(&pulse),
            Some(Ok(Chunk(chunk))) => match chunk.get(NOISE_KEY).and_then(Value::as_str) {
                Some(noise) => into.noise(noise)?,
                None => into.push(&chunk, sink)?,
            },
            Some(Err(OpenAIError::JSONDeserialize(_, text))) => into.noise(&text)?,
            Some(Err(error)) => return Ok(End::Cut(pulse.broken().or_else(|| Some(causes(&error))))),
        }
        if into.circling() {
            tracing::warn!("the model repeats itself; its answer is ended here");
            return Ok(End::Done);
        }
    }
}

/// Whoever reads the connection is not to wait for one who has gone.
struct Leaving(Arc<Pulse>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The stream ended without its end mark.
fn cut(pulse: &Pulse) -> Result<End, Fault> {
    match pulse.broken() {
        Some(reason) if pulse.is_refused() => Err(AttemptError::refused(reason).into()),
        reason => Ok(End::Cut(reason)),
    }
}

fn deadline(pulse: &Pulse, limits: Deadlines, into: &Accumulator<'_>) -> Instant {
    let first = pulse.start() + limits.first_token;
    let deadline = match pulse.last() {
        None => first,
        Some(last) if into.finished() => last + TAIL.min(limits.idle),
        Some(last) if into.started() => last + limits.idle,
        Some(last) => first.max(last + limits.idle),
    };
    deadline.min(pulse.start() + limits.total)
}

fn late(pulse: &Pulse, limits: Deadlines, started: bool) -> AttemptError {
    let seconds = |limit: Duration| (limit.as_secs_f64() * 10.0).round() / 10.0;
    let text = if pulse.start().elapsed() >= limits.total {
        format!("the answer took longer than {} s", seconds(limits.total))
    } else if started || pulse.last().is_some() {
        format!("nothing came for {} s in the midst of the answer (idle_timeout)", seconds(limits.idle))
    } else {
        let setting = first_token_setting(limits.local);
        let remedy = match limits.local {
            true => {
                "; it may be busy with another question: wait for that, let it answer several at once, or raise the \
                 setting"
            }
            false => "",
        };
        format!("no answer began within {} s ({setting}){remedy}", seconds(limits.first_token))
    };
    AttemptError::new(FailureKind::TimedOut, text)
}

fn opening_fault(error: OpenAIError, limits: Deadlines) -> Fault {
    let error = match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<HttpFailure>() {
            Ok(failure) => return Fault::Http(*failure),
            Err(other) => AttemptError::transient(causes(other.as_ref())),
        },
        OpenAIError::Reqwest(error) if error.is_builder() || error.is_request() && error.is_redirect() => {
            AttemptError::config(causes(&error.without_url()))
        }
        OpenAIError::Reqwest(error) if error.is_connect() && error.is_timeout() => {
            AttemptError::transient(format!("no connection within {} s", limits.connect.as_secs_f64()))
        }
        OpenAIError::Reqwest(error) => AttemptError::transient(causes(&error.without_url())),
        other => AttemptError::refused(causes(&other)),
    };
    error.into()
}
