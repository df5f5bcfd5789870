//! Who may come in.

use super::{failure::Failure, limits::MIN_TOKEN_CHARS};
use crate::domain::secret::Secret;
use http::{HeaderMap, StatusCode, header};
use ring::{hmac, rand::SystemRandom};

/// Knows the token without holding it: comparing takes the same time whatever is given.
pub(super) struct Guard(Option<(hmac::Key, hmac::Tag)>);

impl Guard {
    /// A guard that lets in whoever has this token; `None`: everybody who gets here.
    pub(super) fn new(token: Option<&Secret>) -> Result<Self, String> {
        let Some(token) = token else { return Ok(Self(None)) };
        let token = token.expose();
        if token.chars().count() < MIN_TOKEN_CHARS {
            return Err(format!(
                "the token has less than {MIN_TOKEN_CHARS} characters; make one with: openssl rand -hex 32"
            ));
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| "the system gives no random numbers".to_owned())?;
        let tag = hmac::sign(&key, token.as_bytes());
        Ok(Self(Some((key, tag))))
    }

    /// Whether a request may come in.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let Some((key, tag)) = &self.0 else { return from_a_program(headers) };
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (given.next(), given.next()) else {
            return Err(unauthorized("give the channel's token: Authorization: Bearer TOKEN"));
        };
        let token =
            value.as_bytes().split_at_checked(7).filter(|(word, _)| word.eq_ignore_ascii_case(b"bearer "));
        match token {
            Some((_, token)) if hmac::verify(key, token.trim_ascii(), tag.as_ref()).is_ok() => Ok(()),
            _ => Err(unauthorized("the token is wrong")),
        }
    }
}

fn unauthorized(message: &str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, "unauthorized", message).with(header::WWW_AUTHENTICATE, "Bearer")
}

/// Without a token, a page in the browser of whoever sits here must not speak in their name: browsers
/// tell of the page that makes a request, or ask for a host that is another's name for this machine.
fn from_a_program(headers: &HeaderMap) -> Result<(), Failure> {
    let forbidden = |message: &str| Err(Failure::new(StatusCode::FORBIDDEN, "forbidden", message));
    if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
        return forbidden("pages in a browser are not served without a token");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let here = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if here { Ok(()) } else { forbidden("without a token, the host is localhost or an address of it") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_token_and_nothing_like_it() {
        let guard = Guard::new(Some(&Secret::new("0123456789abcdef"))).unwrap();
        let admits = |value| guard.admit(&headers(&[("authorization", value)])).is_ok();
        assert!(admits("Bearer 0123456789abcdef") && admits("bearer  0123456789abcdef "));
        for value in
            ["Bearer 0123456789abcde", "Bearer 0123456789abcdef0", "Basic 0123456789abcdef", "Bearer", ""]
        {
            assert!(!admits(value), "{value:?}");
        }
        assert!(guard.admit(&HeaderMap::new()).is_err());
        assert!(Guard::new(Some(&Secret::new("short"))).is_err());
    }

    #[test]
    fn without_a_token_programs_of_this_machine() {
        let guard = Guard::new(None).unwrap();
        let admits = |pairs: &[(&'static str, &'static str)]| guard.admit(&headers(pairs)).is_ok();
        for host in ["localhost", "localhost:80", "127.0.0.1:8787", "[::1]:8787", "[::1]"] {
            assert!(admits(&[("host", host)]), "{host}");
        }
        for host in ["evil.example:8787", "10.0.0.1", "[::2]:1", "", "localhost.evil.example"] {
            assert!(!admits(&[("host", host)]), "{host}");
        }
        assert!(!admits(&[("host", "localhost"), ("origin", "http://localhost")]));
        assert!(!admits(&[("host", "localhost"), ("sec-fetch-site", "cross-site")]));
    }
}
