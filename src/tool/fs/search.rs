//! `fs.search`: names by a glob, contents by a regular expression.

use super::{
    Bounds, FsError, Reply, Workspace,
    protected::Rules,
    read::line_end,
    walk::{Step, Walk, directory},
    workspace::{Place, reading},
};
use cap_std::fs::{File, MetadataExt};
use globset::{GlobBuilder, GlobMatcher};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, BufReader},
    ops::ControlFlow,
    os::fd::AsFd,
};

/// Results when the call doesn't say.
pub const DEFAULT_RESULTS: usize = 100;

/// Results, at most.
pub const MAX_RESULTS: usize = 1000;

/// Bytes of files that are searched, over all of them.
pub const MAX_SEARCHED: u64 = 2 * 1024 * 1024 * 1024;

/// Bytes of a line that are searched; what follows in it is not.
pub const MAX_LINE: usize = 64 * 1024;

/// Levels that a search goes down.
const MAX_DEPTH: usize = 64;

/// Characters that are shown of a line.
const SHOWN: usize = 300;

/// Characters of a reply for what is said about what is missing.
const TRAILER_ROOM: usize = 500;

/// Read at once, and looked at to tell text from other files.
const BUFFER: usize = 64 * 1024;

/// Asks for files and lines.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// A regular expression; found in single lines.
    #[serde(default)]
    pub pattern: Option<String>,
    /// A glob for the names of files; for their paths beneath `path` if it has a slash.
    #[serde(default)]
    pub glob: Option<String>,
    /// Where to search: a directory, or one file; the workspace itself when left out.
    #[serde(default)]
    pub path: Option<String>,
    /// Whether upper and lower case are the same.
    #[serde(default)]
    pub ignore_case: bool,
    /// Whether names that begin with a dot are searched.
    #[serde(default)]
    pub hidden: bool,
    /// How many results, at most.
    #[serde(default)]
    pub max_results: Option<usize>,
}

/// A search under way.
struct Hunt<'a> {
    pattern: Option<Regex>,
    glob: Option<(GlobMatcher, bool)>,
    bounds: &'a Bounds,
    text: String,
    /// The results for programs.
    matches: Vec<Value>,
    /// Characters left in the reply.
    room: usize,
    /// Results left.
    left: usize,
    found: usize,
    files: u64,
    bytes: u64,
    /// Why it didn't look at everything.
    stopped: Option<&'static str>,
}

impl Workspace {
    /// Searches. Goes past what isn't text, `.git`, caches and what is protected, and follows no links.
    pub fn search(&self, request: &Search, bounds: &Bounds) -> Result<Reply, FsError> {
        let path = request.path.as_deref().unwrap_or(".");
        let place = self.place(path)?;
        let rules = self.rules();
        let (file, metadata) = self.open(&place, &rules)?;
        let mut hunt = Hunt::new(request, bounds, self.chars.saturating_sub(TRAILER_ROOM))?;
        let skipped = if metadata.is_dir() {
            let dir = directory(&file).map_err(|source| self.io(path, source))?;
            let mut walk = Walk {
                rules: &rules,
                bounds,
                depth: MAX_DEPTH,
                hidden: request.hidden,
                skip_caches: true,
                skipped: Vec::new(),
                too_many: false,
            };
            match walk.go(&dir, "", 1, &mut |step| hunt.visit(&step, &rules)) {
                Ok(_) if walk.too_many => hunt.stopped = Some("a directory has too many entries"),
                Ok(_) => {}
                Err(FsError::Late) => hunt.stopped = Some("the time for it was over"),
                Err(e) => return Err(e),
            }
            walk.skipped()
        } else {
            self.one(&place, &rules, &mut hunt)?;
            None
        };
        Ok(hunt.reply(skipped))
    }

    fn one(&self, place: &Place<'_>, rules: &Rules<'_>, hunt: &mut Hunt<'_>) -> Result<(), FsError> {
        let (file, _) = self.open_file(place, rules)?;
        if hunt.pattern.is_none() {
            return Err(FsError::NotDirectory(place.given.to_owned()));
        }
        let _ = hunt.lines(file, place.given).map_err(|e| e.of(place.given))?;
        Ok(())
    }
}

/// What ended the search of a file early.
enum Trouble {
    Io(io::Error),
    Stop(FsError),
}

impl Trouble {
    fn of(self, path: &str) -> FsError {
        match self {
            Self::Io(source) => FsError::Io { path: path.to_owned(), source },
            Self::Stop(e) => e,
        }
    }
}

impl<'a> Hunt<'a> {
    fn new(request: &Search, bounds: &'a Bounds, room: usize) -> Result<Self, FsError> {
        let wrong = |what: &str, e: &dyn std::fmt::Display| FsError::Arguments(format!("{what}: {e}"));
        let pattern = match &request.pattern {
            Some(pattern) => Some(
                RegexBuilder::new(pattern)
                    .case_insensitive(request.ignore_case)
                    .build()
                    .map_err(|e| wrong("pattern", &e))?,
            ),
            None => None,
        };
        let glob = match &request.glob {
            Some(glob) => {
                let built = GlobBuilder::new(glob)
                    .case_insensitive(request.ignore_case)
                    .literal_separator(true)
                    .build();
                let built = built.map_err(|e| wrong("glob", &e))?;
                Some((built.compile_matcher(), glob.contains('/')))
            }
            None => None,
        };
        if pattern.is_none() && glob.is_none() {
            let what = "give a pattern (a regular expression for lines), a glob (for names), or both";
            return Err(FsError::Arguments(what.into()));
        }
        let left = request.max_results.unwrap_or(DEFAULT_RESULTS).clamp(1, MAX_RESULTS);
        let text = String::new();
        let matches = Vec::new();
        Ok(Self {
            pattern,
            glob,
            bounds,
            text,
            matches,
            room,
            left,
            found: 0,
            files: 0,
            bytes: 0,
            stopped: None,
        })
    }

    fn visit(&mut self, step: &Step<'_>, rules: &Rules<'_>) -> Result<ControlFlow<()>, FsError> {
        let fits = self
            .glob
            .as_ref()
            .is_none_or(|(glob, whole)| glob.is_match(if *whole { step.path } else { step.name }));
        if !fits {
            return Ok(ControlFlow::Continue(()));
        }
        if self.pattern.is_none() {
            let (slash, kind) = if step.kind.is_dir() { ("/", "directory") } else { ("", "file") };
            let found = json!({"path": step.path, "kind": kind});
            return Ok(self.result(format!("{}{slash}\n", step.path), found));
        }
        if !step.kind.is_file() {
            return Ok(ControlFlow::Continue(()));
        }
        // What can't be opened or read, or turns out to be protected or no file, is passed by.
        let Ok(file) = step.entry.open_with(&reading()) else { return Ok(ControlFlow::Continue(())) };
        if !readable(&file, rules) {
            return Ok(ControlFlow::Continue(()));
        }
        match self.lines(file, step.path) {
            Err(Trouble::Stop(e)) => Err(e),
            Err(Trouble::Io(_)) => Ok(ControlFlow::Continue(())),
            Ok(flow) => Ok(flow),
        }
    }

    /// Searches the lines of a file.
    fn lines(&mut self, file: File, path: &str) -> Result<ControlFlow<()>, Trouble> {
        let Some(pattern) = self.pattern.clone() else { return Ok(ControlFlow::Continue(())) };
        let mut reader = BufReader::with_capacity(BUFFER, file);
        if reader.fill_buf().map_err(Trouble::Io)?.contains(&0) {
            return Ok(ControlFlow::Continue(()));
        }
        self.files += 1;
        let (mut line, mut number) = (Vec::new(), 0_u64);
        while next_line(&mut reader, &mut line, &mut self.bytes, self.bounds)? {
            number += 1;
            if pattern.is_match(&line) {
                let text = shown(&line);
                let found = json!({"path": path, "line": number, "text": text});
                if self.result(format!("{path}:{number}: {text}\n"), found).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if self.bytes > MAX_SEARCHED {
                self.stopped = Some("that is as much as is searched at once");
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Adds a result; a break when there is room for no more.
    fn result(&mut self, line: String, found: Value) -> ControlFlow<()> {
        let chars = line.chars().count();
        if self.left == 0 || chars > self.room {
            self.stopped = Some("there are more; narrow the search, or raise max_results");
            return ControlFlow::Break(());
        }
        self.text.push_str(&line);
        self.matches.push(found);
        self.room -= chars;
        self.left -= 1;
        self.found += 1;
        ControlFlow::Continue(())
    }

    fn reply(self, skipped: Option<String>) -> Reply {
        let mut text = self.text;
        if self.found == 0 {
            text.push_str("[nothing found");
            if self.pattern.is_some() {
                text.push_str(&format!(" in {} files", self.files));
            }
            text.push_str("]\n");
        }
        if let Some(why) = self.stopped {
            text.push_str(&format!("[… {} results so far: {why}]\n", self.found));
        }
        if let Some(skipped) = skipped {
            text.push_str(&format!("[{skipped}]\n"));
        }
        Reply::new(text)
            .with_data(json!({"matches": self.matches, "more": self.stopped.is_some()}))
            .with("results", self.found)
            .with("files", self.files)
            .with("more", self.stopped.is_some())
    }
}

fn readable(file: &File, rules: &Rules<'_>) -> bool {
    let Ok(metadata) = file.metadata() else { return false };
    let Ok(real) = super::real::real_path(file.as_fd()) else { return false };
    let id = Some((metadata.dev(), metadata.ino()));
    metadata.is_file() && rules.forbid(&real, id, super::protected::Access::Read).is_none()
}

/// Reads a line without its end, or at least the beginning of one; false at the end of the file.
fn next_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    bytes: &mut u64,
    bounds: &Bounds,
) -> Result<bool, Trouble> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = reader.fill_buf().map_err(Trouble::Io)?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = line_end(buffer);
        let used = end.unwrap_or(buffer.len());
        let part = &buffer[..used - usize::from(end.is_some())];
        line.extend_from_slice(&part[..part.len().min(MAX_LINE - line.len())]);
        reader.consume(used);
        *bytes += used as u64;
        if end.is_some() {
            line.pop_if(|byte| *byte == b'\r');
            return Ok(true);
        }
        bounds.check().map_err(Trouble::Stop)?;
        if *bytes > MAX_SEARCHED {
            return Ok(true);
        }
    }
}

fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into_owned(),
    }
}
