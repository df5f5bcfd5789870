//! Keeping this program's own environment, which holds keys, from the commands that it runs.
#![allow(unsafe_code, reason = "the standard library has no prctl")]

/// Makes the system refuse other processes of the same user a look into this one, so that a command
/// can't read our environment from `/proc`. Commands that are started later are not affected.
///
/// Called once, early. It also means: no core dumps, and no debugger without privileges. Does nothing
/// on systems other than Linux.
pub fn hide_environment() {
    #[cfg(target_os = "linux")]
    // SAFETY: takes and touches no memory.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}
