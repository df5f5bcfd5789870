//! What a server is known by: SHA-256 over its certificate.

use sha2::{Digest, Sha256};
use std::{fmt, fmt::Write as _, str::FromStr};

/// SHA-256 over a certificate in DER. Written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Takes capitals, and colons between the bytes, as other programs write them.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut digits = String::new();
        let text = text.trim();
        let rest = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        for c in rest.chars().filter(|c| *c != ':') {
            let _ = digits.write_char(c);
        }
        let wrong = || "a fingerprint is \"sha256:\" and 64 hexadecimal digits".to_owned();
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_and_others_write() {
        let print = Fingerprint::of(b"certificate");
        let text = print.to_string();
        assert_eq!(text.len(), 7 + 64);
        assert_eq!(text.parse(), Ok(print));
        let hex = text.strip_prefix("sha256:").unwrap().to_uppercase();
        let colons: Vec<&str> = (0..32).map(|i| &hex[2 * i..2 * i + 2]).collect();
        assert_eq!(hex.parse(), Ok(print));
        assert_eq!(format!(" SHA256:{} ", colons.join(":")).parse(), Ok(print));
        for wrong in
            ["", "sha256:", &text[1..], &text[..70], "sha256:zz", &format!("{text}0"), &"é".repeat(40)]
        {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
