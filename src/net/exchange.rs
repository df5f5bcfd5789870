//! One request, and where it is sent on to.

use super::{Client, Header, MAX_HEADERS, NetError, headers, target::Target};
use crate::domain::network::Network;
use reqwest::{Method, StatusCode, header::LOCATION};
use std::time::Duration;

/// Redirects that can be asked for, at most.
pub const MAX_REDIRECTS: usize = 20;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// `http://…` or `https://…`.
    pub url: String,
    /// Sent to the host that is asked; those that are secret or tell who asks to no other.
    pub headers: Vec<Header>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// From the beginning to the last byte.
    pub timeout: Duration,
    /// Bytes of the answer's body, at most.
    pub max_bytes: usize,
    /// Whether a longer body is cut there; else it is an error.
    pub cut: bool,
    /// How many redirects are followed; 0: the redirect is the answer.
    pub redirects: usize,
    /// Networks that are open for this request.
    pub allowed: Vec<Network>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, each once.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub truncated: bool,
    /// Where it came from in the end.
    pub url: String,
}

impl Client {
    /// Makes a request. Dropping the future ends it.
    ///
    /// # Errors
    /// When the address is closed, or no whole answer comes. A status of refusal is an answer.
    pub async fn send(&self, request: Request) -> Result<Response, NetError> {
        let target = Target::read(&request.url, self.opened(), &request.allowed)?;
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| NetError::Request(format!("{:?} is no method", request.method)))?;
        if method == Method::CONNECT {
            return Err(NetError::Request("CONNECT is for proxies".into()));
        }
        if request.headers.len() > MAX_HEADERS {
            return Err(NetError::Request(format!("more than {MAX_HEADERS} headers")));
        }
        let (limit, host) = (request.timeout, target.host.clone());
        let exchange = Exchange { client: self, request, method, target };
        tokio::time::timeout(limit, exchange.run()).await.unwrap_or(Err(NetError::Late { host, limit }))
    }
}

struct Exchange<'a> {
    client: &'a Client,
    request: Request,
    method: Method,
    target: Target,
}

impl Exchange<'_> {
    async fn run(mut self) -> Result<Response, NetError> {
        let limit = self.request.redirects.min(MAX_REDIRECTS);
        let mut left = limit;
        loop {
            let response = self.ask().await?;
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let location = location.filter(|_| limit > 0 && is_redirect(response.status()));
            let Some(location) = location else { return self.read(response).await };
            let Some(rest) = left.checked_sub(1) else {
                return Err(NetError::TooManyRedirects { host: self.target.host, limit });
            };
            left = rest;
            let next = self.target.next(location, self.client.opened(), &self.request.allowed)?;
            self.go(next, response.status());
        }
    }

    async fn ask(&self) -> Result<reqwest::Response, NetError> {
        let mut builder = self
            .client
            .pool(&self.target)?
            .request(self.method.clone(), self.target.url.clone())
            .headers(headers::map(&self.request.headers));
        if let Some(body) = &self.request.body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| NetError::failed(&self.target.host, error))
    }

    /// Turns to where it was sent on to, as browsers do.
    fn go(&mut self, next: Target, status: StatusCode) {
        let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let becomes_get = status == StatusCode::SEE_OTHER && self.method != Method::HEAD
            || !keeps && self.method == Method::POST;
        if becomes_get {
            self.method = Method::GET;
            self.request.body = None;
            self.request.headers.retain(|header| !header.is_of_body());
        }
        if !self.target.same_origin(&next) {
            self.request.headers.retain(|header| !header.is_personal());
        }
        self.target = next;
    }

    async fn read(self, mut response: reqwest::Response) -> Result<Response, NetError> {
        let (host, limit) = (self.target.host, self.request.max_bytes);
        let (status, headers) = (response.status().as_u16(), headers::read(response.headers()));
        let (mut body, mut truncated) = (Vec::new(), false);
        while let Some(chunk) = response.chunk().await.map_err(|error| NetError::failed(&host, error))? {
            let room = limit - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            truncated = chunk.len() > room;
            match (truncated, self.request.cut) {
                (false, _) => {}
                (true, true) => break,
                (true, false) => return Err(NetError::TooLong { host, limit }),
            }
        }
        Ok(Response { status, headers, body, truncated, url: self.target.url.into() })
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}
