//! `fs.list`: what is in a directory.

use super::{
    Bounds, FsError, Reply, Workspace,
    walk::{Step, Walk, directory},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Entries in a reply, at most.
pub const MAX_ENTRIES: usize = 1000;

/// Levels that can be asked for.
pub const MAX_DEPTH: usize = 10;

/// Characters of a reply for what is said about what is missing.
const TRAILER_ROOM: usize = 500;

/// Asks for the entries of a directory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The directory; the workspace itself when left out.
    #[serde(default)]
    pub path: Option<String>,
    /// How many levels; 1 when left out.
    #[serde(default)]
    pub depth: Option<usize>,
    /// Whether names that begin with a dot are shown.
    #[serde(default)]
    pub hidden: bool,
}

impl Workspace {
    /// Lists a directory, one entry a line: directories end in a slash, files have their size, links
    /// their target.
    pub fn list(&self, request: &List, bounds: &Bounds) -> Result<Reply, FsError> {
        let path = request.path.as_deref().unwrap_or(".");
        let place = self.place(path)?;
        let rules = self.rules();
        let (file, metadata) = self.open(&place, &rules)?;
        if !metadata.is_dir() {
            return Err(FsError::NotDirectory(path.to_owned()));
        }
        let dir = directory(&file).map_err(|source| self.io(path, source))?;
        let depth = request.depth.unwrap_or(1).clamp(1, MAX_DEPTH);
        let mut walk = Walk {
            rules: &rules,
            bounds,
            depth,
            hidden: request.hidden,
            skip_caches: depth > 1,
            skipped: Vec::new(),
            too_many: false,
        };
        let room = self.chars.saturating_sub(TRAILER_ROOM);
        let (mut text, mut chars, mut count, mut more) = (String::new(), 0, 0, false);
        let mut entries = Vec::new();
        let _ = walk.go(&dir, "", 1, &mut |step| {
            let line = line(&step);
            chars += line.chars().count();
            if count == MAX_ENTRIES || chars > room {
                more = true;
                return Ok(ControlFlow::Break(()));
            }
            text.push_str(&line);
            entries.push(entry(&step));
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        if count == 0 && !more {
            text.push_str(if request.hidden { "[empty]\n" } else { "[nothing that isn't hidden]\n" });
        }
        if more {
            text.push_str(&format!("[… only the first {count} entries; list a directory below for more]\n"));
        }
        if walk.too_many {
            text.push_str("[… a directory has too many entries to look at all of them]\n");
        }
        if let Some(skipped) = walk.skipped() {
            text.push_str(&format!("[{skipped}]\n"));
        }
        let more = more || walk.too_many;
        let data = json!({"path": path, "entries": entries, "more": more});
        Ok(Reply::new(text).with_data(data).with("path", path).with("entries", count).with("more", more))
    }
}

/// An entry for programs.
fn entry(step: &Step<'_>) -> Value {
    let kind = match step.kind {
        kind if kind.is_dir() => "directory",
        kind if kind.is_file() => "file",
        kind if kind.is_symlink() => "link",
        _ => "special",
    };
    let mut entry = json!({"path": step.path, "name": step.name, "kind": kind});
    if step.kind.is_file()
        && let Ok(metadata) = step.entry.metadata()
    {
        entry["size"] = metadata.len().into();
    }
    entry
}

fn line(step: &Step<'_>) -> String {
    let path = step.path;
    match step.kind {
        kind if kind.is_dir() => format!("{path}/\n"),
        kind if kind.is_file() => match step.entry.metadata() {
            Ok(metadata) => format!("{path}  {}\n", size(metadata.len())),
            Err(_) => format!("{path}\n"),
        },
        kind if kind.is_symlink() => format!("{path}  (link)\n"),
        _ => format!("{path}  (special)\n"),
    }
}

/// A size for reading: `17 B`, `1.2 KiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}
