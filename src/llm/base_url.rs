//! The address of a server, in the forms in which people write it.

use super::hosts;
use reqwest::Url;
use std::{fmt, net::IpAddr};

/// A base URL such as `https://api.openai.com/v1`. Its `Display` leaves out user names, passwords
/// and the query, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    host: String,
}

impl BaseUrl {
    /// Reads what a user wrote: with or without scheme, `/v1`, a trailing slash or
    /// `/chat/completions`. Without a path, the one usual for the host is added, normally `/v1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let shown = harmless(text);
        let full = if text.contains("://") { text.to_owned() } else { with_scheme(text) };
        let mut url = Url::parse(&full)
            .map_err(|e| format!("the base URL {shown:?} can't be read ({e}); write it like {EXAMPLE}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("the base URL {shown:?} must begin with http:// or https://"));
        }
        let Some(host) = url.host_str().map(|h| h.trim_matches(['[', ']']).to_ascii_lowercase()) else {
            return Err(format!("the base URL {shown:?} names no host; write it like {EXAMPLE}"));
        };
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').trim_end_matches("/chat/completions").to_owned();
        url.set_path(if path.is_empty() { hosts::usual_path(&host) } else { &path });
        Ok(Self { url, host })
    }

    /// The host in lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or usual.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// Whether the connection is unencrypted.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Whether the server is on this very machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether the server is on this machine or in the private network: no bill, and slow starts.
    pub fn is_local(&self) -> bool {
        self.is_loopback()
            || self.host == "host.docker.internal"
            || self.host.ends_with(".local")
            || match self.host.parse::<IpAddr>() {
                Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local() || ip.is_unspecified(),
                Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
                Err(_) => false,
            }
    }

    /// The address of `path` (`/chat/completions`) below the base.
    pub(super) fn at(&self, path: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url.into()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.url.scheme())?;
        f.write_str(self.url.host_str().unwrap_or_default())?;
        if let Some(port) = self.url.port() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.url.path())
    }
}

/// What was written, without a login and a query, which may hold secrets.
fn harmless(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("[hidden]@{rest}"))
}

/// Without a scheme: plain for servers nearby, encrypted for the rest.
fn with_scheme(text: &str) -> String {
    let plain = format!("http://{text}");
    match BaseUrl::parse(&plain) {
        Ok(url) if !url.is_local() => format!("https://{text}"),
        _ => plain,
    }
}

const EXAMPLE: &str = "http://127.0.0.1:8080/v1";

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn forms_that_people_write() {
        for (given, wanted) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
            ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
            ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1"),
            ("localhost:11434", "http://localhost:11434/v1"),
            ("[::1]:1234", "http://[::1]:1234/v1"),
            ("api.example.com", "https://api.example.com/v1"),
            ("https://api.groq.com", "https://api.groq.com/openai/v1"),
            ("https://proxy.example.com/llm", "https://proxy.example.com/llm"),
            (" https://user:pass@example.com/v1?api-version=1 ", "https://example.com/v1"),
        ] {
            assert_eq!(BaseUrl::parse(given).map(|u| u.to_string()), Ok(wanted.to_owned()), "{given}");
        }
    }

    #[test]
    fn the_query_stays_with_the_request() {
        let url = BaseUrl::parse("https://x.openai.azure.com/openai/v1?api-version=2024").expect("a URL");
        assert_eq!(
            url.at("/chat/completions"),
            "https://x.openai.azure.com/openai/v1/chat/completions?api-version=2024"
        );
    }

    #[test]
    fn nonsense_is_told() {
        for text in ["", "ftp://example.com", "http://", "::::"] {
            assert!(BaseUrl::parse(text).is_err(), "{text:?}");
        }
        for text in ["ftp://me:hunter2@host", "http://me:hunter2@ho st", "http://?key=hunter2"] {
            let error = BaseUrl::parse(text).expect_err("nonsense");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
