//! The machine that this runs on.

/// What is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineFacts {
    /// `linux`, `macos`, …
    pub os: &'static str,
    /// `x86_64`, `aarch64`, …
    pub arch: &'static str,
    /// Its name in the network.
    pub host: String,
    /// Who runs the program.
    pub user: String,
    /// Processors that the program may use.
    pub cpus: usize,
    /// Seconds since it was started, where the system tells.
    pub uptime: Option<f64>,
    /// Where tools work.
    pub workspace: String,
}

/// Tells of the machine.
pub trait Machine: Send + Sync {
    /// What is known of it now.
    fn facts(&self) -> MachineFacts;
}
