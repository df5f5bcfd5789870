//! From where a secret is kept to the secret.

use super::{
    Dirs, Environment, Redactor,
    invisible::{cleaned, first_invisible},
    permissions,
};
use crate::domain::{
    nearest::nearest,
    secret::{Secret, SecretRef},
};
use std::{
    ffi::OsStr,
    io::Read,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use tokio::io::AsyncReadExt;

/// How long a command that prints a secret may take; some ask a person for a passphrase.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Nothing longer is a secret.
const LONGEST: u64 = 64 * 1024;
const NO_TEXT: &str = "holds what is not text in UTF-8";

/// Why there is no secret. Tells the place, never the value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SecretError {
    /// The environment does not have it.
    #[error("env:{name}: the environment variable is not set{hint}")]
    Unset {
        /// The variable.
        name: String,
        /// Beginning with a separator: the nearest variable.
        hint: String,
    },
    /// The place has no usable secret.
    #[error("{place}: {problem}")]
    Unusable {
        /// The reference as written.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Fetches secrets, and tells the redactor of each. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Secrets {
    environment: Arc<Environment>,
    dirs: Arc<Dirs>,
    base: Arc<Path>,
    redactor: Redactor,
}

impl Secrets {
    /// Relative paths in references are relative to `base`, the directory of the configuration.
    pub fn new(environment: Environment, dirs: Dirs, base: PathBuf, redactor: Redactor) -> Self {
        Self { environment: environment.into(), dirs: dirs.into(), base: base.into(), redactor }
    }

    /// The redactor that hears of every secret.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Fetches a secret: the value without the last line end, and without what cannot be seen at its ends
    /// (a mark of the byte order, a blank of no width). Files and commands are read anew
    /// each time, so that a changed secret is noticed.
    ///
    /// # Errors
    /// When the place does not exist, does not answer within 10 s, or holds nothing, more than
    /// 64 KiB, what is no text, or characters in it that cannot be seen.
    pub async fn resolve(&self, place: &SecretRef) -> Result<Secret, SecretError> {
        let unusable = |problem: String| SecretError::Unusable { place: place.to_string(), problem };
        let (name, bytes) = match place {
            SecretRef::Env(name) => (name.clone(), self.variable(name)?),
            SecretRef::File(path) => {
                let path = self.dirs.absolute(path, &self.base).map_err(unusable)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let read = tokio::task::spawn_blocking(move || read(&path)).await;
                (name, read.unwrap_or_else(|error| Err(error.to_string())).map_err(unusable)?)
            }
            SecretRef::Cmd(command) => ("cmd".to_owned(), output(command).await.map_err(unusable)?),
        };
        let (whole, used) = text(bytes).map_err(unusable)?;
        let secret = Secret::new(used);
        self.redactor.add(&name, &secret);
        // A tool may print the file itself.
        self.redactor.add(&name, &Secret::new(whole.trim_end_matches(['\r', '\n'])));
        Ok(secret)
    }

    fn variable(&self, name: &str) -> Result<Vec<u8>, SecretError> {
        let found = self.environment.get(name).map(OsStr::as_encoded_bytes);
        found.map(<[u8]>::to_vec).ok_or_else(|| {
            let near = nearest(name, self.environment.iter().map(|(name, _)| name));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            SecretError::Unset { name: name.to_owned(), hint }
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let found = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("is not a regular file".into());
    }
    if let Some(warning) = permissions::readable(path) {
        tracing::warn!("{warning}");
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// What the command prints. Its complaints go to our stderr as they are, to be read by the person.
async fn output(command: &str) -> Result<Vec<u8>, String> {
    let run = async {
        let mut child = tokio::process::Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut bytes = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST + 1).read_to_end(&mut bytes).await?;
        }
        // A command that prints on without end would wait for a reader, and we for it.
        let status = if bytes.len() as u64 > LONGEST { None } else { Some(child.wait().await?) };
        std::io::Result::Ok((bytes, status))
    };
    match tokio::time::timeout(COMMAND_TIMEOUT, run).await {
        Err(_) => Err(format!("the command gave no answer within {} s", COMMAND_TIMEOUT.as_secs())),
        Ok(Err(error)) => Err(format!("the command cannot be run: {error}")),
        Ok(Ok((_, Some(status)))) if !status.success() => Err(format!("the command failed: {status}")),
        Ok(Ok((bytes, _))) => Ok(bytes),
    }
}

/// What the bytes say: UTF-8, or UTF-16 with a mark, as some editors and shells save it.
fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| NO_TEXT.to_owned())
    };
    match bytes.as_slice() {
        [0xff, 0xfe, _, ..] if bytes.len().is_multiple_of(2) => wide(u16::from_le_bytes),
        [0xfe, 0xff, _, ..] if bytes.len().is_multiple_of(2) => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|_| NO_TEXT.to_owned()),
    }
}

/// The secret as it stands in its place, and as it is used.
fn text(bytes: Vec<u8>) -> Result<(String, String), String> {
    if bytes.len() as u64 > LONGEST {
        return Err("holds more than 64 KiB, which is no secret".into());
    }
    let whole = decoded(bytes)?;
    let used = cleaned(&whole).to_owned();
    if used.trim().is_empty() {
        return Err("is empty".into());
    }
    if let Some((before, c)) = first_invisible(&used) {
        return Err(format!(
            "holds a character that cannot be seen (U+{:04X}) after {before} others: write the secret anew, by hand or \
             from its source",
            u32::from(c)
        ));
    }
    Ok((whole, used))
}
