//! What a URL leads to.

use super::{NetError, error::Barred, resolver::Trust};
use crate::domain::network::{Network, Opened, barred};
use reqwest::Url;
use std::net::IpAddr;

/// Characters of a URL, at most.
const MAX_URL: usize = 8192;

/// A URL that may be asked, and what is trusted on the way.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) host: String,
    pub(super) trust: Trust,
}

impl Target {
    /// Reads a URL. Odd spellings of addresses (decimal, octal, hexadecimal) are read as connecting
    /// would read them.
    pub(super) fn read(text: &str, opened: &[Opened], allowed: &[Network]) -> Result<Self, NetError> {
        if text.len() > MAX_URL {
            return Err(NetError::Request(format!("the URL has more than {MAX_URL} characters")));
        }
        let url = Url::parse(text).map_err(|error| {
            NetError::Request(format!(
                "{:?} is no URL: {error}; write it like \"https://host/path\"",
                shown(text)
            ))
        })?;
        Self::new(url, opened, allowed)
    }

    /// Where a redirect leads.
    pub(super) fn next(
        &self,
        location: &str,
        opened: &[Opened],
        allowed: &[Network],
    ) -> Result<Self, NetError> {
        let wrong = |why: String| NetError::Failed { host: self.host.clone(), message: why };
        let url =
            self.url.join(location).map_err(|error| wrong(format!("its redirect leads nowhere: {error}")))?;
        Self::new(url, opened, allowed)
    }

    fn new(mut url: Url, opened: &[Opened], allowed: &[Network]) -> Result<Self, NetError> {
        let wrong = |what: &str| Err(NetError::Request(what.to_owned()));
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NetError::Request(format!(
                "a URL must begin with http:// or https://, not {}:",
                url.scheme()
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("a URL with a user name or a password is not asked; give secrets as headers");
        }
        url.set_fragment(None);
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        let host = host.to_ascii_lowercase();
        if host.is_empty() {
            return wrong("the URL names no host");
        }
        let port = url.port_or_known_default().unwrap_or(0);
        let named = |item: &Opened| matches!(item, Opened::Server(name, at) if *name == host && *at == port);
        let trust = if opened.iter().any(named) {
            Trust::Server
        } else {
            let networks = opened.iter().filter_map(|item| match item {
                Opened::Network(network) => Some(*network),
                Opened::Server(..) => None,
            });
            Trust::networks(networks.chain(allowed.iter().copied()))
        };
        let target = Self { url, host, trust };
        target.check_literal()?;
        Ok(target)
    }

    /// The resolver, which checks names, is not asked about what is an address already.
    fn check_literal(&self) -> Result<(), NetError> {
        let (Trust::Networks(open), Ok(address)) = (&self.trust, self.host.parse::<IpAddr>()) else {
            return Ok(());
        };
        match barred(address, open) {
            Some(reason) => Err(Barred { host: self.host.clone(), address, reason }.into()),
            None => Ok(()),
        }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Whether what was meant for one is meant for the other.
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }
}

/// The beginning of what was written, up to where a secret may stand.
fn shown(text: &str) -> String {
    text.split(['?', '#', '@']).next().unwrap_or_default().chars().take(100).collect()
}
