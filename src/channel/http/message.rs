//! Reading a message out of a request.

use super::{
    failure::Failure,
    limits::{BODY_WITHIN, DRAINED_BYTES, LONGEST_WAIT, MAX_BODY_BYTES, WAIT},
    query,
};
use crate::domain::text::from_json_bytes;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// The header that names a message.
const ID: &str = "idempotency-key";

/// A message as it was sent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) text: String,
    /// `None`: that of whoever speaks.
    pub(super) conversation: Option<String>,
    pub(super) user: Option<String>,
    pub(super) id: String,
    pub(super) callback: Option<String>,
    /// How long the request waits for the answer; zero: not at all.
    pub(super) wait: Duration,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    text: Option<String>,
    conversation: Option<String>,
    user: Option<String>,
    id: Option<String>,
    callback: Option<String>,
    wait: Option<Value>,
}

impl Message {
    /// Reads a request to its end.
    pub(super) async fn read(head: &Parts, body: Incoming) -> Result<Self, Failure> {
        let plain = is_plain(&head.headers)?;
        let bytes = whole(body).await?;
        let given =
            if plain { in_text(head.uri.query(), &bytes)? } else { in_json(head.uri.query(), &bytes)? };
        let text = given.text.ok_or_else(|| Failure::bad("text is missing: {\"text\": \"…\"}"))?;
        if text.trim().is_empty() {
            return Err(Failure::bad("the message is empty"));
        }
        let wait = match given.wait {
            None if given.callback.is_some() => Duration::ZERO,
            None => WAIT,
            Some(wait) => read_wait(&wait)?,
        };
        let named = |name: &str, value: Option<String>| match value {
            Some(value) if value.is_empty() => Err(Failure::bad(format!("{name} is empty"))),
            value => Ok(value),
        };
        Ok(Self {
            text,
            conversation: named("conversation", given.conversation)?,
            user: named("user", given.user)?,
            id: id(&head.headers, named("id", given.id)?)?,
            callback: given.callback,
            wait,
        })
    }
}

/// Whether the body is the text itself.
fn is_plain(headers: &HeaderMap) -> Result<bool, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => Ok(false),
        "text/plain" => Ok(true),
        other => {
            let message = format!("the body is application/json or text/plain (content-type), not {other:?}");
            Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
        }
    }
}

/// The whole body.
async fn whole(body: Incoming) -> Result<Bytes, Failure> {
    let too_long = || {
        let message = format!("the body is longer than {MAX_BODY_BYTES} bytes");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_long", message)
    };
    if body.size_hint().lower() > DRAINED_BYTES as u64 {
        return Err(too_long());
    }
    let late = Failure::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time");
    tokio::time::timeout(BODY_WITHIN, collect(body)).await.map_err(|_| late)??.ok_or_else(too_long)
}

/// `None`: it is too long.
async fn collect(mut body: Incoming) -> Result<Option<Bytes>, Failure> {
    let (mut bytes, mut read) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::bad("the body is cut off"))?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        if read > DRAINED_BYTES {
            return Ok(None);
        }
        if read <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&data);
        }
    }
    Ok((read <= MAX_BODY_BYTES).then(|| bytes.freeze()))
}

fn in_json(query: Option<&str>, bytes: &[u8]) -> Result<Given, Failure> {
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(Failure::bad("with JSON, everything stands in the body and nothing behind the ?"));
    }
    from_json_bytes(bytes).map_err(|error| Failure::bad(format!("the body: {error}")))
}

fn in_text(query: Option<&str>, bytes: &[u8]) -> Result<Given, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::bad("the body is not UTF-8"))?;
    let mut given = Given { text: Some(text.to_owned()), ..Given::default() };
    for (name, value) in
        query::pairs(query.unwrap_or_default(), &["conversation", "user", "id", "callback", "wait"])?
    {
        match name.as_str() {
            "conversation" => given.conversation = Some(value),
            "user" => given.user = Some(value),
            "id" => given.id = Some(value),
            "callback" => given.callback = Some(value),
            _ => given.wait = Some(serde_json::from_str(&value).unwrap_or(Value::String(value))),
        }
    }
    Ok(given)
}

/// The message's id: from the body or the header, else a new one.
fn id(headers: &HeaderMap, given: Option<String>) -> Result<String, Failure> {
    let header = match headers.get(ID) {
        None => None,
        Some(value) => match value.to_str().map(str::trim) {
            Ok(text) if !text.is_empty() => Some(text.to_owned()),
            _ => return Err(Failure::bad("Idempotency-Key is text that is not empty")),
        },
    };
    match (given, header) {
        (Some(given), Some(header)) if given != header => {
            Err(Failure::bad("id and Idempotency-Key name the same message: give one of them"))
        }
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => Ok(ulid::Ulid::generate().to_string().to_ascii_lowercase()),
    }
}

/// `true`, `false`, or seconds.
pub(super) fn read_wait(wait: &Value) -> Result<Duration, Failure> {
    let longest = LONGEST_WAIT.as_secs_f64();
    let seconds = match wait {
        Value::Bool(true) => return Ok(WAIT),
        Value::Bool(false) => return Ok(Duration::ZERO),
        other => other.as_f64().filter(|seconds| (0.0..=longest).contains(seconds)),
    };
    let wrong = || Failure::bad(format!("wait is true, false or seconds from 0 to {longest}"));
    seconds.map(Duration::from_secs_f64).ok_or_else(wrong)
}
