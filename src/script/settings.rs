//! The keys that `pista.setup` takes. The list comes from whoever reads the settings.

use std::sync::Arc;

/// Tells what is wrong with a value, for a person to read.
pub type Check = Arc<dyn Fn(&serde_json::Value) -> Result<(), String> + Send + Sync>;

/// A key of `pista.setup`.
#[derive(Clone)]
pub struct SettingKey {
    /// Its name.
    pub name: &'static str,
    /// Checks its value.
    pub check: Check,
}

impl std::fmt::Debug for SettingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
