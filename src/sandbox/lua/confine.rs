//! What the worker gives up before it reads anything.
#![allow(unsafe_code, reason = "the standard library has no limits of resources, prctl or Landlock")]

use super::PROCESS_MEMORY;
use std::io;

/// The descriptors that are left: the standard ones.
const STANDARD: libc::rlim_t = 3;

/// The type of a resource's name, which differs between systems.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Resource = libc::c_int;

/// Confines this process for good: no descriptors but the standard ones, no files, no processes, no
/// more than `cpu_seconds` of processor time and [`PROCESS_MEMORY`]. An error means that it is not
/// confined and must not go on. That Linux hides the file system altogether (Landlock) is tried.
pub fn confine(cpu_seconds: u64) -> io::Result<()> {
    close_others();
    return_memory();
    #[cfg(target_os = "linux")]
    linux::give_up()?;
    let limits: [(Resource, libc::rlim_t); 6] = [
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_CPU, cpu_seconds),
        (libc::RLIMIT_DATA, PROCESS_MEMORY),
        (libc::RLIMIT_FSIZE, 0),
        // Says nothing to the superuser, whom the missing descriptors and Landlock hold.
        (libc::RLIMIT_NPROC, 0),
        (libc::RLIMIT_NOFILE, STANDARD),
    ];
    limits.into_iter().try_for_each(|(resource, limit)| set(resource, limit))
}

/// Has what is freed go back to the system at once, against whose limit it would count.
fn return_memory() {
    for name in [&b"arenas.dirty_decay_ms\0"[..], b"arena.0.dirty_decay_ms\0"] {
        // SAFETY: the name ends in NUL, and its value is an `ssize_t`.
        if let Err(error) = unsafe { tikv_jemalloc_ctl::raw::write(name, 0_isize) } {
            tracing::debug!("the allocator keeps what is freed: {error}");
        }
    }
}

/// Whether this process is confined: so that nothing runs in one that is not.
pub fn confined() -> bool {
    get(libc::RLIMIT_NOFILE).is_ok_and(|limit| limit.rlim_max <= STANDARD)
}

fn get(resource: Resource) -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through the call, which writes to nothing else.
    match unsafe { libc::getrlimit(resource, &raw mut limit) } {
        0 => Ok(limit),
        _ => Err(io::Error::last_os_error()),
    }
}

fn set(resource: Resource, limit: libc::rlim_t) -> io::Result<()> {
    let limit = limit.min(get(resource)?.rlim_max);
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: `limit` lives through the call, which only reads it.
    match unsafe { libc::setrlimit(resource, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Closes what was inherited by accident. Nothing of this process's own is open yet.
fn close_others() {
    let first = STANDARD as libc::c_int;
    #[cfg(target_os = "linux")]
    // SAFETY: takes numbers; no object of ours owns a descriptor that is closed.
    if unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) } == 0 {
        return;
    }
    let end = get(libc::RLIMIT_NOFILE).map_or(1024, |limit| limit.rlim_cur.min(1 << 16));
    for descriptor in first..end as libc::c_int {
        // SAFETY: as above.
        unsafe { libc::close(descriptor) };
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    /// All rights over files of Landlock's first version: read, write, make, remove, execute.
    const FILES: u64 = (1 << 13) - 1;

    /// Gives up gaining privileges, and the file system.
    pub(super) fn give_up() -> io::Result<()> {
        // SAFETY: takes and touches no memory.
        if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let rights = FILES;
        // SAFETY: the kernel reads the eight bytes of `rights`, which live through the call.
        let rules = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                &raw const rights,
                size_of::<u64>(),
                0 as libc::c_uint,
            )
        };
        // A kernel without it: the limits hold all the same.
        if rules < 0 {
            return Ok(());
        }
        // SAFETY: takes numbers; the descriptor is the one that was just made.
        unsafe {
            libc::syscall(libc::SYS_landlock_restrict_self, rules, 0 as libc::c_uint);
            libc::close(rules as libc::c_int);
        }
        Ok(())
    }
}
