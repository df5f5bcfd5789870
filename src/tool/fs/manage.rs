//! `fs.stat`, `fs.mkdir`, `fs.remove`: what is there, and tidying up. For scripts.

use super::{
    FsError, Reply, Workspace,
    protected::{Access, Rules},
    real::real_path,
    workspace::{Found, Place, forbid},
};
use cap_std::fs::{Dir, Metadata, MetadataExt};
use serde::Deserialize;
use serde_json::json;
use std::{
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::PoisonError,
};

/// Names something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The file or directory.
    pub path: String,
}

impl Workspace {
    /// What is there: kind, size and when it was changed. Nothing is an answer, too.
    pub fn stat(&self, request: &Named) -> Result<Reply, FsError> {
        let place = self.place(&request.path)?;
        let rules = self.rules();
        let wrong = |source| self.io(&request.path, source);
        let root = place.root();
        let metadata = match root.dir.metadata(&place.relative) {
            Ok(metadata) => metadata,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let gone = Reply::new(format!("{}: nothing is there", request.path));
                return Ok(gone.with_data(json!({"exists": false})));
            }
            Err(error) => return Err(wrong(error)),
        };
        if let Found::Workspace(_) = place.root {
            let real = root.real.join(root.dir.canonicalize(&place.relative).map_err(wrong)?);
            forbid(&rules, &real, Some(&metadata), Access::Read, &request.path)?;
        }
        let kind = match &metadata {
            m if m.is_dir() => "directory",
            m if m.is_file() => "file",
            _ => "special",
        };
        let facts = json!({
            "exists": true,
            "kind": kind,
            "size": metadata.len(),
            "modified": metadata.mtime() as f64 + metadata.mtime_nsec() as f64 / 1e9,
            "mode": format!("{:03o}", metadata.mode() & 0o777),
        });
        Ok(Reply::new(format!("{}: {kind}, {} bytes", request.path, metadata.len())).with_data(facts))
    }

    /// Makes a directory and those above it. One that is there is fine.
    pub fn make_directory(&self, request: &Named) -> Result<Reply, FsError> {
        let place = self.place(&request.path)?;
        let wrong = |source| self.io(&request.path, source);
        let Found::Workspace(root) = place.root else { return Err(not_there(&place)) };
        let rules = self.rules();
        let path = &place.relative;
        if root.dir.metadata(path).is_ok_and(|found| !found.is_dir()) {
            return Err(FsError::NotDirectory(request.path.clone()));
        }
        let existing = path.ancestors().find_map(|dir| {
            let dir = if dir == Path::new("") { Path::new(".") } else { dir };
            Some((dir, root.dir.canonicalize(dir).ok()?))
        });
        let (above, real) = existing.unwrap_or((Path::new("."), PathBuf::from(".")));
        let rest = path.strip_prefix(above).unwrap_or(path);
        forbid(&rules, &root.real.join(real).join(rest), None, Access::Write, &request.path)?;
        root.dir.create_dir_all(path).map_err(wrong)?;
        Ok(Reply::new(format!("{} is there", request.path)).with("path", request.path.as_str()))
    }

    /// Removes a file, a link, or an empty directory.
    pub fn remove(&self, request: &Named) -> Result<Reply, FsError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(&request.path)?;
        let wrong = |source| self.io(&request.path, source);
        let Found::Workspace(root) = place.root else { return Err(not_there(&place)) };
        let Some(name) = place.relative.file_name() else {
            let what = format!("{:?} names no file in the workspace", request.path);
            return Err(FsError::Arguments(what));
        };
        let parent = place.relative.parent().filter(|parent| *parent != Path::new(""));
        let dir = root.dir.open_dir(parent.unwrap_or(Path::new("."))).map_err(wrong)?;
        let metadata = dir.symlink_metadata(name).map_err(wrong)?;
        let real = real_path(dir.as_fd()).map_err(wrong)?.join(name);
        self.forbid_removal(&real, &metadata, &self.rules(), &dir, request)?;
        if metadata.is_dir() { dir.remove_dir(name) } else { dir.remove_file(name) }.map_err(wrong)?;
        Ok(Reply::new(format!("removed {}", request.path)).with("path", request.path.as_str()))
    }

    fn forbid_removal(
        &self,
        real: &Path,
        metadata: &Metadata,
        rules: &Rules<'_>,
        dir: &Dir,
        request: &Named,
    ) -> Result<(), FsError> {
        forbid(rules, real, Some(metadata), Access::Write, &request.path)?;
        let empty = || dir.open_dir(real.file_name()?).ok()?.entries().ok()?.next().is_none().then_some(());
        if metadata.is_dir() && empty().is_none() {
            let what = format!("{:?} is a directory with something in it: remove that first", request.path);
            return Err(FsError::Arguments(what));
        }
        Ok(())
    }
}

fn not_there(place: &Place<'_>) -> FsError {
    let why = "long results of earlier calls can be read, not changed".into();
    FsError::Protected { path: place.given.to_owned(), why }
}
