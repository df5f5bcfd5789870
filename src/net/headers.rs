//! What is said besides the URL.

use super::NetError;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers of a request, at most.
pub const MAX_HEADERS: usize = 64;

/// What the client sets, because a wrong one would split or hide a request.
const OURS: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
];

/// What identifies the sender, so that it stays with the host that it was meant for.
const PERSONAL: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// A header of a request.
#[derive(Clone, Debug)]
pub struct Header {
    name: HeaderName,
    value: HeaderValue,
}

impl Header {
    /// A header; `secret`: its value is for the host alone that is asked, and shown nowhere.
    pub fn new(name: &str, value: &str, secret: bool) -> Result<Self, NetError> {
        let wrong = |what: String| NetError::Request(what);
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong(format!("{name:?} is no name of a header")))?;
        if OURS.contains(&name) {
            return Err(wrong(format!("the header {name} is set by the engine")));
        }
        // The value is not repeated: it may be secret.
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            wrong(format!("the value of the header {name} has a character that none may have"))
        })?;
        value.set_sensitive(secret);
        Ok(Self { name, value })
    }

    /// Whether it is a secret, or tells who asks.
    pub(super) fn is_personal(&self) -> bool {
        self.value.is_sensitive() || PERSONAL.contains(&self.name)
    }

    /// Whether it says something of the body.
    pub(super) fn is_of_body(&self) -> bool {
        self.name.as_str().starts_with("content-")
    }
}

/// All of them for the library.
pub(super) fn map(headers: &[Header]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for Header { name, value } in headers {
        map.append(name, value.clone());
    }
    map
}

/// Those of an answer: names in lower case, each once.
pub(super) fn read(map: &HeaderMap) -> Vec<(String, String)> {
    map.keys()
        .map(|name| {
            let values = map.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            (name.as_str().to_owned(), values.collect::<Vec<_>>().join(", "))
        })
        .collect()
}
