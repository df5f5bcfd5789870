//! All that a new device has to know, in one line: what a QR code holds.

use super::Place;
use crate::{domain::secret::Secret, quic::Fingerprint};
use std::str::FromStr;

/// What the line begins with.
const SCHEME: &str = "openpista://";

/// A place, a pairing code and a certificate: `openpista://HOST:PORT/CODE/FINGERPRINT`.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Where the daemon is.
    pub place: Place,
    /// The code, good once.
    pub code: Secret,
    /// What the daemon is known by.
    pub fingerprint: Fingerprint,
}

impl Invitation {
    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().get(..SCHEME.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SCHEME))
    }

    /// As a line of text. It holds the code.
    pub fn to_line(&self) -> String {
        format!("{SCHEME}{}/{}/{}", self.place, self.code.expose(), self.fingerprint)
    }
}

impl FromStr for Invitation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong =
            || "an invitation is openpista://HOST:PORT/CODE/FINGERPRINT, as `openpista pair` prints it";
        let rest = text.get(SCHEME.len()..).filter(|_| Self::is_meant(text)).ok_or_else(wrong)?;
        let mut parts = rest.splitn(3, '/');
        let (Some(place), Some(code), Some(print)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong().into());
        };
        if code.is_empty() {
            return Err(wrong().into());
        }
        Ok(Self { place: place.parse()?, code: Secret::new(code), fingerprint: print.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let line = format!("openpista://[::1]:4433/7KQ2M-9XWTB/{}", Fingerprint::of(b"x"));
        let read: Invitation = line.parse().unwrap();
        assert_eq!(read.to_line(), line);
        assert!(line.to_uppercase().parse::<Invitation>().is_ok());
        for wrong in
            ["", "openpista://", "openpista://nas", "openpista://nas/", "openpista://nas/C/x", "http://a/b/c"]
        {
            assert!(wrong.parse::<Invitation>().is_err(), "{wrong}");
        }
    }
}
