//! Who is connected. Seats are limited; strangers and devices have their own.

use crate::{
    domain::id::DeviceId,
    quic::{
        limits::Limits,
        protocol::{Kind, Refusal, close},
    },
};
use quinn::{Connection, VarInt};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// All seats.
#[derive(Clone)]
pub(super) struct Seats(Arc<Inner>);

struct Inner {
    waiting: usize,
    connections: usize,
    per_device: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// The number of the last connection.
    last: u64,
    /// Strangers, oldest first.
    strangers: BTreeMap<u64, CancellationToken>,
    devices: HashMap<DeviceId, Own>,
    connections: usize,
}

/// What the connections of one device share.
struct Own {
    connections: HashMap<u64, Connection>,
    /// The place for a message in pieces.
    pieces: Arc<Semaphore>,
}

impl Default for Own {
    fn default() -> Self {
        Self { connections: HashMap::new(), pieces: Arc::new(Semaphore::new(1)) }
    }
}

impl Seats {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Inner {
            waiting: limits.waiting.max(1),
            connections: limits.connections,
            per_device: limits.per_device,
            taken: Mutex::default(),
        }))
    }

    /// A seat for a stranger. Where there is none left, the stranger who has had one for the longest
    /// time gives it up: who means well needs it for a moment only.
    pub(super) fn stranger(&self) -> Stranger {
        let mut taken = self.lock();
        taken.last += 1;
        let number = taken.last;
        if taken.strangers.len() >= self.0.waiting
            && let Some((_, oldest)) = taken.strangers.pop_first()
        {
            oldest.cancel();
        }
        let evicted = CancellationToken::new();
        taken.strangers.insert(number, evicted.clone());
        Stranger { seats: self.clone(), number, evicted }
    }

    /// Closes the connections of a device.
    pub(super) fn disconnect(&self, device: &DeviceId) {
        let own = |own: &Own| own.connections.values().cloned().collect();
        let connections: Vec<Connection> = self.lock().devices.get(device).map(own).unwrap_or_default();
        for connection in connections {
            connection.close(VarInt::from_u32(close::REVOKED), b"the device was shut out");
        }
    }

    /// How many strangers and how many connections of devices there are.
    pub(super) fn taken(&self) -> (usize, usize) {
        let taken = self.lock();
        (taken.strangers.len(), taken.connections)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stranger's seat.
pub(super) struct Stranger {
    seats: Seats,
    number: u64,
    evicted: CancellationToken,
}

impl Stranger {
    /// Ends when the seat has to be given up.
    pub(super) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// The stranger is known now.
    pub(super) fn known(self, device: &DeviceId, connection: &Connection) -> Result<Known, Refusal> {
        let Inner { connections, per_device, .. } = *self.seats.0;
        let mut taken = self.seats.lock();
        if taken.connections >= connections {
            let message = format!("the server has {connections} connections, which is the most: try later");
            return Err(Refusal::new(Kind::Busy, message));
        }
        let own = taken.devices.entry(device.clone()).or_default();
        if own.connections.len() >= per_device {
            let message = format!("this device has {per_device} connections, which is the most: close some");
            return Err(Refusal::new(Kind::Busy, message));
        }
        own.connections.insert(self.number, connection.clone());
        let pieces = Arc::clone(&own.pieces);
        taken.connections += 1;
        drop(taken);
        Ok(Known { seats: self.seats.clone(), number: self.number, device: device.clone(), pieces })
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.seats.lock().strangers.remove(&self.number);
    }
}

/// A device's seat.
pub(super) struct Known {
    seats: Seats,
    /// The connection, counted since the server began.
    pub(super) number: u64,
    device: DeviceId,
    pieces: Arc<Semaphore>,
}

impl Known {
    /// The place for a message in pieces, which all connections of the device share.
    pub(super) fn pieces(&self) -> Arc<Semaphore> {
        Arc::clone(&self.pieces)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.connections -= 1;
        if let Some(own) = taken.devices.get_mut(&self.device) {
            own.connections.remove(&self.number);
            if own.connections.is_empty() {
                taken.devices.remove(&self.device);
            }
        }
    }
}
