//! Devices that were let in from outside.

use super::{Memory, clock::now_ms};
use crate::domain::{
    BoxFuture,
    device::{Device, Devices, NewDevice, TokenHash},
    id::DeviceId,
    store::StoreError,
};
use rusqlite::{Row, types::Type};
use std::future::ready;

const ADMIT: &str = "INSERT INTO devices (id, name, role, token, created_ms, expires_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const ALL: &str = "SELECT id, name, role, created_ms, seen_ms, expires_ms, revoked_ms FROM devices
    ORDER BY created_ms, id";
const BY_TOKEN: &str = "SELECT id, name, role, created_ms, seen_ms, expires_ms, revoked_ms FROM devices
    WHERE token = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?2)";
const STANDING: &str = "SELECT EXISTS (SELECT 1 FROM devices
    WHERE id = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?2))";
const SEEN: &str = "UPDATE devices SET seen_ms = ?2 WHERE id = ?1";
const SHUT_OUT: &str = "UPDATE devices SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL";

impl Devices for Memory {
    fn admit(&self, device: NewDevice) -> BoxFuture<'_, Result<Device, StoreError>> {
        self.write(move |desk| {
            let NewDevice { name, role, token, expires_ms } = device;
            let (id, created_ms) = (DeviceId::generate(), now_ms());
            desk.run(ADMIT, (id.as_str(), &name, role.as_str(), token.0, created_ms, expires_ms))?;
            Ok(Device { id, name, role, created_ms, seen_ms: None, expires_ms, revoked_ms: None })
        })
    }

    fn by_token(&self, token: TokenHash) -> BoxFuture<'_, Result<Option<Device>, StoreError>> {
        Box::pin(ready(self.glance(|view| Ok(view.row(BY_TOKEN, (token.0, now_ms()), read)?))))
    }

    fn standing<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let stands = self.glance(|view| {
            Ok(view.row(STANDING, (id.as_str(), now_ms()), |row| row.get(0))?.unwrap_or_default())
        });
        Box::pin(ready(stands))
    }

    fn seen<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<(), StoreError>> {
        let id = id.clone();
        self.write(move |desk| {
            desk.run(SEEN, (id.as_str(), now_ms()))?;
            Ok(())
        })
    }

    fn all(&self) -> BoxFuture<'_, Result<Vec<Device>, StoreError>> {
        Box::pin(self.read(|conn| Ok(conn.prepare(ALL)?.query_map([], read)?.collect::<Result<_, _>>()?)))
    }

    fn shut_out<'a>(&'a self, id: &'a DeviceId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let id = id.clone();
        self.write(move |desk| Ok(desk.run(SHUT_OUT, (id.as_str(), now_ms()))? > 0))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    let role: String = row.get(2)?;
    let role = role
        .parse()
        .map_err(|e: String| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, e.into()))?;
    Ok(Device {
        id: row.get::<_, String>(0)?.into(),
        name: row.get(1)?,
        role,
        created_ms: row.get(3)?,
        seen_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        revoked_ms: row.get(6)?,
    })
}
