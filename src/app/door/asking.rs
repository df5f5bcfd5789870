//! Questions about tool calls, asked of the device in whose turn they come up.
//!
//! A question belongs to one call, to one device and to a time. It is answered once, by that device;
//! over which of its connections does not matter.

use super::CHANNEL;
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver, Approvers, Ruling},
        device::Role,
        envelope::Origin,
        event::{Observer, TurnEvent},
        hook::TurnContext,
        id::{CallId, DeviceId, SessionId},
    },
    gateway::{ANSWER_TIME, MAX_OPEN},
    quic::{
        Peer, Reply,
        protocol::{Answer, Kind, Refusal},
    },
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::oneshot;

/// The channel on which Lua acts outside of turns, for the person who runs the program.
const LUA: &str = "lua";
/// A call of more bytes than this is not asked about: it may not fit into a frame.
pub(super) const MAX_REQUEST_BYTES: usize = 256 << 10;

/// The questions to devices. Clones share them.
#[derive(Clone, Default)]
pub struct DeviceQuestions(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    last: u64,
    /// Where devices listen, by number: the later ones were opened later.
    streams: BTreeMap<u64, Stream>,
    open: BTreeMap<String, Open>,
    /// Conversations in whose turn nobody can be asked.
    alone: BTreeMap<u64, SessionId>,
}

#[derive(Clone)]
struct Stream {
    device: DeviceId,
    /// The conversation of the message; `None` where Lua is evaluated.
    session: Option<SessionId>,
    /// Whether the device may approve.
    owner: bool,
    reply: Reply,
}

struct Open {
    device: DeviceId,
    request: ApprovalRequest,
    expires_ms: i64,
    answer: oneshot::Sender<Approval>,
}

/// A device listens as long as this is kept.
pub(super) struct Attending {
    questions: DeviceQuestions,
    number: u64,
}

impl Drop for Attending {
    fn drop(&mut self) {
        let mut state = self.questions.state();
        state.streams.remove(&self.number);
        state.alone.remove(&self.number);
    }
}

/// A question is open as long as this is kept.
struct Asked<'a> {
    questions: &'a DeviceQuestions,
    id: &'a str,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.questions.state().open.remove(self.id);
    }
}

impl DeviceQuestions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a device hears questions of a conversation, or of Lua that it has evaluated.
    pub(super) fn attend(&self, peer: &Peer, session: Option<SessionId>, reply: Reply) -> Attending {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.streams.insert(
            number,
            Stream { device: peer.device.clone(), session, owner: peer.role == Role::Owner, reply },
        );
        Attending { questions: self.clone(), number }
    }

    /// From now on nobody is asked in a turn of a conversation.
    pub(super) fn leave_alone(&self, session: &SessionId) -> Attending {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.alone.insert(number, session.clone());
        Attending { questions: self.clone(), number }
    }

    fn is_alone(&self, session: &SessionId) -> bool {
        self.state().alone.values().any(|alone| alone == session)
    }

    /// Takes a device's answer.
    pub(super) fn answer(&self, device: &DeviceId, id: &str, answer: Approval) -> Result<Value, Refusal> {
        let mut state = self.state();
        // Whether the question of somebody else exists is nothing that a device may find out.
        let theirs = state.open.get(id).is_some_and(|open| open.device == *device);
        let open = if theirs { state.open.remove(id) } else { None };
        drop(state);
        let over = || {
            let message =
                format!("no question {id:?} is open for this device: it was answered, or it took too long");
            Refusal::new(Kind::NotFound, message)
        };
        let Open { answer: waiting, .. } = open.ok_or_else(over)?;
        waiting.send(answer).map_err(|_| over())?;
        Ok(json!({ "id": id, "answer": answer }))
    }

    /// The open questions of a device, or of all.
    pub(super) fn open(&self, device: Option<&DeviceId>) -> Vec<Value> {
        let state = self.state();
        let wanted = state.open.iter().filter(|(_, open)| device.is_none_or(|device| open.device == *device));
        let shown = |(id, open): (&String, &Open)| {
            let Open { device, request, expires_ms, .. } = open;
            json!({ "id": id, "device": device, "request": request, "expires_ms": expires_ms })
        };
        wanted.map(shown).collect()
    }

    /// The streams by which a device can be asked, the best one last.
    fn streams(&self, device: &DeviceId, session: &SessionId) -> Option<Stream> {
        let state = self.state();
        let theirs = || state.streams.values().rev().filter(|stream| stream.device == *device);
        // A turn that a turn began has a conversation of its own.
        theirs().find(|stream| stream.session.as_ref() == Some(session)).or_else(|| theirs().next()).cloned()
    }

    /// The devices that listen and may approve.
    fn owners(&self) -> BTreeSet<DeviceId> {
        self.state()
            .streams
            .values()
            .filter(|stream| stream.owner)
            .map(|stream| stream.device.clone())
            .collect()
    }

    /// The stream of whoever has Lua evaluated.
    fn evaluating(&self) -> Option<Stream> {
        self.state().streams.values().rev().find(|stream| stream.session.is_none()).cloned()
    }

    async fn put(
        &self,
        stream: Stream,
        request: &ApprovalRequest,
        timeout: Option<Duration>,
    ) -> Result<Approval, String> {
        let size = serde_json::to_vec(request).map_or(usize::MAX, |json| json.len());
        if size > MAX_REQUEST_BYTES {
            return Err(format!(
                "the call is too long to be shown whole: {size} bytes, and at most {MAX_REQUEST_BYTES} can be \
                 asked about"
            ));
        }
        let timeout = timeout.unwrap_or(ANSWER_TIME);
        let expires_ms = now_ms().saturating_add(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        let (answer, answered) = oneshot::channel();
        let id = CallId::generate().to_string();
        let Stream { device, reply, .. } = stream;
        {
            let mut state = self.state();
            if state.open.values().filter(|open| open.device == device).count() >= MAX_OPEN {
                return Err(format!("the device has {MAX_OPEN} questions to answer already"));
            }
            let open = Open { device, request: request.clone(), expires_ms, answer };
            state.open.insert(id.clone(), open);
        }
        let _asked = Asked { questions: self, id: &id };
        let question = Answer::Approval { id: id.clone(), request: request.clone(), expires_ms };
        let asking = async {
            reply.send(question).await.map_err(|_| "the device that was to be asked is gone".to_owned())?;
            answered.await.map_err(|_| "the question was withdrawn".to_owned())
        };
        tokio::time::timeout(timeout, asking).await.unwrap_or_else(|_| {
            Err(format!("the device was asked and did not answer within {} s", timeout.as_secs_f64()))
        })
    }
}

impl Approver for DeviceQuestions {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            // Who has Lua evaluated is the person who runs the program.
            let stream = self.evaluating().filter(|_| request.context.origin.channel == LUA)?;
            self.put(stream, request, None).await.ok()
        })
    }

    fn refer<'a>(
        &'a self,
        request: &'a ApprovalRequest,
        to: &'a [String],
        timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        Box::pin(async move {
            let reached = to.iter().find_map(|address| {
                let device = DeviceId::from(address.strip_prefix(CHANNEL)?.strip_prefix(':')?);
                Some((address, self.streams(&device, &request.context.session)?))
            });
            let (address, stream) = reached.ok_or_else(|| {
                format!("{} cannot be asked: the device has no request under way", to.join(", "))
            })?;
            let approval = self.put(stream, request, timeout).await?;
            Ok(Ruling { approval, by: Some(address.clone()) })
        })
    }

    fn approvers(&self, context: &TurnContext) -> Approvers {
        let Origin { channel, user } = &context.origin;
        if channel != CHANNEL || self.is_alone(&context.session) {
            return Approvers::Here;
        }
        let owners = self.owners();
        if owners.iter().any(|device| device.as_str() == user) {
            return Approvers::People { to: vec![format!("{CHANNEL}:{user}")], speaker: true };
        }
        let to: Vec<_> = owners.iter().map(|device| format!("{CHANNEL}:{device}")).collect();
        match to.is_empty() {
            false => Approvers::People { to, speaker: false },
            true => Approvers::Nobody(
                "this device may not approve: an owner's device could, and none has a request under way"
                    .into(),
            ),
        }
    }

    fn inform<'a>(&'a self, context: &'a TurnContext, text: String) -> BoxFuture<'a, ()> {
        let device = DeviceId::from(context.origin.user.as_str());
        if let Some(stream) = self.streams(&device, &context.session) {
            stream.reply.observe(&TurnEvent::Notice { text });
        }
        Box::pin(std::future::ready(()))
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
