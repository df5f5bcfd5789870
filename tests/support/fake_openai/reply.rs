//! Scripted replies.

use serde_json::{Value, json};
use std::{path::Path, time::Duration};

/// What to answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) kind: Kind,
    pub(super) headers: Vec<(String, String)>,
    pub(super) delay: Duration,
    pub(super) end: End,
    /// Send only so many bytes of the stream.
    pub(super) cut: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A completion, streamed or not as the request asks.
    Completion { text: String, calls: Vec<(String, Value)>, finish: Option<String> },
    /// The bytes of an event stream.
    Raw(Vec<u8>),
    /// Anything else: status, content type, body.
    Plain(u16, &'static str, Vec<u8>),
    /// Nothing at all.
    Silence,
}

/// What happens once all is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The response ends as it should.
    Clean,
    /// Nothing more is sent, and the connection stays.
    Hang,
    /// The connection is gone.
    Disconnect,
}

impl Reply {
    fn of(kind: Kind) -> Self {
        Self { kind, headers: Vec::new(), delay: Duration::ZERO, end: End::Clean, cut: None }
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Kind::Completion { text: text.into(), calls: Vec::new(), finish: None })
    }

    /// One tool call.
    pub fn call(name: &str, args: Value) -> Self {
        Self::calls([(name, args)])
    }

    /// Several tool calls.
    pub fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self::text_and_calls("", calls)
    }

    /// A text and tool calls.
    pub fn text_and_calls<'a>(text: &str, calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let calls = calls.into_iter().map(|(name, args)| (name.to_owned(), args)).collect();
        Self::of(Kind::Completion { text: text.to_owned(), calls, finish: None })
    }

    /// An event stream, byte for byte.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Raw(bytes.into()))
    }

    /// An event stream from `tests/fixtures/openai/NAME.sse`.
    pub fn fixture(name: &str) -> Self {
        Self::raw(read(&format!("{name}.sse")))
    }

    /// A JSON document with status 200 in place of a stream.
    pub fn json(value: &Value) -> Self {
        Self::of(Kind::Plain(200, "application/json", value.to_string().into_bytes()))
    }

    /// A page or text of any kind.
    pub fn page(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Plain(status, kind, body.into()))
    }

    /// An error as OpenAI words it.
    pub fn error(status: u16, message: &str) -> Self {
        let kind = if status >= 500 { "server_error" } else { "invalid_request_error" };
        Self::error_body(
            status,
            &json!({"error": {"message": message, "type": kind, "param": null, "code": null}}),
        )
    }

    /// An error with this body.
    pub fn error_body(status: u16, body: &Value) -> Self {
        Self::of(Kind::Plain(status, "application/json", body.to_string().into_bytes()))
    }

    /// The error whose body is `tests/fixtures/openai/FILE`.
    pub fn error_file(status: u16, file: &str) -> Self {
        let kind = match Path::new(file).extension().and_then(|e| e.to_str()) {
            Some("json") => "application/json",
            Some("html") => "text/html",
            _ => "text/plain",
        };
        Self::of(Kind::Plain(status, kind, read(file)))
    }

    /// A rate limit, with the wait it asks for in whole seconds.
    pub fn rate_limited(seconds: u64) -> Self {
        Self::error(429, "Rate limit reached for requests").header("retry-after", &seconds.to_string())
    }

    /// No answer, not even a status; the connection stays.
    pub fn hang() -> Self {
        Self::of(Kind::Silence).then_hang()
    }

    /// The connection is closed without an answer.
    pub fn no_answer() -> Self {
        Self::of(Kind::Silence).then_disconnect()
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before it answers.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Says why the answer ended.
    #[must_use]
    pub fn finish(mut self, reason: &str) -> Self {
        if let Kind::Completion { finish, .. } = &mut self.kind {
            *finish = Some(reason.to_owned());
        }
        self
    }

    /// Sends only the first `bytes` of the stream, then ends the response as if it were whole.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    /// Sends nothing more at the end, and keeps the connection.
    #[must_use]
    pub fn then_hang(mut self) -> Self {
        self.end = End::Hang;
        self
    }

    /// Closes the connection at the end, in the midst of the response.
    #[must_use]
    pub fn then_disconnect(mut self) -> Self {
        self.end = End::Disconnect;
        self
    }
}

/// A file of `tests/fixtures/openai`.
pub(super) fn read(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openai").join(file);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
