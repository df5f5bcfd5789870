//! The id of an installation: random, made once, kept in its state directory. It stays when the directory
//! moves, and two directories of the same path, as two containers have, have two.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// The file's name.
const FILE: &str = "installation";
/// The longest id.
const LONGEST: usize = 64;

/// The id of the installation that has its state in `state`; makes it the first time.
///
/// # Errors
/// When the file can be neither read nor made, or holds something else.
pub fn installation(state: &Path) -> io::Result<String> {
    let path = state.join(FILE);
    if let Some(id) = read(&path)? {
        return Ok(id);
    }
    DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    let id = ulid::Ulid::generate().to_string().to_ascii_lowercase();
    let half = state.join(format!("{FILE}.{id}.new"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
    // Whole or not at all; where two programs make one at once, the first one counts.
    let made = file.write_all(id.as_bytes()).and_then(|()| match fs::hard_link(&half, &path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let _ = fs::remove_file(&half);
    made?;
    read(&path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let id = text.trim();
    if id.is_empty() || id.len() > LONGEST || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let message = format!("{} holds no id: remove it, and another is made", path.display());
        return Err(io::Error::other(message));
    }
    Ok(Some(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_moves_with_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (dir.path().join("a/state"), dir.path().join("b"));
        let ids: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| installation(&here).unwrap())).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0] && id.len() == 26), "{ids:?}");
        assert_eq!(fs::read_dir(&here).unwrap().count(), 1);
        fs::rename(&here, &there).unwrap();
        assert_eq!(installation(&there).unwrap(), ids[0]);
        assert_ne!(installation(&here).unwrap(), ids[0]);
        fs::write(there.join(FILE), "../x").unwrap();
        assert!(installation(&there).unwrap_err().to_string().contains("holds no id"));
    }
}
