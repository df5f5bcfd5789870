//! Compiled modules, kept on disk between two runs of the program.
//!
//! What is in such a file is run as native code. So the directory must be ours and nobody else's, and
//! only files that this program wrote are read: their names hold the hash of the module and of the
//! engine that compiled it.

use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use wasmtime::{Engine, Module};

/// The hash of a module's bytes.
pub(super) type Key = [u8; 32];

/// The key of a module.
pub(super) fn key(module: &[u8]) -> Key {
    Sha256::digest(module).into()
}

/// A directory with compiled modules.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    dir: PathBuf,
}

impl Cache {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn file(&self, engine: &Engine, key: &Key) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(format!("{name}-{:016x}.cwasm", settings.finish()))
    }

    /// The module, if it was compiled before. One that can't be read is as good as absent.
    #[allow(unsafe_code)]
    pub(super) fn get(&self, engine: &Engine, key: &Key) -> Option<Module> {
        let file = self.file(engine, key);
        if !is_private(&self.dir) || !is_private(&file) {
            return None;
        }
        // SAFETY: the file is ours alone, in a directory that is ours alone, under a name that only
        // `put` gives; the engine checks that it was made by the same version with the same settings.
        match unsafe { Module::deserialize_file(engine, &file) } {
            Ok(module) => Some(module),
            Err(error) => {
                tracing::debug!(file = %file.display(), "a compiled module is of no use: {error}");
                None
            }
        }
    }

    /// Keeps a module. Failing only costs the next program some time.
    pub(super) fn put(&self, engine: &Engine, key: &Key, module: &Module) {
        let kept = module.serialize().map_err(|error| error.to_string()).and_then(|code| {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(|e| e.to_string())?;
            if !is_private(&self.dir) {
                return Err("the directory is open to others".into());
            }
            write(&self.file(engine, key), &code).map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::debug!(dir = %self.dir.display(), "a compiled module was not kept: {error}");
        }
    }
}

/// Whole or not at all.
fn write(file: &Path, code: &[u8]) -> std::io::Result<()> {
    let draft = file.with_extension(format!("{}.new", ulid::Ulid::generate()));
    let mut open = OpenOptions::new();
    let mut out = open.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    out.write_all(code)?;
    drop(out);
    fs::rename(&draft, file)
}

/// Whether a file or directory is ours, and nobody else can write to it.
fn is_private(path: &Path) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path)
        .is_ok_and(|found| !found.is_symlink() && found.uid() == ours && found.mode() & 0o022 == 0)
}
