//! Where the database is, also where the configuration is broken: a copy can be made and put back all the same.

use super::{
    Flags, Loaded,
    process::{Process, Told},
};
use crate::config::{Dirs, Layers, locate, read_toml};
use std::path::PathBuf;

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Home {
    /// The directories.
    pub dirs: Dirs,
    /// The database.
    pub database: PathBuf,
}

impl Home {
    /// Finds them. Where `init.lua` is at fault, which is said, what it sets is not known, and the other
    /// settings count.
    ///
    /// # Errors
    /// When there is no home.
    pub async fn find(flags: Flags) -> anyhow::Result<Self> {
        let process = Process::start(flags.clone(), Told::default())?;
        match Loaded::load(flags).await {
            Ok(loaded) => {
                loaded.script.shutdown().await;
                Ok(Self { dirs: loaded.dirs.clone(), database: loaded.settings.database.clone() })
            }
            Err(error) => {
                let database = without_lua(&process).unwrap_or_else(|_| usual(&process.dirs));
                eprintln!(
                    "note: the configuration is broken ({error:#}); the database is taken to be {}",
                    database.display()
                );
                Ok(Self { dirs: process.dirs.clone(), database })
            }
        }
    }
}

/// What the settings outside of `init.lua` say.
fn without_lua(process: &Process) -> anyhow::Result<PathBuf> {
    let Process { flags, environment, dirs, .. } = process;
    let located = locate(flags.config.as_deref(), environment, dirs)?;
    let toml = located.toml.as_deref().map(read_toml).transpose()?;
    let layers = Layers::with_toml(&located, toml.as_deref(), dirs, environment, flags.values.clone())?;
    Ok(layers.settings(&[])?.database)
}

fn usual(dirs: &Dirs) -> PathBuf {
    dirs.state.join("openpista.db")
}
