//! What the service manager that started us is told, in the protocol of `sd_notify(3)`.

use crate::config::Environment;
use rustix::time::{ClockId, clock_gettime};
use std::{
    ffi::OsString,
    io,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
};

/// The variable that names its socket. Commands of tools never get it: theirs are an explicit list.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// The service manager, where there is one.
#[derive(Clone, Debug)]
pub struct Manager(Option<OsString>);

impl Manager {
    /// The manager that these variables name.
    pub fn of(environment: &Environment) -> Self {
        Self(environment.get(VARIABLE).filter(|name| !name.is_empty()).map(Into::into))
    }

    /// We are up.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// The configuration is loaded again; [`ready`](Self::ready) ends that.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// We end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, message: &str) {
        let Some(name) = &self.0 else { return };
        if let Err(error) = send(name.as_bytes(), message) {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}

fn send(name: &[u8], message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    let address = match name.strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)?
        }
        _ => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name))?,
    };
    socket.send_to_addr(message.as_bytes(), &address).map(drop)
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}
