//! Where a provider's key comes from.

use crate::domain::secret::{Secret, SecretRef};
use std::{fmt, sync::Arc};

/// Reads a key. May block, for example on a command; it is called off the async threads.
/// `Ok(None)`: there is none. The error says what is wrong, without the value.
pub type KeyReader = Arc<dyn Fn() -> Result<Option<Secret>, String> + Send + Sync>;

/// A key that is read when first needed.
#[derive(Clone)]
pub struct KeySource {
    /// The place, named in errors.
    pub place: SecretRef,
    /// Reads it.
    pub read: KeyReader,
}

impl KeySource {
    /// A key at `place`, read by `read`.
    pub fn new(
        place: SecretRef,
        read: impl Fn() -> Result<Option<Secret>, String> + Send + Sync + 'static,
    ) -> Self {
        Self { place, read: Arc::new(read) }
    }

    /// What to do when the key isn't there.
    pub(super) fn remedy(&self) -> String {
        match &self.place {
            SecretRef::Env(name) => format!("set the environment variable {name}"),
            SecretRef::File(path) => format!("put the key into the file {path}"),
            SecretRef::Cmd(command) => format!("the command printed no key: {command}"),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource").field("place", &self.place).finish_non_exhaustive()
    }
}
