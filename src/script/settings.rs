//! The keys that `pista.setup` takes. The list comes from whoever reads the settings.

/// A key of `pista.setup`.
#[derive(Clone, Copy)]
pub struct SettingKey {
    /// Its name.
    pub name: &'static str,
    /// Tells what is wrong with a value, for a person to read.
    pub check: fn(&serde_json::Value) -> Result<(), String>,
}

impl std::fmt::Debug for SettingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
