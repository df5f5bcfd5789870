//! `fs.read`: a file's lines.

use super::{Bounds, FsError, Reply, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};

/// Lines that are read when the call doesn't say.
pub const DEFAULT_LINES: u64 = 2000;

/// Bytes of a file that are looked at to find the lines asked for.
pub const MAX_READ: u64 = 1024 * 1024 * 1024;

/// Read at once.
const BUFFER: usize = 64 * 1024;

/// Characters of a reply for what is said about the rest of the file.
const TRAILER_ROOM: usize = 300;

/// Asks for lines of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The file.
    pub path: String,
    /// The first line, counted from 1.
    #[serde(default)]
    pub offset: Option<u64>,
    /// How many lines, at most.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// The lines asked for.
struct Lines {
    bytes: Vec<u8>,
    /// How many lines were begun.
    count: u64,
    /// Whether the file goes on after them.
    more: bool,
    /// Whether the last of them isn't whole.
    cut: bool,
}

impl Workspace {
    /// Reads lines of a text file: as many as asked for, and as fit. Never more of the file than needed.
    pub fn read(&self, request: &Read, bounds: &Bounds) -> Result<Reply, FsError> {
        let place = self.place(&request.path)?;
        let (file, metadata) = self.open_file(&place, &self.rules())?;
        let size = metadata.len();
        let first = request.offset.unwrap_or(1).max(1);
        let limit = request.limit.unwrap_or(DEFAULT_LINES).max(1);
        let mut reader = BufReader::with_capacity(BUFFER, file);
        let wrong = |source| self.io(&request.path, source);

        let start = reader.fill_buf().map_err(wrong)?;
        if let Some(hint) = binary(start) {
            return Err(FsError::Binary { path: request.path.clone(), size, hint });
        }
        let skipped = self.skip(&mut reader, first - 1, request, bounds)?;
        if skipped < first - 1 || (first > 1 && reader.fill_buf().map_err(wrong)?.is_empty()) {
            return Err(FsError::Arguments(format!("{:?} has only {skipped} lines", request.path)));
        }
        let room = self.chars.saturating_sub(TRAILER_ROOM).max(1);
        let lines = take(&mut reader, limit, room * 4).map_err(wrong)?;
        let mut reply = reply(lines, first, room).with("path", request.path.as_str()).with("size", size);
        if let Some(Value::Object(data)) = &mut reply.data {
            data.extend(reply.meta.clone());
        }
        Ok(reply)
    }

    /// Skips lines, and says how many there were to skip.
    fn skip(
        &self,
        reader: &mut impl BufRead,
        count: u64,
        request: &Read,
        bounds: &Bounds,
    ) -> Result<u64, FsError> {
        let (mut lines, mut seen, mut in_line) = (0, 0, false);
        while lines < count {
            bounds.check()?;
            let buffer = reader.fill_buf().map_err(|source| self.io(&request.path, source))?;
            if buffer.is_empty() {
                return Ok(lines + u64::from(in_line));
            }
            let end = line_end(buffer);
            let used = end.unwrap_or(buffer.len());
            lines += u64::from(end.is_some());
            in_line = end.is_none();
            seen += used as u64;
            reader.consume(used);
            if seen > MAX_READ {
                return Err(FsError::Arguments(format!(
                    "line {count} is not within the first {MAX_READ} bytes of {:?}; system.run with tail or \
                     sed gets there",
                    request.path
                )));
            }
        }
        Ok(lines)
    }
}

/// How much of `buffer` the line goes on for, its end included; `None` when it doesn't end there.
pub(super) fn line_end(buffer: &[u8]) -> Option<usize> {
    // Where there is no end, this is many times faster than the search for its place.
    if !buffer.contains(&b'\n') {
        return None;
    }
    buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

/// Why it can't be text, or rather what to do then, judging by its beginning.
fn binary(start: &[u8]) -> Option<&'static str> {
    let start = &start[..start.len().min(8 * 1024)];
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            Some("it looks like UTF-16; system.run with iconv can convert it")
        }
        _ if start.contains(&0) => {
            Some("it has NUL bytes; system.run with file, xxd or strings can look into it")
        }
        _ => None,
    }
}

/// Reads at most `limit` lines and about `max` bytes.
fn take(reader: &mut impl BufRead, limit: u64, max: usize) -> std::io::Result<Lines> {
    let mut lines = Lines { bytes: Vec::new(), count: 0, more: false, cut: false };
    let mut in_line = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(lines);
        }
        if lines.count == limit && !in_line {
            lines.more = true;
            return Ok(lines);
        }
        if lines.bytes.len() >= max {
            (lines.more, lines.cut) = (true, in_line);
            return Ok(lines);
        }
        let end = line_end(buffer);
        let used = end.unwrap_or(buffer.len()).min(max - lines.bytes.len());
        lines.bytes.extend_from_slice(&buffer[..used]);
        lines.count += u64::from(!in_line);
        in_line = Some(used) != end;
        reader.consume(used);
    }
}

fn reply(lines: Lines, first: u64, room: usize) -> Reply {
    let Lines { mut bytes, mut count, mut more, mut cut } = lines;
    if cut
        && let Err(e) = std::str::from_utf8(&bytes)
        && e.error_len().is_none()
    {
        bytes.truncate(e.valid_up_to());
    }
    let lossy = std::str::from_utf8(&bytes).is_err();
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
    };
    if let Some((end, _)) = text.char_indices().nth(room) {
        text.truncate(end);
        (more, cut) = (true, true);
        count = text.lines().count() as u64;
    }
    // Whole lines only, if there is one.
    if cut && let Some(end) = text.rfind('\n') {
        text.truncate(end + 1);
        (count, cut) = (text.lines().count() as u64, false);
    }
    let last = (first + count).saturating_sub(1);
    let data = json!({"content": text, "lossy": lossy, "cut": cut});
    let mut trailer = Vec::new();
    if text.is_empty() {
        trailer.push("the file is empty".to_owned());
    }
    if cut {
        trailer.push(format!("line {first} is cut here: it is too long to be shown whole"));
    }
    if more {
        trailer.push(format!("lines {first} to {last}; the file goes on with offset {}", last + 1));
    }
    if lossy {
        trailer.push("bytes that aren't UTF-8 are shown as \u{fffd}".to_owned());
    }
    if !trailer.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("[{}]", trailer.join("; ")));
    }
    Reply::new(text).with_data(data).with("first_line", first).with("last_line", last).with("more", more)
}
