//! The daemons that this device was paired with: where each is, by what it is known, and the token
//! that it knows this device by.

use super::{
    Place,
    error::LinkError,
    link::{Found, Whereabouts},
};
use crate::{
    domain::{BoxFuture, device::Role, id::DeviceId},
    quic::{
        Address, Fingerprint, Target,
        token_file::{self, TokenFileError},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// The file of a daemon that tells about it.
const FACTS: &str = "server.json";
/// The file with the token.
const TOKEN: &str = "token";

/// What is kept of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Where it is, as the person has written it.
    pub address: String,
    /// The certificate that it has to have.
    pub fingerprint: String,
    /// What this device is called there.
    pub name: String,
    /// What this device may do there.
    pub role: Role,
    /// The id of this device there.
    pub device: DeviceId,
}

/// Why a daemon cannot be remembered, or recalled.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// The file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {message}; remove its directory and pair again", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The token cannot be read or written.
    #[error(transparent)]
    Token(#[from] TokenFileError),
}

/// The directory that holds them, a directory each.
#[derive(Clone, Debug)]
pub struct Servers(PathBuf);

impl Servers {
    /// Those of this directory; it need not be there.
    pub fn of(directory: PathBuf) -> Self {
        Self(directory)
    }

    fn directory(&self, place: &Place) -> PathBuf {
        self.0.join(place.file_name())
    }

    /// Remembers a daemon and the token, in the place of what was known of it.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn keep(
        &self,
        place: &Place,
        server: &Server,
        token: &crate::domain::secret::Secret,
    ) -> Result<(), ServersError> {
        let directory = self.directory(place);
        let failed = |source| ServersError::File { path: directory.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
        // The token first: facts without it are of no use.
        token_file::write(&directory.join(TOKEN), token)?;
        let path = directory.join(FACTS);
        let half = directory.join(format!("{FACTS}.new"));
        let text = serde_json::to_vec_pretty(server).map_err(io::Error::from);
        let written = text.and_then(|text| fs::write(&half, text)).and_then(|()| fs::rename(&half, &path));
        written.map_err(|source| ServersError::File { path, source })
    }

    /// What is known of the daemon at a place.
    ///
    /// # Errors
    /// When something is, and cannot be read.
    pub fn recall(&self, place: &Place) -> Result<Option<Server>, ServersError> {
        read(&self.directory(place).join(FACTS))
    }

    /// All that are known.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn all(&self) -> Result<Vec<Server>, ServersError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(source) => return Err(ServersError::File { path: self.0.clone(), source }),
        };
        let mut all: Vec<Server> = vec![];
        for entry in entries.flatten() {
            all.extend(read(&entry.path().join(FACTS))?);
        }
        all.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(all)
    }

    /// The way to the daemon at a place that is known.
    pub fn way(&self, place: Place, server: Server) -> impl Whereabouts + use<> {
        Paired { token: self.directory(&place).join(TOKEN), place, server }
    }
}

fn read(path: &Path) -> Result<Option<Server>, ServersError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(source) => return Err(ServersError::File { path: path.to_owned(), source }),
    };
    let broken =
        |error: serde_json::Error| ServersError::Broken { path: path.to_owned(), message: error.to_string() };
    serde_json::from_slice(&text).map(Some).map_err(broken)
}

/// A daemon that this device was paired with.
struct Paired {
    place: Place,
    server: Server,
    token: PathBuf,
}

impl Whereabouts for Paired {
    fn name(&self) -> String {
        format!("the daemon at {}", self.place)
    }

    fn find(&self) -> BoxFuture<'_, Result<Found, LinkError>> {
        Box::pin(async move {
            let nowhere = |error: &dyn std::fmt::Display| LinkError::Nowhere(error.to_string());
            let fingerprint: Fingerprint =
                self.server.fingerprint.parse().map_err(|error: String| nowhere(&error))?;
            let token = token_file::read(&self.token).map_err(|error| nowhere(&error))?;
            let address = Address::Udp(self.place.resolve().await?);
            Ok(Found { target: Target { address, fingerprint }, token, pid: None })
        })
    }
}
