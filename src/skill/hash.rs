//! What is trusted: the content of a skill's folder, as one hash.

use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Files that a skill may have.
pub const MAX_FILES: usize = 2_000;
/// Bytes that all of them may have.
pub const MAX_SIZE: u64 = 64 << 20;

/// Every file below a folder, sorted, relative to it. Links are not followed: one that is there makes
/// the folder untrustworthy, because what it leads to can change unseen.
///
/// # Errors
/// When something can't be read, is a link or no plain file, or there is too much.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    let mut size = 0;
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let (path, kind) = (below.join(entry.file_name()), entry.file_type()?);
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                size += entry.metadata()?.len();
                found.push(path);
            } else {
                let kind = if kind.is_symlink() { "a link" } else { "no plain file" };
                return Err(io::Error::other(format!(
                    "{}: is {kind}; a skill has plain files only",
                    path.display()
                )));
            }
            if found.len() > MAX_FILES || size > MAX_SIZE || open.len() > MAX_FILES {
                let limit = format!("more than {MAX_FILES} files or {} MiB in one skill", MAX_SIZE >> 20);
                return Err(io::Error::other(limit));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The hash of a folder's content, in hex: of every file's path, of whether it can be run, and of its bytes.
///
/// # Errors
/// As when its files can't be listed or read.
pub fn fingerprint(folder: &Path) -> io::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let mut all = Sha256::new();
    for file in files(folder)? {
        let path = folder.join(&file);
        let bytes = fs::read(&path)?;
        let runs = fs::metadata(&path)?.permissions().mode() & 0o111 != 0;
        let name = file.as_os_str().as_encoded_bytes();
        all.update((name.len() as u64).to_le_bytes());
        all.update(name);
        all.update([u8::from(runs)]);
        all.update((bytes.len() as u64).to_le_bytes());
        all.update(&bytes);
    }
    Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
