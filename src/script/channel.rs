//! The functions of a channel: one that runs as long as the channel is up, one that delivers.

use super::{
    api::channel::{KEPT, KEPT_ANSWER},
    call::Limits,
    errors::ScriptError,
    handle::ScriptHandle,
};
use crate::domain::{
    id::HandlerId,
    post::{Content, Door, Parcel},
};
use mlua::{Function, UserData, UserDataFields};
use std::{sync::Arc, time::Duration};

/// How long `start` may work without waiting for anything.
pub const START_SLICE: Duration = Duration::from_secs(1);
/// How long delivering one message may take.
pub const SEND_LIMIT: Duration = Duration::from_secs(30);
/// As good as for ever.
const FOREVER: Duration = Duration::from_secs(365 * 86_400);

/// `self` of a channel's functions.
#[derive(Clone)]
pub struct ChannelSelf {
    pub(super) name: String,
    pub(super) door: Arc<dyn Door>,
}

impl ChannelSelf {
    /// For the channel `name`; what arrives goes to `door`.
    pub fn new(name: impl Into<String>, door: Arc<dyn Door>) -> Self {
        Self { name: name.into(), door }
    }
}

impl UserData for ChannelSelf {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("name", |_, this| Ok(this.name.clone()));
        fields.add_field_method_get("receive", |lua, _| lua.named_registry_value::<Function>(KEPT));
        fields.add_field_method_get("answer", |lua, _| lua.named_registry_value::<Function>(KEPT_ANSWER));
    }
}

impl ScriptHandle {
    /// Runs a channel's `start` to its end, which may be far. Dropping the future stops it.
    ///
    /// # Errors
    /// What it raised, or that it worked too long without waiting.
    pub async fn start_channel(&self, start: HandlerId, this: ChannelSelf) -> Result<(), ScriptError> {
        self.run(FOREVER, move |vm| async move {
            let function = vm.function(start)?;
            let limits = Limits { cpu: START_SLICE, wall: FOREVER };
            vm.invoke_renewed(&function, this, limits).await.map(drop)
        })
        .await
    }

    /// Has a channel's `send` deliver a message.
    ///
    /// # Errors
    /// What it raised, or that it took too long.
    pub async fn send_by_channel(
        &self,
        send: HandlerId,
        this: ChannelSelf,
        parcel: Parcel,
    ) -> Result<(), ScriptError> {
        let limits = Limits::both(SEND_LIMIT);
        self.run(limits.wall, move |vm| async move {
            let function = vm.function(send)?;
            let message = vm.lua.create_table()?;
            message.raw_set("id", parcel.number)?;
            let Content { text, question, files } = parcel.content;
            message.raw_set("text", text)?;
            message.raw_set("question", question)?;
            if !files.is_empty() {
                message.raw_set("files", files)?;
            }
            message.raw_set("attempt", parcel.attempt)?;
            vm.invoke(&function, (this, parcel.conversation, message), limits).await.map(drop)
        })
        .await
    }
}
