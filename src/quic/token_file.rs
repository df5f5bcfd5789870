//! A token in a file that only its owner can read: how programs of the same user get in.

use super::token;
use crate::domain::{
    device::{Devices, NewDevice, Role},
    secret::Secret,
    store::StoreError,
};
use std::{
    fs, io,
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Nothing longer is a token.
const LONGEST: u64 = 1024;
/// What the device of the file is called.
const NAME: &str = "this machine";

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file cannot be read or written.
    #[error("cannot use the token in {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// Others could have taken the token.
    #[error("{0}: others than its owner can read this token; run: chmod 600 {0}")]
    Open(String),
    /// The file does not hold one.
    #[error("{} holds no token", .0.display())]
    Empty(PathBuf),
    /// The token could not be let in.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// None can be made.
    #[error(transparent)]
    Random(#[from] token::NoRandomness),
}

/// The token in a file.
///
/// # Errors
/// When the file is missing, holds none, or can be read by others.
pub fn read(path: &Path) -> Result<Secret, TokenFileError> {
    let failed = |source| TokenFileError::File { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    // Of the file that is open, whatever the path means by now.
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        return Err(TokenFileError::Open(path.display().to_string()));
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    match text.trim() {
        "" => Err(TokenFileError::Empty(path.to_owned())),
        token => Ok(Secret::new(token)),
    }
}

/// Puts a token into a file (mode 0600), in the place of what was there.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, token: &Secret) -> Result<(), TokenFileError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let half = directory.join(format!(".token.{}.tmp", ulid::Ulid::generate()));
    let written = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .and_then(|()| fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half))
        .and_then(|mut file| writeln!(file, "{}", token.expose()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&half, path));
    if written.is_err() {
        let _ = fs::remove_file(&half);
    }
    written.map_err(|source| TokenFileError::File { path: path.to_owned(), source })
}

/// Sees to it that the file holds an owner's token that is good; makes one when it does not.
///
/// # Errors
/// When the file can be read by others, or nothing can be stored.
pub async fn keep_owner(path: &Path, devices: &dyn Devices) -> Result<Secret, TokenFileError> {
    match read(path) {
        Ok(token) => {
            let device = devices.by_token(token::hash(&token)).await?;
            if device.is_some_and(|device| device.role == Role::Owner) {
                return Ok(token);
            }
        }
        Err(TokenFileError::Empty(_)) => {}
        Err(TokenFileError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(other) => return Err(other),
    }
    let token = token::token()?;
    let new =
        NewDevice { name: NAME.into(), role: Role::Owner, token: token::hash(&token), expires_ms: None };
    devices.admit(new).await?;
    write(path, &token)?;
    Ok(token)
}
