//! The process group of a command: seen, signalled, and killed when nobody waits for it any more.
#![allow(
    unsafe_code,
    reason = "the standard library can't signal a group or look at a child without reaping it"
)]

use std::{io, mem};

/// `si_code` of a child that a signal stopped; the same on all systems.
const STOPPED: libc::c_int = 5;

/// What a group's leader does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It runs, or someone stopped it who will let it run again.
    Runs,
    /// It was stopped because it wanted to use the terminal from the background: without help it
    /// would wait for ever.
    WaitsForTerminal,
    /// It has ended, and keeps its number until it is reaped.
    Ended,
}

/// A process group whose leader is a child of ours that hasn't been reaped. Dropping this kills the
/// group.
#[derive(Debug)]
pub(in crate::sandbox) struct Group {
    leader: libc::pid_t,
    alive: bool,
}

impl Group {
    /// The group that a child leads which was started with `process_group(0)`.
    pub(in crate::sandbox) fn led_by(pid: u32) -> Option<Self> {
        let leader = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 1)?;
        Some(Self { leader, alive: true })
    }

    /// Sends a signal to all of the group. That some are gone or may not be signalled is no error.
    pub(in crate::sandbox) fn signal(&self, signal: libc::c_int) {
        if self.alive {
            // SAFETY: takes and touches no memory. The group is ours: its leader isn't reaped.
            unsafe { libc::killpg(self.leader, signal) };
        }
    }

    /// Looks at the leader, without waiting and without reaping it.
    pub(super) fn leader(&self) -> io::Result<State> {
        // SAFETY: the structure is plain data, for which zeros are valid.
        let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
        let options = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT;
        let id = self.leader.unsigned_abs();
        // SAFETY: `info` lives through the call, which writes to nothing else.
        if unsafe { libc::waitid(libc::P_PID, id, &raw mut info, options) } != 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted { Ok(State::Runs) } else { Err(error) };
        }
        // SAFETY: `waitid` fills these two fields in, or leaves the zeros.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        Ok(match info.si_code {
            _ if pid == 0 => State::Runs,
            STOPPED if matches!(status, libc::SIGTTIN | libc::SIGTTOU) => State::WaitsForTerminal,
            STOPPED => State::Runs,
            _ => State::Ended,
        })
    }

    /// The leader is reaped: the number may be someone else's now.
    pub(in crate::sandbox) fn forget(&mut self) {
        self.alive = false;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
    }
}
