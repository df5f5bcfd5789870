//! Where a daemon is, as a person writes it.

use super::error::LinkError;
use std::{fmt, net::SocketAddr, str::FromStr};

/// The port where none is given.
pub const DEFAULT_PORT: u16 = 4433;
/// Nothing longer is a name in the DNS.
const LONGEST_NAME: usize = 253;

/// The name or address of a machine, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// The addresses that the place has now, the one to try first.
    ///
    /// # Errors
    /// When its name is not known.
    pub async fn resolve(&self) -> Result<SocketAddr, LinkError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let mut found =
            found.map_err(|error| LinkError::Nowhere(format!("{} is not known here: {error}", self.host)))?;
        found.next().ok_or_else(|| LinkError::Nowhere(format!("{} has no address", self.host)))
    }

    /// A name for files.
    pub(super) fn file_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
        format!("{}_{}", self.host.chars().map(plain).collect::<String>(), self.port)
    }
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    /// Takes `host`, `host:port`, `1.2.3.4:port`, `[::1]:port` and `::1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong =
            || format!("{text:?} is no address; one is written host:port, for example nas.local:4433");
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(SocketAddr::new(address, DEFAULT_PORT).into());
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (text, DEFAULT_PORT),
        };
        let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || host.len() > LONGEST_NAME || port == 0 || !host.chars().all(part) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_lowercase(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn what_people_write() {
        for (text, meant) in [
            ("nas.local", "nas.local:4433"),
            (" NAS.local:5000 ", "nas.local:5000"),
            ("127.0.0.1", "127.0.0.1:4433"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("::1", "[::1]:4433"),
            ("[::1]", "[::1]:4433"),
            ("[::1]:77", "[::1]:77"),
        ] {
            assert_eq!(text.parse::<Place>().map(|place| place.to_string()).as_deref(), Ok(meant), "{text}");
        }
        for wrong in ["", ":4433", "nas:port", "nas:0", "nas:99999", "a b", "nas/x", "../..", "a:1:2"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_of_files_are_harmless() {
        let name = |text: &str| text.parse::<Place>().unwrap().file_name();
        assert_eq!(name("nas.local:1"), "nas.local_1");
        assert_eq!(name("[fe80::1]:1"), "fe80__1_1");
    }
}
