//! Sends one request below the client library, so that nothing of the answer is lost on the way:
//! status and words of a refusal, signs of life, and where the stream broke off.

use super::{
    client::causes,
    events::{Events, Form},
    pulse::Pulse,
    upstream::Upstream,
};
use crate::{domain::BoxFuture, llm::retry_after};
use async_openai::{error::OpenAIError, middleware::HttpRequestFactory};
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use reqwest::Response;
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

/// How much of the body of a refusal is read, in bytes.
const MAX_ERROR_BODY: usize = 8 << 10;

/// How long the body of a refusal may take.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer, in bytes as they arrive.
const MAX_ANSWER: usize = 64 << 20;
/// The most events of an answer.
const MAX_EVENTS: usize = 1_000_000;

/// An answer that isn't one: a status of refusal, or a web page.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {status}")]
pub(super) struct HttpFailure {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: String,
}

/// The service for one call.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) client: reqwest::Client,
    pub(super) pulse: Arc<Pulse>,
}

impl tower::Service<HttpRequestFactory> for Transport {
    type Response = Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequestFactory) -> Self::Future {
        let Self { client, pulse } = self.clone();
        Box::pin(async move {
            let response = client.execute(request.build().await?).await.map_err(OpenAIError::Reqwest)?;
            if !response.status().is_success() {
                return Err(refusal(response, Vec::new()).await);
            }
            watched(response, pulse).await
        })
    }
}

async fn refusal(response: Response, start: Vec<u8>) -> OpenAIError {
    let status = response.status().as_u16();
    let retry_after = retry_after::from_headers(response.headers(), SystemTime::now());
    let mut body = start;
    let mut chunks = response.bytes_stream();
    let read = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            body.extend_from_slice(&chunk);
            if body.len() >= MAX_ERROR_BODY {
                break;
            }
        }
    };
    // What came until then is good enough.
    let _ = tokio::time::timeout(ERROR_BODY_TIMEOUT, read).await;
    body.truncate(MAX_ERROR_BODY);
    let body = String::from_utf8_lossy(&body).into_owned();
    OpenAIError::Boxed(Box::new(HttpFailure { status, retry_after, body }))
}

/// Finds out what the body is, and puts the tap on it.
async fn watched(mut response: Response, pulse: Arc<Pulse>) -> Result<Response, OpenAIError> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut start = Vec::new();
    let mut form = Form::Events;
    if !kind.contains("event-stream") {
        let first = loop {
            match start.iter().find(|b: &&u8| !b.is_ascii_whitespace()) {
                Some(byte) => break Some(*byte),
                None if start.len() > MAX_ERROR_BODY => break None,
                None => match response.chunk().await.map_err(OpenAIError::Reqwest)? {
                    Some(chunk) => start.extend_from_slice(&chunk),
                    None => break None,
                },
            }
        };
        match first {
            Some(b'<') => return Err(refusal(response, start).await),
            Some(b'{' | b'[') => form = Form::Json,
            _ => {}
        }
    }
    Ok(tap(response, start, form, pulse))
}

/// The same response, its body watched and tidied. What breaks it is kept in the pulse.
fn tap(response: Response, start: Vec<u8>, form: Form, pulse: Arc<Pulse>) -> Response {
    let status = response.status();
    let headers = response.headers().clone();
    let mut events = Events::new(form);
    let (mut bytes, mut handed_on) = (0, 0);
    let first = (!start.is_empty()).then_some(Ok(start));
    let chunks = stream::iter(first)
        .chain(Upstream::new(response, pulse.clone()))
        .map(Some)
        .chain(stream::iter([None]));
    let gate = pulse.clone();
    let chunks = chunks.then(move |chunk| {
        let gate = gate.clone();
        async move {
            gate.room().await;
            chunk
        }
    });
    let tidied = chunks.scan(false, move |ended, chunk| {
        if *ended {
            return std::future::ready(None);
        }
        let taken = match chunk {
            Some(Ok(chunk)) => {
                pulse.beat();
                bytes += chunk.len();
                if bytes > MAX_ANSWER {
                    Err(format!("the answer is longer than {MAX_ANSWER} bytes"))
                } else if handed_on > MAX_EVENTS {
                    Err(format!("the answer is longer than {MAX_EVENTS} events"))
                } else {
                    events.push(&chunk)
                }
                .map_err(|reason| {
                    events.forget();
                    pulse.refuse(reason);
                })
            }
            Some(Err(error)) => {
                pulse.broke(causes(&error.without_url()));
                Err(())
            }
            None => Err(()),
        };
        if events.done() {
            pulse.done();
        }
        let text = taken.unwrap_or_else(|()| {
            *ended = true;
            events.end()
        });
        let more = text.matches("\n\n").count();
        handed_on += more;
        pulse.hand_on(more);
        std::future::ready(Some(Ok::<_, std::io::Error>(text)))
    });
    let mut tapped = http::Response::new(reqwest::Body::wrap_stream(tidied));
    *tapped.status_mut() = status;
    *tapped.headers_mut() = headers;
    tapped.into()
}
