//! Settings: what there is to set, where each value came from, where files belong, and secrets.
//!
//! The layers, weakest first: defaults, `config.toml`, `pista.setup{}` in `init.lua`, environment,
//! flags. [`KEYS`] is the one table of all settings; everything else here is derived from it.

mod dirs;
mod encodings;
mod environment;
mod error;
mod example;
mod given;
mod identity;
mod invisible;
mod keys;
mod kind;
mod layers;
mod locate;
mod origin;
mod permissions;
mod redactor;
mod secret;
mod settings;
mod shown;
mod toml_file;
mod types;

pub use dirs::Dirs;
pub use environment::{Environment, looks_secret};
pub use error::{ConfigError, ConfigErrors};
pub use example::example;
pub use identity::{ConfigName, FormerName, config_name, portable};
pub use keys::{KEYS, Key};
pub use kind::Kind;
pub use layers::{Flag, Layers, provider_key_variable};
pub use locate::{Located, locate};
pub use origin::Origin;
pub use permissions::writable;
pub use redactor::Redactor;
pub use secret::{SecretError, Secrets};
pub use settings::{LogFormat, ReloadSettings, Settings};
pub use shown::{Shown, table};
pub use toml_file::read_toml;
pub use types::types;
