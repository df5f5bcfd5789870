//! Calling back those who asked for it.

use super::{Terms, failure::Failure, limits::CALLBACK_WITHIN, routes::word};
use crate::{
    domain::post::{Answered, Parcel},
    net::{Header, Request},
};
use ring::hmac;
use serde_json::json;
use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// Says when a message was signed, in seconds since 1970.
const TIMESTAMP: &str = "openpista-timestamp";
/// `sha256=` and HMAC-SHA256 of the timestamp, a dot and the body, in hex.
const SIGNATURE: &str = "openpista-signature";
/// The longest URL that is called.
const MAX_URL_BYTES: usize = 2_048;
/// So much of a server's answer is read.
const ANSWER_BYTES: usize = 4 << 10;

impl Terms {
    /// Whether answers may go to a URL that a message names. Where it leads is checked when it is called.
    pub(super) fn may_be_called_back(&self, url: &str) -> Result<(), Failure> {
        if self.signing_key().is_none() {
            return Err(Failure::bad("callback: the channel has neither a token nor signing to sign with"));
        }
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !is_http || url.len() > MAX_URL_BYTES {
            let message = format!("callback is a URL, http:// or https://, of at most {MAX_URL_BYTES} bytes");
            return Err(Failure::bad(message));
        }
        Ok(())
    }

    fn signing_key(&self) -> Option<hmac::Key> {
        let secret = self.signing.as_ref().or(self.token.as_ref())?;
        Some(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()))
    }
}

/// Sends a message to a URL. `Err`: it was not taken; it is tried again.
pub(super) async fn call(terms: &Terms, channel: &str, url: &str, parcel: Parcel) -> Result<(), String> {
    let key = terms.signing_key().ok_or("there is nothing to sign with")?;
    let Parcel { number, conversation, content, attempt, answers, .. } = parcel;
    let mut body = json!({
        "channel": channel, "conversation": conversation, "number": number, "attempt": attempt,
    });
    match answers {
        Some(Answered { id, handled, session }) => {
            body["id"] = json!(id);
            body["state"] = json!(word(handled));
            body["session"] = json!(session);
            body["reply"] = json!(content.text);
        }
        None => {
            body["text"] = json!(content.text);
            body["question"] = json!(content.question);
        }
    }
    let body = body.to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).to_string();
    let signature = sign(&key, &now, &body);
    let header = |name, value: &str| Header::new(name, value, false).map_err(|error| error.to_string());
    let request = Request {
        method: "POST".into(),
        url: url.to_owned(),
        headers: vec![
            header("content-type", "application/json")?,
            header(TIMESTAMP, &now)?,
            header(SIGNATURE, &signature)?,
        ],
        body: Some(body.into_bytes()),
        timeout: CALLBACK_WITHIN,
        max_bytes: ANSWER_BYTES,
        cut: true,
        redirects: 0,
        allowed: vec![],
    };
    let response = terms.web.send(request).await.map_err(|error| error.to_string())?;
    match response.status {
        200..=299 => Ok(()),
        status => Err(format!("the server that was called back answered {status}")),
    }
}

fn sign(key: &hmac::Key, timestamp: &str, body: &str) -> String {
    let mut signing = hmac::Context::with_key(key);
    for part in [timestamp, ".", body] {
        signing.update(part.as_bytes());
    }
    signing.sign().as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_other_programs() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        assert_eq!(sign(&key, "1700000000", "{}"), SIGNED);
    }

    const SIGNED: &str = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
}
