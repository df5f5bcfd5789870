//! The files by which programs of the same user find a daemon. All are in one directory, which
//! nobody else can enter.

use super::Mark;
use crate::{
    config::Dirs,
    quic::{Address, Fingerprint, Target, token_file},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Where the files of a state directory's daemon are.
#[derive(Clone, Debug)]
pub struct Files {
    dir: PathBuf,
}

/// Where a daemon is to be found, written by itself for programs of the same user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its process.
    pub pid: u32,
    /// The UDP address that it listens on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<std::net::SocketAddr>,
    /// The Unix socket, where it listens on no address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<PathBuf>,
    /// What its certificate is known by.
    pub fingerprint: String,
    /// Its version.
    pub version: String,
    /// What it was started with, and works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// Why a card tells nothing.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// It is something else.
    #[error("{}: {message}; `openpista start` writes it anew", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

impl Files {
    /// The files of the daemon that has its state in these directories.
    pub fn of(dirs: &Dirs) -> Self {
        Self { dir: dirs.state.join("daemon") }
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    /// Holds the process id, and the lock.
    pub fn pid(&self) -> PathBuf {
        self.dir.join("pid")
    }

    /// Tells where the daemon listens.
    pub fn card(&self) -> PathBuf {
        self.dir.join("address.json")
    }

    /// Holds the token of programs of the same user.
    pub fn token(&self) -> PathBuf {
        self.dir.join("token")
    }

    /// Holds the certificate and its key.
    pub fn identity(&self) -> PathBuf {
        self.dir.join("identity.pem")
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// What the daemon says of itself; `None` where none does.
    ///
    /// # Errors
    /// When the card is there and cannot be read.
    pub fn read(&self) -> Result<Option<Card>, CardError> {
        let path = self.card();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(CardError::File { path, source }),
        };
        let card = serde_json::from_slice(&text);
        card.map(Some).map_err(|error| CardError::Broken { path, message: error.to_string() })
    }

    /// Puts a card in the place of the one that was there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, card: &Card) -> io::Result<()> {
        replace(&self.card(), &serde_json::to_vec_pretty(card)?)
    }

    /// Takes the card away.
    pub fn withdraw(&self) {
        // What is not there is as good as away.
        let _ = fs::remove_file(self.card());
    }

    /// How to reach the daemon of a card: where it is, and the token to show.
    ///
    /// # Errors
    /// When the card names no place, or there is no token.
    pub fn way(&self, card: &Card) -> anyhow::Result<(Target, crate::domain::secret::Secret)> {
        let fingerprint: Fingerprint =
            card.fingerprint.parse().map_err(|error| self.broken(format!("the fingerprint: {error}")))?;
        let address = match (&card.address, &card.socket) {
            (Some(address), _) => Address::Udp(*address),
            (None, Some(socket)) => Address::Unix(socket.clone()),
            (None, None) => return Err(self.broken("it names no place".into()).into()),
        };
        Ok((Target { address, fingerprint }, token_file::read(&self.token())?))
    }

    fn broken(&self, message: String) -> CardError {
        CardError::Broken { path: self.card(), message }
    }
}

/// Writes a file that is there whole or not at all, for its owner only. Not synced: it is good as long
/// as this process runs.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let half = path.with_extension(format!("{}.new", ulid::Ulid::generate()));
    let _ = fs::remove_file(&half);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
    let written = file.write_all(text).and_then(|()| fs::rename(&half, path));
    if written.is_err() {
        let _ = fs::remove_file(&half);
    }
    written
}
