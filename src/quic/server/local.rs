//! Requests about the door itself. The handler never sees them.

use super::Shared;
use crate::{
    domain::{device::Device, id::DeviceId},
    quic::{
        pairing::Invitation,
        protocol::{Kind, Refusal, Request, label},
    },
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The answer to a request that is about the door; `None` to any other.
pub(super) async fn answer(shared: &Shared, request: &Request) -> Option<Result<Value, Refusal>> {
    Some(match request {
        Request::Ping {} => Ok(json!({ "generation": shared.handler.generation() })),
        Request::Pair { role, name } => {
            let name = name.as_deref().map(label).filter(|name| !name.is_empty());
            invite(shared, Invitation { role: *role, name })
        }
        Request::Devices {} => {
            let all = shared.devices.all().await;
            all.map(|devices: Vec<Device>| json!({ "devices": devices })).map_err(Refusal::from)
        }
        Request::Revoke { device } => revoke(shared, &DeviceId::from(device.as_str())).await,
        _ => return None,
    })
}

fn invite(shared: &Shared, invitation: Invitation) -> Result<Value, Refusal> {
    let role = invitation.role;
    let code = shared.pairing.invite(invitation).map_err(|error| Refusal::new(Kind::Internal, error))?;
    let life = shared.pairing.life();
    let ends = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + life;
    Ok(json!({
        "code": code.expose(),
        "role": role,
        "fingerprint": shared.fingerprint.to_string(),
        "expires_ms": u64::try_from(ends.as_millis()).unwrap_or(u64::MAX),
        "seconds": life.as_secs(),
    }))
}

/// From here on the device can do nothing; what it has under way is given up.
async fn revoke(shared: &Shared, device: &DeviceId) -> Result<Value, Refusal> {
    if !shared.devices.shut_out(device).await? {
        let message = format!("no device with the id {device} could be shut out; `devices` lists them");
        return Err(Refusal::new(Kind::NotFound, message));
    }
    shared.seats.disconnect(device);
    Ok(json!({ "device": device }))
}
