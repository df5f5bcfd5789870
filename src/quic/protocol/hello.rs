//! The first frame of a connection: which version, and who.

use super::{Kind, Refusal, VERSION};
use crate::domain::secret::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest label of a device, in characters.
const NAME_CHARS: usize = 64;

/// The first frame from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// By what the client proves who it is.
    pub credential: Credential,
    /// What the client is, for logs: `openpista 0.1.0`.
    pub client: Option<String>,
    /// The largest message that the client takes in pieces; `None`: it takes none.
    pub message_limit: Option<usize>,
}

/// By what a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A device's token.
    Token(Secret),
    /// A pairing code, good for one token.
    Code {
        /// As it was read off a screen.
        code: Secret,
        /// What the new device shall be called, where the code does not say.
        name: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    r#type: String,
    #[allow(dead_code)]
    version: u32,
    token: Option<String>,
    code: Option<String>,
    name: Option<String>,
    client: Option<String>,
    message_limit: Option<usize>,
}

impl Hello {
    /// Reads the frame. The version comes first: what another version adds is not held against it.
    ///
    /// # Errors
    /// The refusal to send back. It holds nothing of what was sent.
    pub fn decode(json: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(json)
            .map_err(|e| Refusal::new(Kind::Json, format!("the first frame is not JSON: {e}")))?;
        if value.get("type").and_then(Value::as_str) != Some("hello") {
            let message = "the first frame of a connection must have the type \"hello\"";
            return Err(Refusal::new(Kind::Request, message));
        }
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => return Err(unspoken(version)),
            None => return Err(Refusal::new(Kind::Request, "hello: `version` must be a number")),
        }
        let wire = Wire::deserialize(&value).map_err(|e| Refusal::new(Kind::Request, harmless(&e)))?;
        debug_assert_eq!(wire.r#type, "hello");
        let name = wire.name.map(|name| label(&name)).filter(|name| !name.is_empty());
        let credential = match (wire.token, wire.code) {
            (Some(token), None) => Credential::Token(Secret::new(token)),
            (None, Some(code)) => Credential::Code { code: Secret::new(code), name },
            _ => {
                let message = "hello: give a `token`, or a pairing `code`, and not both";
                return Err(Refusal::new(Kind::Request, message));
            }
        };
        let client = wire.client.map(|client| label(&client));
        Ok(Self { credential, client, message_limit: wire.message_limit })
    }

    /// The frame's JSON.
    pub fn to_json(&self) -> Value {
        let mut json = json!({ "type": "hello", "version": VERSION });
        match &self.credential {
            Credential::Token(token) => json["token"] = token.expose().into(),
            Credential::Code { code, name } => {
                json["code"] = code.expose().into();
                if let Some(name) = name {
                    json["name"] = name.as_str().into();
                }
            }
        }
        if let Some(client) = &self.client {
            json["client"] = client.as_str().into();
        }
        if let Some(limit) = self.message_limit {
            json["message_limit"] = limit.into();
        }
        json
    }
}

fn unspoken(version: u64) -> Refusal {
    let (newer, older) = ("update the server, or use an older client", "update the client");
    let mend = if version > u64::from(VERSION) { newer } else { older };
    let message = format!("version {version} of the protocol is not spoken here, but {VERSION} is: {mend}");
    Refusal { supported: vec![VERSION], ..Refusal::new(Kind::Version, message) }
}

/// serde's words, unless they may quote a value, which may be a secret.
fn harmless(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let quotes = words.contains("invalid type") || words.contains("invalid value");
    if quotes { "hello: a field has the wrong type".to_owned() } else { format!("hello: {words}") }
}

/// A label for people: one line, no control characters, not endless.
pub(in crate::quic) fn label(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Refusal {
        Hello::decode(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_is_written_is_read() {
        for credential in [
            Credential::Token(Secret::new("pista_x")),
            Credential::Code { code: Secret::new("ABCDE-FGHJK"), name: Some("laptop".into()) },
        ] {
            let hello = Hello { credential, client: Some("test 1".into()), message_limit: Some(1 << 20) };
            assert_eq!(Hello::decode(hello.to_json().to_string().as_bytes()), Ok(hello));
        }
    }

    #[test]
    fn another_version_is_told_so_whatever_else_it_sends() {
        let refusal = refused(r#"{"type":"hello","version":2,"proof":{"new":true}}"#);
        assert_eq!((refusal.kind, &*refusal.supported), (Kind::Version, &[1][..]));
        assert!(refusal.message.contains("update the server"), "{refusal}");
        assert!(refused(r#"{"type":"hello","version":0,"token":"x"}"#).message.contains("update the client"));
    }

    #[test]
    fn a_bad_hello_is_told_why_and_never_quoted() {
        assert_eq!(refused("{").kind, Kind::Json);
        for (json, words) in [
            ("[]", "must have the type"),
            (r#"{"type":"message","text":"hi"}"#, "must have the type"),
            (r#"{"type":"hello"}"#, "`version` must be a number"),
            (r#"{"type":"hello","version":1}"#, "and not both"),
            (r#"{"type":"hello","version":1,"token":"s3cret","code":"s3cret"}"#, "and not both"),
            (r#"{"type":"hello","version":1,"token":"s3cret","role":"owner"}"#, "unknown field `role`"),
            (r#"{"type":"hello","version":1,"token":["s3cret"]}"#, "wrong type"),
            (r#"{"type":"hello","version":1,"token":"s3cret","name":{"s3cret":1}}"#, "wrong type"),
        ] {
            let refusal = refused(json);
            assert_eq!(refusal.kind, Kind::Request, "{json}");
            assert!(refusal.message.contains(words), "{json}: {refusal}");
            assert!(!refusal.message.contains("s3cret"), "{json}: {refusal}");
        }
    }
}
