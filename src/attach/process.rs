//! The end of another process.
//!
//! A daemon of this machine that was killed cannot say goodbye, and QUIC is patient: it would be
//! missed after most of a minute.

use rustix::process::{Pid, test_kill_process};
use std::time::Duration;

/// How often a process is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until no process of this id runs.
pub(super) async fn ended(pid: u32) {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return std::future::pending().await;
    };
    while test_kill_process(raw) != Err(rustix::io::Errno::SRCH) && !is_zombie(pid) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether a process has ended and its parent has not asked after it. Where the kernel has no such
/// files, it can't be told.
fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything.
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_is_noticed_whether_or_not_somebody_asks_after_it() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id();
        assert!(tokio::time::timeout(LOOK_EVERY * 2, ended(pid)).await.is_err(), "it runs");
        child.kill().unwrap();
        ended(pid).await;
        child.wait().unwrap();
        ended(pid).await;
    }
}
