//! Files that more people can touch than should.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Written by anybody.
const OTHERS_WRITE: u32 = 0o002;
/// Read by the group or by anybody.
const OTHERS_READ: u32 = 0o044;
/// In such a directory only a file's owner can replace it.
const STICKY: u32 = 0o1000;

/// A warning when anybody can write the file, or replace it in its directory.
pub fn writable(path: &Path) -> Option<String> {
    let anybody = |path: &Path| {
        mode(path).is_some_and(|mode| mode & OTHERS_WRITE != 0 && (path.is_file() || mode & STICKY == 0))
    };
    let place = [Some(path.to_owned()), path.parent().map(PathBuf::from)]
        .into_iter()
        .flatten()
        .find(|path| anybody(path))?;
    let place = place.display();
    Some(format!(
        "{place}: anybody on this machine can change it, and so what openpista does; run: chmod o-w {place}"
    ))
}

/// A warning when the file, which holds a secret, can be read by others than its owner.
pub(super) fn readable(path: &Path) -> Option<String> {
    mode(path).filter(|mode| mode & OTHERS_READ != 0)?;
    let path = path.display();
    Some(format!("{path}: others can read this secret; run: chmod 600 {path}"))
}

fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|found| found.permissions().mode())
}
