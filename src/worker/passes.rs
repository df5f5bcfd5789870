//! The tokens of workers: kept as hashes, in memory, so that they end with the program.

use crate::{
    domain::{
        BoxFuture,
        device::{Device, Devices, NewDevice, Role, TokenHash},
        id::DeviceId,
        store::StoreError,
    },
    quic::token,
};
use std::{
    collections::HashMap,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Who may come in. A token that was revoked, or whose time is over, is known no more.
#[derive(Debug, Default)]
pub struct Passes(Mutex<HashMap<DeviceId, Pass>>);

#[derive(Debug)]
struct Pass {
    device: Device,
    token: TokenHash,
}

impl Passes {
    /// A worker with this token, which is good for `life`.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn issue(
        &self,
        name: &str,
        life: Duration,
    ) -> Result<(DeviceId, crate::domain::secret::Secret), token::NoRandomness> {
        let token = token::token()?;
        let now = now_ms();
        let device = Device {
            id: DeviceId::generate(),
            name: name.to_owned(),
            role: Role::Worker,
            created_ms: now,
            seen_ms: None,
            expires_ms: Some(now.saturating_add(i64::try_from(life.as_millis()).unwrap_or(i64::MAX))),
            revoked_ms: None,
        };
        let id = device.id.clone();
        self.all().insert(id.clone(), Pass { device, token: token::hash(&token) });
        Ok((id, token))
    }

    /// Whether somebody with this id may still come in.
    pub fn good(&self, id: &DeviceId) -> bool {
        let now = now_ms();
        self.all().get(id).is_some_and(|pass| pass.good(now))
    }

    /// Takes a token back. Says whether there was one.
    pub fn revoke(&self, id: &DeviceId) -> bool {
        self.all().remove(id).is_some()
    }

    fn find(&self, token: TokenHash) -> Option<Device> {
        let now = now_ms();
        let mut all = self.all();
        all.retain(|_, pass| pass.good(now));
        all.values().find(|pass| pass.token == token).map(|pass| pass.device.clone())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<DeviceId, Pass>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    fn good(&self, now: i64) -> bool {
        self.device.expires_ms.is_some_and(|end| end > now)
    }
}

impl Devices for Passes {
    fn admit(&self, _: NewDevice) -> BoxFuture<'_, Result<Device, StoreError>> {
        let refusal = "workers are let in for a task, and not paired";
        Box::pin(ready(Err(StoreError::Refused(refusal.into()))))
    }

    fn by_token(&self, token: TokenHash) -> BoxFuture<'_, Result<Option<Device>, StoreError>> {
        Box::pin(ready(Ok(self.find(token))))
    }

    fn standing<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(self.good(id))))
    }

    fn seen<'a>(&'a self, _: &'a DeviceId) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Device>, StoreError>> {
        let devices = Self::all(self).values().map(|pass| pass.device.clone()).collect();
        Box::pin(ready(Ok(devices)))
    }

    fn shut_out<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(ready(Ok(self.revoke(id))))
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
