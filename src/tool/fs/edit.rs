//! `fs.edit`: a passage of a file for another.

use super::{FsError, Reply, Workspace, store::Version};
use serde::Deserialize;
use std::{borrow::Cow, io::Read as _, sync::PoisonError};

/// Bytes of a file that can be edited.
pub const MAX_EDIT: u64 = 16 * 1024 * 1024;

/// Lines that are named in an error.
const NAMED_LINES: usize = 10;

/// Asks for a passage to be replaced.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// The passage as it stands there, exactly. Must be there once, unless `replace_all`.
    pub old: String,
    /// What comes in its place.
    pub new: String,
    /// Whether to replace it everywhere.
    #[serde(default)]
    pub replace_all: bool,
}

impl Edit {
    /// What is wrong with it, whatever is in the file.
    pub(super) fn check(&self) -> Result<(), FsError> {
        let wrong = |text: &str| Err(FsError::Arguments(format!("{:?}: {text}", self.path)));
        if self.old.is_empty() {
            return wrong("old is empty; to write a whole file use fs.write");
        }
        if self.old == self.new {
            return wrong("old and new are the same");
        }
        Ok(())
    }
}

impl Workspace {
    /// Replaces a passage. Line ends stay what they are in the file: a passage given with plain line
    /// feeds is found in, and written to, a file that has CRLF.
    pub fn edit(&self, request: &Edit) -> Result<Reply, FsError> {
        let wrong = |text: &str| Err(FsError::Arguments(format!("{:?}: {text}", request.path)));
        request.check()?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.place(&request.path)?;
        let (file, metadata) = self.open_file(&place, &self.rules())?;
        if metadata.len() > MAX_EDIT {
            return wrong(&format!("larger than {MAX_EDIT} bytes; use system.run with sed"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_EDIT + 1).read_to_end(&mut bytes).map_err(|source| self.io(&request.path, source))?;
        let Ok(text) = String::from_utf8(bytes) else {
            let hint = "only UTF-8 can be edited; use system.run";
            return Err(FsError::Binary { path: request.path.clone(), size: metadata.len(), hint });
        };
        let (mut old, mut new) = (Cow::from(&request.old), Cow::from(&request.new));
        if text.contains("\r\n") && !old.contains('\r') {
            old = old.replace('\n', "\r\n").into();
            new = new.replace("\r\n", "\n").replace('\n', "\r\n").into();
        }
        let lines: Vec<usize> =
            text.match_indices(&*old).map(|(at, _)| 1 + text[..at].matches('\n').count()).collect();
        match lines.as_slice() {
            [] => return wrong(&missing(&text, &request.old)),
            [_, _, ..] if !request.replace_all => return wrong(&ambiguous(&lines)),
            _ => {}
        }
        let edited = text.replace(&*old, &new);
        self.store(&place, edited.as_bytes(), Some(Version::of(&metadata)))?;
        let (count, first) = (lines.len(), lines[0]);
        let passages = if count == 1 { "passage" } else { "passages" };
        Ok(Reply::new(format!("replaced {count} {passages} in {}, from line {first}", request.path))
            .with("path", request.path.as_str())
            .with("replaced", count)
            .with("bytes", edited.len()))
    }
}

fn ambiguous(lines: &[usize]) -> String {
    let named = lines.iter().take(NAMED_LINES).map(usize::to_string).collect::<Vec<_>>().join(", ");
    let more = if lines.len() > NAMED_LINES { ", …" } else { "" };
    format!(
        "old is there {} times (lines {named}{more}): give more of its surroundings, or set replace_all",
        lines.len()
    )
}

/// What may be the reason why a passage isn't found.
fn missing(text: &str, old: &str) -> String {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let start = old.lines().map(squeezed).find(|line| !line.is_empty()).unwrap_or_default();
    let near = text.lines().position(|line| !start.is_empty() && squeezed(line) == start);
    match near {
        Some(line) => format!(
            "old is not there exactly as given; line {} is like its beginning, so spaces or later lines \
             differ: read it again",
            line + 1
        ),
        None => "old is not there; it must be exactly as in the file: read it again".into(),
    }
}
