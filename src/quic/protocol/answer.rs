//! What a server says.

use super::{Kind, Refusal};
use crate::domain::{
    approval::ApprovalRequest, device::Role, event::TurnEvent, id::DeviceId, secret::Secret,
    text::from_json_bytes,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A frame from the server. `Done`, `Error` and `Welcome` are the last of their stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// The client was let in.
    Welcome(Welcome),
    /// A step of a turn.
    Event {
        /// The step.
        event: TurnEvent,
    },
    /// A question about a tool call, to be answered by an `approval` request.
    Approval {
        /// The question's id.
        id: String,
        /// What is asked.
        request: ApprovalRequest,
        /// When nobody's answer counts any more, in milliseconds since 1970 (UTC).
        expires_ms: i64,
    },
    /// Text that running code printed.
    Output {
        /// The text.
        text: String,
    },
    /// The request was carried out.
    Done {
        /// What came of it.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        result: Value,
    },
    /// The request came to nothing.
    Error(Refusal),
    /// A frame that only a newer version has. To be skipped.
    #[serde(skip)]
    Other(Value),
}

/// The server's answer to a hello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version of the messages.
    pub version: u32,
    /// The server's program and its version.
    pub server: String,
    /// Who the client is to the server.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which configuration is in force: counts up with each reload.
    pub generation: u64,
    /// The largest frame that the server takes.
    pub frame_limit: usize,
    /// The largest message that the server takes in pieces; `None`: it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_limit: Option<usize>,
    /// How many requests may be under way at the same time.
    pub streams: u32,
    /// After pairing: the token. It is never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "shown_once")]
    pub token: Option<Secret>,
}

/// Secrets are not written by accident: this is the place where one is meant to be.
mod shown_once {
    use crate::domain::secret::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(token: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        match token {
            Some(token) => to.serialize_str(token.expose()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::new))
    }
}

impl Answer {
    /// Reads a frame.
    ///
    /// # Errors
    /// When it is no answer at all. What only a newer server says is [`Answer::Other`].
    pub fn decode(json: &[u8]) -> Result<Self, Refusal> {
        from_json_bytes(json).or_else(|error| {
            let value: Value = from_json_bytes(json)
                .map_err(|e| Refusal::new(Kind::Json, format!("the server's frame is not JSON: {e}")))?;
            match value.get("type").and_then(Value::as_str) {
                Some("welcome" | "done" | "error") | None => {
                    Err(Refusal::new(Kind::Request, format!("the server's frame makes no sense: {error}")))
                }
                Some(_) => Ok(Self::Other(value)),
            }
        })
    }

    /// Whether it is the last of its stream.
    pub fn ends(&self) -> bool {
        matches!(self, Self::Welcome(_) | Self::Done { .. } | Self::Error(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::SessionId, usage::Usage};
    use serde_json::json;

    fn again(answer: &Answer) -> Answer {
        Answer::decode(&serde_json::to_vec(answer).unwrap()).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let failed = TurnEvent::Failed {
            session: SessionId::generate(),
            turn: "t".into(),
            error: "no".into(),
            kind: "budget",
            usage: Usage::default(),
        };
        for answer in [
            Answer::Event { event: TurnEvent::Text { delta: "안녕".into() } },
            Answer::Event { event: failed },
            Answer::Done { result: Value::Null },
            Answer::Done { result: json!({ "pong": true }) },
            Answer::Error(Refusal::new(Kind::Forbidden, "no")),
        ] {
            assert_eq!(again(&answer), answer);
        }
    }

    #[test]
    fn what_a_newer_server_says_is_skipped_and_nonsense_is_not() {
        for json in [r#"{"type":"event","event":{"type":"dream"}}"#, r#"{"type":"music","notes":[]}"#] {
            assert!(matches!(Answer::decode(json.as_bytes()), Ok(Answer::Other(_))), "{json}");
        }
        let newer = Answer::decode(br#"{"type":"error","kind":"weather","message":"rain","since":3}"#);
        assert_eq!(newer, Ok(Answer::Error(Refusal::new(Kind::Other, "rain"))));
        for json in ["x", "{}", "7", r#"{"type":"error"}"#] {
            assert!(Answer::decode(json.as_bytes()).is_err(), "{json}");
        }
    }
}
