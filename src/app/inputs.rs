//! The files that a configuration is made of.

use crate::{
    config::{Dirs, Located},
    script::{LoadReport, Texts},
    watch::{self, Contents},
};
use std::path::{Path, PathBuf};

/// The settings beside an `init.lua`.
pub(super) const TOML: &str = "config.toml";

/// The files that a configuration was made of, and those that would have been part of it had they
/// been there: a change of any of them is a reason to load it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Inputs(Contents);

impl Inputs {
    /// Adds the files in use; `toml` is what was in `config.toml`.
    pub(super) fn located(&mut self, located: &Located, dirs: &Dirs, toml: Option<&[u8]>) {
        match &located.init {
            Some(init) => self.look(init),
            // One may appear there.
            None => self.look(&dirs.config.join("init.lua")),
        }
        let path = located.directory(dirs).join(TOML);
        self.0.insert(path, toml.map(Into::into));
    }

    /// Adds what was read to run `init.lua`, as it was read.
    pub(super) fn reported(&mut self, report: &LoadReport) {
        for path in &report.files {
            self.0.insert(path.clone(), report.texts.get(path).cloned());
        }
        for path in &report.missing {
            self.0.entry(path.clone()).or_insert(None);
        }
    }

    /// Adds the files of another load that are not among these, as they are now.
    pub(super) fn also(&mut self, others: &Self) {
        self.look_at(others.0.keys().cloned());
    }

    /// Adds files that were not read yet, as they are now.
    pub(super) fn look_at(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        paths.into_iter().for_each(|path| self.look(&path));
    }

    fn look(&mut self, path: &Path) {
        if !self.0.contains_key(path) {
            self.0.insert(path.to_owned(), watch::read(path));
        }
    }

    /// What to watch.
    pub(super) fn contents(&self) -> &Contents {
        &self.0
    }

    /// What is in the files that are there.
    pub(super) fn texts(&self) -> Texts {
        self.0.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?))).collect()
    }

    /// The names of the files that were others in `older`.
    pub(super) fn changed_since(&self, older: &Self) -> Vec<String> {
        let text = |inputs: &Self, path: &PathBuf| inputs.0.get(path).cloned().flatten();
        let mut paths: Vec<&PathBuf> = self.0.keys().chain(older.0.keys()).collect();
        paths.sort();
        paths.dedup();
        paths.retain(|path| text(self, path) != text(older, path));
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        paths.into_iter().filter_map(name).collect()
    }
}
