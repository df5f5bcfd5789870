//! The machine that this runs on.

use crate::domain::primitives::{Machine, MachineFacts};

/// This machine.
pub(super) struct MachineHere {
    pub(super) user: String,
    pub(super) workspace: String,
}

impl Machine for MachineHere {
    fn facts(&self) -> MachineFacts {
        MachineFacts {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            user: self.user.clone(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            uptime: uptime(),
            workspace: self.workspace.clone(),
        }
    }
}

#[cfg(target_os = "linux")]
fn uptime() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn uptime() -> Option<f64> {
    None
}
