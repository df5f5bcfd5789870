//! Tokens and pairing codes: made of randomness, kept as hashes.

use super::tls::provider;
use crate::domain::{device::TokenHash, secret::Secret};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// What tokens begin with, so that those who look for leaked secrets know one.
const PREFIX: &str = "pista_";
/// Random bits of a token, in bytes.
const TOKEN_BYTES: usize = 32;
/// Letters of a pairing code. Five bits each.
const CODE_LETTERS: usize = 10;
/// Without I, L, O and U, which are misread or misspell.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

pub(super) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    provider().secure_random.fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A fresh token of 256 bits.
///
/// # Errors
/// When the system gives no random numbers.
pub fn token() -> Result<Secret, NoRandomness> {
    Ok(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>()?))))
}

/// What is kept of a token.
pub fn hash(token: &Secret) -> TokenHash {
    TokenHash(Sha256::digest(token.expose().as_bytes()).into())
}

/// A fresh pairing code of 50 bits, `XXXXX-XXXXX`.
pub(super) fn code() -> Result<Secret, NoRandomness> {
    let letters = random::<CODE_LETTERS>()?.map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    let (left, right) = letters.split_at(CODE_LETTERS / 2);
    Ok(Secret::new(format!("{}-{}", left.iter().collect::<String>(), right.iter().collect::<String>())))
}

/// What is kept of a code. The same for every way to type it.
pub(super) fn code_hash(code: &Secret) -> TokenHash {
    let plain: String = code
        .expose()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect();
    hash(&Secret::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_codes_are_long_and_never_the_same() {
        let (a, b) = (token().unwrap(), token().unwrap());
        assert_eq!(a.expose().len(), PREFIX.len() + 43);
        assert_ne!(hash(&a), hash(&b));
        let codes: std::collections::HashSet<String> =
            (0..1000).map(|_| code().unwrap().expose().to_owned()).collect();
        assert_eq!(codes.len(), 1000);
        assert!(codes.iter().all(|code| code.len() == CODE_LETTERS + 1));
    }

    #[test]
    fn a_code_can_be_typed_in_many_ways() {
        let hash = |text: &str| code_hash(&Secret::new(text));
        assert_eq!(hash("A0B1C-DEFGH"), hash(" aOblc defgh"));
        assert_ne!(hash("A0B1C-DEFGH"), hash("A0B1C-DEFGJ"));
    }
}
