//! What is trusted: the content of a skill's folder, as one hash.

use super::find::MANIFEST;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Files that a skill may have.
pub const MAX_FILES: usize = 2_000;
/// Bytes that all of them may have.
pub const MAX_SIZE: u64 = 64 << 20;

/// A file of a skill.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SkillFile {
    /// Its path, relative to the skill's folder.
    pub(super) path: PathBuf,
    /// Where it leads, for a link to another place of the same skill. Its content is hashed there.
    link: Option<PathBuf>,
}

/// Every file below a folder, sorted. The manifest may be a link to wherever: it is read with each look,
/// and its content counts. Other links may lead to places in the same skill; what leads out of it makes
/// it untrustworthy, because programs would find there what nobody has looked at.
///
/// # Errors
/// When something can't be read, is a link that leads out or no plain file, or there is too much.
pub(super) fn files(folder: &Path) -> io::Result<Vec<SkillFile>> {
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
                found.push(SkillFile { path, link: None });
            } else if kind.is_symlink() {
                found.push(linked(folder, path)?);
            } else {
                return Err(refused(&path, "is no plain file; a skill has plain files only"));
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

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{}: {why}", path.display()))
}

/// A link in a skill.
fn linked(folder: &Path, path: PathBuf) -> io::Result<SkillFile> {
    let to = fs::read_link(folder.join(&path))?;
    let leads = |what: &str| refused(&path, &format!("is a link to {}, {what}", to.display()));
    let real = folder.join(&path).canonicalize().map_err(|_| leads("which is not there"))?;
    let manifest = path.parent() == Some(Path::new("")) && path.as_os_str().eq_ignore_ascii_case(MANIFEST);
    if manifest && real.is_file() {
        return Ok(SkillFile { path, link: None });
    }
    if !real.starts_with(folder.canonicalize()?) {
        return Err(leads("which is outside of the skill: put a copy of the file there"));
    }
    Ok(SkillFile { path, link: Some(to) })
}

/// The hash of a folder's content, in hex: of every file's path, of whether it can be run, and of its bytes.
///
/// # Errors
/// As when its files can't be listed or read.
pub fn fingerprint(folder: &Path) -> io::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let mut all = Sha256::new();
    for SkillFile { path: file, link } in files(folder)? {
        let name = file.as_os_str().as_encoded_bytes();
        let (kind, bytes) = match &link {
            Some(to) => (2, to.as_os_str().as_encoded_bytes().to_vec()),
            None => {
                let path = folder.join(&file);
                let runs = fs::metadata(&path)?.permissions().mode() & 0o111 != 0;
                (u8::from(runs), fs::read(&path)?)
            }
        };
        all.update((name.len() as u64).to_le_bytes());
        all.update(name);
        all.update([kind]);
        all.update((bytes.len() as u64).to_le_bytes());
        all.update(&bytes);
    }
    Ok(all.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
