//! Where a request goes and with which key, in the form that the client library asks for.

use crate::llm::{base_url::BaseUrl, dialect::Auth};
use async_openai::config::Config;
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::SecretString;

/// One server with its headers.
#[derive(Clone)]
pub(super) struct Target {
    base: String,
    url: BaseUrl,
    headers: HeaderMap,
    // The library wants to be able to ask for a key, but uses the headers alone.
    no_key: SecretString,
}

impl Target {
    /// The error never repeats a value, which may be a secret.
    pub(super) fn new(
        url: &BaseUrl,
        auth: Auth,
        key: Option<&str>,
        extra: &crate::domain::JsonMap,
    ) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        if let Some(key) = key {
            let (name, text) = match auth {
                Auth::Bearer => (AUTHORIZATION, format!("Bearer {key}")),
                Auth::ApiKey => (HeaderName::from_static("api-key"), key.to_owned()),
            };
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| "the key holds characters that no header can carry, such as a line end")?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        for (name, value) in extra {
            let header: HeaderName =
                name.parse().map_err(|_| format!("dialect.extra_headers: {name:?} is no header name"))?;
            let mut value = HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(|_| {
                format!("dialect.extra_headers.{name} holds characters that no header can carry")
            })?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        Ok(Self { base: url.to_string(), url: url.clone(), headers, no_key: SecretString::default() })
    }
}

impl Config for Target {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        self.url.at(path)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.no_key
    }
}
