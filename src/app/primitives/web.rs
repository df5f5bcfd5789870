//! The web, in the user's name.

use crate::{
    config::Secrets,
    domain::{
        BoxFuture,
        primitives::{FailureKind, HeaderPart, HttpRequest, HttpResponse, PrimitiveError, Web},
    },
    net::{Client, Header, NetError, Request},
};
use std::borrow::Cow;

/// Makes requests with secrets that scripts name and never see.
pub(super) struct WebHere {
    pub(super) client: Client,
    pub(super) secrets: Secrets,
}

impl WebHere {
    async fn header(&self, name: &str, parts: &[HeaderPart]) -> Result<Header, PrimitiveError> {
        let (mut value, mut secret) = (String::new(), false);
        for part in parts {
            match part {
                HeaderPart::Text(text) => value.push_str(text),
                HeaderPart::Secret(place) => {
                    let found = self.secrets.resolve(place).await;
                    let found = found
                        .map_err(|error| PrimitiveError::new(FailureKind::NotFound, error.to_string()))?;
                    value.push_str(found.expose());
                    secret = true;
                }
            }
        }
        Header::new(name, &value, secret).map_err(told)
    }

    async fn make(&self, request: HttpRequest) -> Result<HttpResponse, PrimitiveError> {
        let mut headers = Vec::with_capacity(request.headers.len());
        for (name, parts) in &request.headers {
            headers.push(self.header(name, parts).await?);
        }
        let request = Request {
            method: request.method,
            url: request.url,
            headers,
            body: request.body,
            timeout: request.timeout,
            max_bytes: request.max_bytes,
            cut: false,
            redirects: request.redirects,
            allowed: request.allowed,
        };
        let response = self.client.send(request).await.map_err(told)?;
        // A server that sends back what it was sent does not make a secret readable.
        let redactor = self.secrets.redactor();
        let clean = |text: String| match redactor.redact(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        };
        Ok(HttpResponse {
            status: response.status,
            headers: response.headers.into_iter().map(|(name, value)| (name, clean(value))).collect(),
            body: match redactor.redact_bytes(&response.body) {
                Cow::Borrowed(_) => response.body,
                Cow::Owned(clean) => clean,
            },
            url: clean(response.url),
        })
    }
}

impl Web for WebHere {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, PrimitiveError>> {
        Box::pin(self.make(request))
    }
}

fn told(error: NetError) -> PrimitiveError {
    let kind = match &error {
        NetError::Request(_) => FailureKind::Usage,
        NetError::Barred(_) => FailureKind::Denied,
        NetError::Late { .. } => FailureKind::Timeout,
        NetError::TooLong { .. } | NetError::TooManyRedirects { .. } | NetError::Failed { .. } => {
            FailureKind::Io
        }
    };
    PrimitiveError::new(kind, error.to_string())
}
