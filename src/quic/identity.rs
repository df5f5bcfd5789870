//! The server's certificate: made once, kept in a file, used ever after.
//!
//! It is self-signed. Nobody vouches for it; clients know it by its fingerprint.

use super::fingerprint::Fingerprint;
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use std::{
    fmt::{self, Write as _},
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The name in the certificate. Clients ask for it, and trust the fingerprint.
pub(super) const NAME: &str = "localhost";
/// Characters in a line of a PEM file.
const LINE: usize = 64;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or made.
    #[error("cannot use the certificate {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file is there, and is something else.
    #[error(
        "{} does not hold a certificate and its key ({message}); move it away to have a new one made, \
         with which every device has to be paired again", .path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Others could have taken the key.
    #[error("{0}: others than its owner can use this private key; run: chmod 600 {0}")]
    Open(String),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

/// A certificate and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    fingerprint: Fingerprint,
}

impl Identity {
    /// The certificate in the file at `path`; makes file (mode 0600) and directories (0700) when
    /// there are none. Programs that do this at the same time end with the same certificate.
    ///
    /// # Errors
    /// When the file cannot be used. One that is broken is never replaced: devices know it.
    pub fn keep(path: &Path) -> Result<Self, IdentityError> {
        match Self::load(path) {
            Err(IdentityError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        let pem = Self::make()?.pem();
        store(path, &pem).map_err(|source| IdentityError::File { path: path.to_owned(), source })?;
        Self::load(path)
    }

    /// A certificate that is kept nowhere.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn make() -> Result<Self, IdentityError> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])
            .map_err(|e| IdentityError::Make(e.to_string()))?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Self::new(made.cert.der().clone(), key.into()))
    }

    /// What clients know it by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    fn new(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Self {
        let fingerprint = Fingerprint::of(&certificate);
        Self { certificate, key, fingerprint }
    }

    fn load(path: &Path) -> Result<Self, IdentityError> {
        let failed = |source| IdentityError::File { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(IdentityError::Open(path.display().to_string()));
        }
        let pem = fs::read(path).map_err(failed)?;
        let broken = |e: rustls::pki_types::pem::Error| IdentityError::Broken {
            path: path.to_owned(),
            message: e.to_string(),
        };
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(broken)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(broken)?;
        Ok(Self::new(certificate, key))
    }

    fn pem(&self) -> String {
        let mut text = String::new();
        for (label, der) in [("CERTIFICATE", &*self.certificate), ("PRIVATE KEY", self.key.secret_der())] {
            let base64 = STANDARD.encode(der);
            let lines: Vec<&str> =
                base64.as_bytes().chunks(LINE).filter_map(|line| std::str::from_utf8(line).ok()).collect();
            let _ = write!(text, "-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"));
        }
        text
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.fingerprint).finish()
    }
}

/// Writes a file that is there whole or not at all. One that another program made meanwhile stays.
fn store(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let half = directory.join(format!(".identity.{}.tmp", ulid::Ulid::generate()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| match fs::hard_link(&half, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
    let _ = fs::remove_file(&half);
    written
}
