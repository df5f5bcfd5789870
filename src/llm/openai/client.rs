//! The HTTP client, built for one server.

use crate::llm::base_url::BaseUrl;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{sync::Arc, time::Duration};

/// Connections to a server that are kept while nobody asks it; more are as soon made anew.
const MAX_IDLE: usize = 32;

/// Builds a client for the server at `url`. For `https` this reads the machine's root certificates,
/// which takes some 10 ms; for `http` it reads none.
pub(in crate::llm) fn build(url: &BaseUrl, connect: Duration) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("openpista/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(connect)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(MAX_IDLE)
        // A redirected POST would lose its body, or carry the key to another host.
        .redirect(reqwest::redirect::Policy::none());
    if url.is_plain() {
        builder = builder.tls_backend_preconfigured(without_roots()?);
    } else {
        // Fails only if a provider is installed already, which is as good.
        let _ = ring::default_provider().install_default();
    }
    if url.is_loopback() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| format!("the HTTP client can't be built: {}", causes(&e)))
}

/// A TLS configuration that trusts nobody, for connections that use no TLS.
fn without_roots() -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS can't be set up: {e}"))?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// An error with what led to it, each text once.
pub(in crate::llm) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_clients_are_built() {
        for url in ["http://127.0.0.1:1/v1", "http://192.168.0.9/v1", "https://api.example.com/v1"] {
            let url = BaseUrl::parse(url).expect("a URL");
            assert!(build(&url, Duration::from_secs(1)).is_ok(), "{url}");
        }
    }
}
