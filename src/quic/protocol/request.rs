//! What a client can ask for.

use super::{Kind, Refusal};
use crate::{
    domain::{JsonMap, approval::Approval, device::Role, nearest::nearest, text::from_json_bytes},
    frame::{self, Bounds, FrameError},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request: the first frame of a stream. Names in it (a session, a device) say what it is about,
/// never who asks: that is known from the connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Is anybody there?
    Ping {},
    /// Something to be answered by an agent.
    Message {
        /// What is said.
        text: String,
        /// The conversation, by id or name. None: a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// The agent that shall answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// `provider/model` in place of the agent's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// Whether the turn goes on when the client goes away. Else it is cancelled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        detach: bool,
        /// Whether nobody is there who could answer questions about its tool calls.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unattended: bool,
        /// Whether the text is for the agent even where it looks like a command.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        literal: bool,
    },
    /// Stop the turn that is under way in a conversation.
    Cancel {
        /// The conversation, by id or name.
        session: String,
    },
    /// The answer to a question about a tool call.
    Approval {
        /// The question's id.
        id: String,
        /// What is answered.
        answer: Approval,
    },
    /// Run Lua in the live engine.
    Eval {
        /// The code.
        code: String,
    },
    /// What could follow in a line of Lua.
    Complete {
        /// The line.
        line: String,
        /// Where in it the cursor stands, in bytes.
        at: usize,
    },
    /// How the server is.
    Status {},
    /// Load the configuration again.
    Reload {},
    /// The conversations.
    Sessions {
        /// At most so many, newest first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// A conversation, found or begun: by its id or name, begun under that name where there is none;
    /// without one, the one that the device's person spoke in last.
    Session {
        /// Its id or name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// Begin one, under that name if there is one.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fresh: bool,
        /// `repl` or `cli`: of the conversations that begin at the owner's own machine, those at the
        /// prompt, or those of commands. For owners.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        front: Option<String>,
        /// The agent that shall answer in one that is begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        /// The conversation, by id or name, that a fresh one takes the place of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<String>,
        /// A model to resolve in place of the one that answers there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// What was said in a conversation last.
    Transcript {
        /// The conversation, by id or name.
        session: String,
        /// At most so many messages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// The commands that the configuration declares.
    Commands {},
    /// The tools, and what the agent of a conversation may do with each.
    Tools {
        /// The conversation, by id or name.
        session: String,
    },
    /// Be told what a person should know, until the request is given up.
    Watch {},
    /// Make a pairing code.
    Pair {
        /// The role of the device to come.
        role: Role,
        /// What it shall be called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The devices.
    Devices {},
    /// Shut a device out.
    Revoke {
        /// The device's id.
        device: String,
    },
    /// End the server.
    Stop {},
    /// `worker.…`: what workers ask. Reserved; the engine decides what there is.
    #[serde(skip)]
    Worker(WorkerRequest),
}

/// A request of a worker's: `{"type": "worker.<action>", …}`.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRequest {
    /// What comes after `worker.`
    pub action: String,
    /// The other fields.
    pub body: JsonMap,
}

/// All types but the workers'.
const TYPES: &[&str] = &[
    "ping",
    "message",
    "cancel",
    "approval",
    "eval",
    "complete",
    "status",
    "reload",
    "sessions",
    "session",
    "transcript",
    "commands",
    "tools",
    "watch",
    "pair",
    "devices",
    "revoke",
    "stop",
];
const WORKER: &str = "worker.";

impl Request {
    /// Reads a frame.
    ///
    /// # Errors
    /// The refusal to send back.
    pub fn decode(json: &[u8]) -> Result<Self, Refusal> {
        from_json_bytes(json).or_else(|error| Self::otherwise(json, &error))
    }

    /// The request as a frame.
    ///
    /// # Errors
    /// When it is larger than `limit`.
    pub fn encode(&self, limit: usize) -> Result<Vec<u8>, FrameError> {
        self.encode_within(Bounds::whole(limit))
    }

    /// The request as a message, in pieces where one frame does not hold it.
    ///
    /// # Errors
    /// When it is larger than a message may be.
    pub fn encode_within(&self, bounds: Bounds) -> Result<Vec<u8>, FrameError> {
        match self {
            Self::Worker(WorkerRequest { action, body }) => {
                let mut whole = body.clone();
                whole.insert("type".into(), format!("{WORKER}{action}").into());
                frame::encode_within(&whole, bounds)
            }
            other => frame::encode_within(other, bounds),
        }
    }

    /// Whether a device of this role may ask it.
    pub fn allowed_to(&self, role: Role) -> bool {
        match self {
            Self::Ping {} => true,
            Self::Message { .. }
            | Self::Cancel { .. }
            | Self::Approval { .. }
            | Self::Status {}
            | Self::Sessions { .. }
            | Self::Session { .. }
            | Self::Transcript { .. }
            | Self::Commands {}
            | Self::Tools { .. } => role != Role::Worker,
            Self::Watch {}
            | Self::Eval { .. }
            | Self::Complete { .. }
            | Self::Reload {}
            | Self::Pair { .. }
            | Self::Devices {}
            | Self::Revoke { .. }
            | Self::Stop {} => role == Role::Owner,
            Self::Worker(_) => role == Role::Worker,
        }
    }

    /// Its type, as on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ping {} => "ping",
            Self::Message { .. } => "message",
            Self::Cancel { .. } => "cancel",
            Self::Approval { .. } => "approval",
            Self::Eval { .. } => "eval",
            Self::Complete { .. } => "complete",
            Self::Status {} => "status",
            Self::Reload {} => "reload",
            Self::Sessions { .. } => "sessions",
            Self::Session { .. } => "session",
            Self::Transcript { .. } => "transcript",
            Self::Commands {} => "commands",
            Self::Tools { .. } => "tools",
            Self::Watch {} => "watch",
            Self::Pair { .. } => "pair",
            Self::Devices {} => "devices",
            Self::Revoke { .. } => "revoke",
            Self::Stop {} => "stop",
            Self::Worker(_) => "worker.…",
        }
    }

    /// Whether it goes on without anybody who waits for its answer.
    pub fn outlives_client(&self) -> bool {
        matches!(self, Self::Message { detach: true, .. })
    }

    /// What a frame is that serde does not take: a worker's request, or a mistake.
    fn otherwise(json: &[u8], error: &serde_json::Error) -> Result<Self, Refusal> {
        let no = |kind, message: String| Err(Refusal::new(kind, message));
        let mut body = match from_json_bytes(json) {
            Ok(Value::Object(body)) => body,
            Ok(_) => return no(Kind::Json, "a frame must hold a JSON object".into()),
            Err(error) => return no(Kind::Json, format!("the frame is not JSON: {error}")),
        };
        let Some(Value::String(name)) = body.remove("type") else {
            return no(Kind::Request, "the message has no `type`".into());
        };
        if TYPES.contains(&name.as_str()) {
            return no(Kind::Request, format!("{name}: {error}"));
        }
        match name.strip_prefix(WORKER) {
            Some(action) if !action.is_empty() => {
                Ok(Self::Worker(WorkerRequest { action: action.to_owned(), body }))
            }
            _ => {
                let name: String = name.chars().take(40).collect();
                let hint = nearest(&name, TYPES.iter().copied()).map_or_else(
                    || format!("there are {}", TYPES.join(", ")),
                    |near| format!("perhaps {near:?}"),
                );
                no(Kind::UnknownType, format!("no message has the type {name:?}; {hint}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::HEADER;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read() {
        let worker =
            WorkerRequest { action: "model".into(), body: JsonMap::from_iter([("a".into(), 1.into())]) };
        for request in [
            Request::Ping {},
            Request::Message {
                text: "hi".into(),
                session: Some("s".into()),
                agent: None,
                model: None,
                detach: true,
                unattended: false,
                literal: false,
            },
            Request::Approval { id: "a".into(), answer: Approval::Always },
            Request::Pair { role: Role::User, name: None },
            Request::Worker(worker),
        ] {
            let frame = request.encode(1000).unwrap();
            assert_eq!(Request::decode(&frame[HEADER..]), Ok(request));
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (json, kind, words) in [
            ("nonsense", Kind::Json, "not JSON"),
            ("[1]", Kind::Json, "a JSON object"),
            ("{}", Kind::Request, "no `type`"),
            (r#"{"type":7}"#, Kind::Request, "no `type`"),
            (r#"{"type":"mesage","text":"hi"}"#, Kind::UnknownType, "perhaps \"message\""),
            (r#"{"type":"worker."}"#, Kind::UnknownType, "worker."),
            (r#"{"type":"message"}"#, Kind::Request, "message: missing field `text`"),
            (r#"{"type":"message","text":"hi","sesion":"a"}"#, Kind::Request, "unknown field `sesion`"),
            (r#"{"type":"ping","role":"owner"}"#, Kind::Request, "unknown field `role`"),
            (r#"{"type":"approval","id":"a","answer":"maybe"}"#, Kind::Request, "maybe"),
            (r#"{"type":"message","text":5}"#, Kind::Request, "expected a string"),
        ] {
            let refusal = Request::decode(json.as_bytes()).unwrap_err();
            assert_eq!(refusal.kind, kind, "{json}: {refusal}");
            assert!(refusal.message.contains(words), "{json}: {refusal}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Request::decode(deep.as_bytes()).unwrap_err().kind, Kind::Json);
    }

    #[test]
    fn every_type_is_in_the_list_and_every_role_has_its_own() {
        let roles = [Role::Owner, Role::User, Role::Worker];
        let fields = json!({ "text": "", "session": "", "id": "", "answer": "no", "code": "", "line": "",
            "at": 0, "role": "user", "device": "" });
        let may = |name: &str| {
            // Each type takes a part of the fields: find it by leaving out what it does not know.
            let mut body = fields.as_object().unwrap().clone();
            body.insert("type".into(), name.into());
            let request = loop {
                match Request::decode(Value::from(body.clone()).to_string().as_bytes()) {
                    Ok(request) => break request,
                    Err(refusal) => {
                        let unknown = refusal.message.split('`').nth(1).unwrap().to_owned();
                        assert!(body.remove(&unknown).is_some(), "{name}: {refusal}");
                    }
                }
            };
            assert_eq!(request.name(), name);
            roles.map(|role| request.allowed_to(role))
        };
        for name in TYPES {
            let expected = match *name {
                "ping" => [true, true, true],
                "message" | "cancel" | "approval" | "status" | "sessions" | "session" | "transcript"
                | "commands" | "tools" => [true, true, false],
                _ => [true, false, false],
            };
            assert_eq!(may(name), expected, "{name}");
        }
        let worker = Request::Worker(WorkerRequest { action: "x".into(), body: JsonMap::new() });
        assert_eq!(roles.map(|role| worker.allowed_to(role)), [false, false, true]);
    }
}
