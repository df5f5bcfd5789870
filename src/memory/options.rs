//! The settings of the memory.

use std::time::Duration;

/// How long a writer waits for another program's transaction, by default.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many pieces of writing share a commit at most, by default.
pub const GROUP_LIMIT: usize = 256;
/// From what size in bytes the write-ahead log is worked in when there is time, by default.
pub const LOG_KEEP: u64 = 256 << 10;
/// From what size in bytes the write-ahead log is worked in on closing, by default.
pub const LOG_LEAVE: u64 = 1 << 20;
/// From what size in bytes the write-ahead log is worked in at once, by default.
pub const LOG_LIMIT: u64 = 4 << 20;
/// How long nothing has to be written until there is time to work the log in, by default.
pub const LULL: Duration = Duration::from_millis(20);
/// How many connections for reading stay open while nobody reads, by default.
pub const IDLE_READERS: usize = 2;

/// How to open the memory. The default is right for everything but tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// How long to wait for another program's transaction.
    pub busy_timeout: Duration,
    /// How many pieces of writing share a commit at most; at least 1.
    pub group_limit: usize,
    /// From what size in bytes the write-ahead log is worked into the database when nothing was
    /// written for a [`lull`](Self::lull). Working it in waits for the disk.
    pub log_keep: u64,
    /// From what size in bytes the log is worked in on closing. A smaller one is left to the next
    /// program, which reads it in a fraction of a millisecond.
    pub log_leave: u64,
    /// From what size in bytes the log is worked in at once; also the size that its file is cut to.
    pub log_limit: u64,
    /// How long nothing has to be written until there is time to work the log in.
    pub lull: Duration,
    /// How many connections for reading stay open while nobody reads.
    pub idle_readers: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            busy_timeout: BUSY_TIMEOUT,
            group_limit: GROUP_LIMIT,
            log_keep: LOG_KEEP,
            log_leave: LOG_LEAVE,
            log_limit: LOG_LIMIT,
            lull: LULL,
            idle_readers: IDLE_READERS,
        }
    }
}
