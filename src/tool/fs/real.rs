//! Where an open file really is.
#![cfg_attr(target_os = "macos", allow(unsafe_code, reason = "the standard library has no F_GETPATH"))]

use std::{io, os::fd::BorrowedFd, path::PathBuf};

/// The path of an open file or directory, as the system knows it now. An error when it has none.
#[cfg(target_os = "linux")]
pub(super) fn real_path(file: BorrowedFd<'_>) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    let path = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // The path of a removed file is marked, and then it isn't one; a name may also just end like that.
    let removed = path.as_os_str().as_encoded_bytes().ends_with(b" (deleted)")
        && std::fs::symlink_metadata(&path).is_err();
    if removed || !path.is_absolute() { Err(io::ErrorKind::NotFound.into()) } else { Ok(path) }
}

/// The path of an open file or directory, as the system knows it now. An error when it has none.
#[cfg(target_os = "macos")]
pub(super) fn real_path(file: BorrowedFd<'_>) -> io::Result<PathBuf> {
    use std::os::{fd::AsRawFd, unix::ffi::OsStringExt};
    let mut buffer = vec![0_u8; 1024.max(libc::PATH_MAX.unsigned_abs() as usize)];
    // SAFETY: the call writes at most PATH_MAX bytes, NUL included, to the buffer, which is that long.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETPATH, buffer.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    buffer.truncate(buffer.iter().position(|byte| *byte == 0).unwrap_or(0));
    if buffer.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(std::ffi::OsString::from_vec(buffer).into())
}

/// The path of an open file or directory: not known on this system, so nothing can be opened.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn real_path(_: BorrowedFd<'_>) -> io::Result<PathBuf> {
    Err(io::ErrorKind::Unsupported.into())
}
