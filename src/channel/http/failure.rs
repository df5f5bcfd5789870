//! Answers that say no.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use std::time::Duration;

/// What goes back.
pub(super) type Reply = Response<Full<Bytes>>;

/// A request that comes to nothing, and why.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    error: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
    /// The gateway refused the message, and has counted it.
    is_counted: bool,
}

impl Failure {
    /// The word for programs.
    pub(super) fn error(&self) -> &'static str {
        self.error
    }

    /// `error` is for programs, `message` for people.
    pub(super) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self { status, error, message: message.into(), header: None, is_counted: false }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// The engine is to blame, and it may go better later.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    pub(super) fn too_often(message: impl Into<String>, retry_after: Duration) -> Self {
        let seconds = crate::domain::post::whole_seconds(retry_after).max(1);
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
        Self { header: Some((header::RETRY_AFTER, seconds.into())), ..failure }
    }

    /// One that the gateway has counted.
    #[must_use]
    pub(super) fn counted(self) -> Self {
        Self { is_counted: true, ..self }
    }

    pub(super) fn is_counted(&self) -> bool {
        self.is_counted
    }

    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn reply(self) -> Reply {
        let mut reply = json_reply(self.status, &json!({ "error": self.error, "message": self.message }));
        if let Some((name, value)) = self.header {
            reply.headers_mut().insert(name, value);
        }
        reply
    }
}

/// An answer in JSON.
pub(super) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    let mut text = body.to_string();
    text.push('\n');
    let mut reply = Response::new(Full::new(Bytes::from(text)));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
