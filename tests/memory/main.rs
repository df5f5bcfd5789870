//! The memory, on real SQLite files.

// Clippy's exception for tests leaves their helpers out.
#![allow(clippy::unwrap_used)]

mod approvals;
mod gathered;
mod opening;
mod outgoing;
mod pruning;
mod recovering;
mod searching;
mod sessions;
mod storing;

use openpista::{
    domain::{
        JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        envelope::Origin,
        id::{CallId, SessionId, TurnId},
        message::{AssistantMessage, Message},
        store::{Session, StoredMessage, TurnStore},
    },
    memory::{Memory, NewSession, OpenOptions},
};
use std::collections::HashMap;
use tempfile::TempDir;

/// A directory with a memory in it.
struct Place {
    dir: TempDir,
    memory: Memory,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let memory = open(&dir);
    Place { dir, memory }
}

fn open(dir: &TempDir) -> Memory {
    Memory::open(&dir.path().join("memory.db"), OpenOptions::default()).unwrap()
}

/// A connection of the test's own to the same file.
fn raw(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join("memory.db")).unwrap()
}

fn new_session() -> NewSession {
    NewSession { channel: "cli".into(), agent: "main".into(), workspace: "/work".into(), name: None }
}

fn origin() -> Origin {
    Origin { channel: "cli".into(), user: "ada".into() }
}

impl Place {
    async fn session(&self) -> SessionId {
        self.memory.create_session(new_session()).await.unwrap().id
    }

    async fn turn(&self, session: &SessionId) -> TurnId {
        begin(&self.memory, session, "hello").await.unwrap()
    }
}

async fn begin(
    memory: &Memory,
    session: &SessionId,
    text: &str,
) -> Result<TurnId, openpista::domain::store::StoreError> {
    let turn = TurnId::generate();
    memory.begin_turn(session, &turn, &origin(), &Message::user(text)).await.map(|()| turn)
}

fn call(id: &str) -> ToolCall {
    ToolCall { id: CallId::from(id), ..ToolCall::new("system.run", JsonMap::new()) }
}

fn calls(ids: &[&str]) -> Message {
    Message::Assistant(AssistantMessage {
        calls: ids.iter().map(|id| call(id)).collect(),
        ..AssistantMessage::default()
    })
}

fn result(id: &str) -> Message {
    Message::Tool(ToolResult::new(&call(id), ToolStatus::Ok, "done"))
}

fn texts(messages: &[StoredMessage]) -> Vec<String> {
    messages.iter().map(|m| m.message.text().to_owned()).collect()
}

/// Fails unless every call has exactly one result right behind it, and every result a call.
fn assert_valid(messages: &[StoredMessage]) {
    let mut open: HashMap<CallId, usize> = HashMap::new();
    for stored in messages {
        match &stored.message {
            Message::Tool(result) => {
                let left = open.get_mut(&result.call_id).filter(|left| **left > 0);
                *left.unwrap_or_else(|| panic!("a result without a call: {stored:?}")) -= 1;
            }
            other => {
                assert!(open.values().all(|left| *left == 0), "{open:?} without result before {stored:?}");
                open.clear();
                if let Message::Assistant(said) = other {
                    said.calls.iter().for_each(|call| *open.entry(call.id.clone()).or_default() += 1);
                }
            }
        }
    }
    assert!(open.values().all(|left| *left == 0), "{open:?} without result at the end");
    assert!(messages.windows(2).all(|pair| pair[0].id <= pair[1].id), "ids fall");
}

fn ids(sessions: &[Session]) -> Vec<&SessionId> {
    sessions.iter().map(|session| &session.id).collect()
}
