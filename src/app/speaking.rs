//! Whether somebody could speak to the agent at all.

use super::{Loaded, door};
use crate::domain::{
    device::{Devices, Role},
    envelope::Origin,
    nearest::nearest,
};

/// Channels that are there without being declared: those of this machine, and of what runs by itself.
const BUILT_IN: &[&str] = &["cli", "repl", "lua", "cron"];

/// Why the person could not speak on the channel; `None`: they could.
pub(super) async fn barred(loaded: &Loaded, origin: &Origin) -> anyhow::Result<Option<String>> {
    let Origin { channel, user } = origin;
    if BUILT_IN.contains(&channel.as_str()) {
        return Ok(None);
    }
    if channel == door::CHANNEL {
        return device(loaded, user).await;
    }
    let declared = &loaded.plan.channels;
    let Some(spec) = declared.get(channel) else {
        let names =
            declared.keys().map(String::as_str).chain(BUILT_IN.iter().copied()).chain([door::CHANNEL]);
        let hint =
            nearest(channel, names).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        return Ok(Some(format!("there is no channel {channel:?}{hint}")));
    };
    if spec.users.iter().any(|known| known == "*" || known == user) {
        return Ok(None);
    }
    Ok(Some(format!("{user:?} may not speak on {channel}: its users do not name them ({})", spec.location)))
}

async fn device(loaded: &Loaded, id: &str) -> anyhow::Result<Option<String>> {
    let devices = loaded.memory()?.all().await?;
    Ok(match devices.iter().find(|device| device.id.as_str() == id) {
        None => {
            Some(format!("no device has the id {id:?}; `openpista devices list` shows those that there are"))
        }
        Some(device) if device.revoked_ms.is_some() => {
            Some(format!("the device {:?} was shut out", device.name))
        }
        Some(device) if device.role == Role::Worker => {
            Some(format!("the device {:?} is a worker, which says nothing", device.name))
        }
        Some(_) => None,
    })
}
