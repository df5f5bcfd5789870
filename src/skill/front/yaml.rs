//! The YAML of front matter, key by key: what is wrong with one key leaves the others as they are.

use super::Remark;
use serde_json::{Map, Value};

/// Maps in maps that are read when their YAML is broken.
const MAX_DEPTH: usize = 8;

/// A key of the front matter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Its line in the file, from 1.
    pub(super) line: usize,
    pub(super) value: Value,
    /// What stands behind the key, as it is written, on one line.
    pub(super) raw: String,
}

/// Reads the lines of front matter, of which the first is line `first` of the file. Lines that belong
/// to no key are remarked on.
pub(super) fn entries(lines: &[&str], first: usize, remarks: &mut Vec<Remark>) -> Vec<Entry> {
    read(lines, first, 0, remarks)
}

fn read(lines: &[&str], first: usize, depth: usize, remarks: &mut Vec<Remark>) -> Vec<Entry> {
    let lines: Vec<String> = dedented(lines);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    if let Some(whole) = parsed(&lines.join("\n")) {
        return whole.into_iter().map(|(key, value)| placed(key, value, &lines, first)).collect();
    }
    let lines = untabbed(&lines, first, remarks);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (pieces, strays) = pieces(&lines);
    for stray in strays {
        remarks.push(Remark::new(first + stray, "this line belongs to no key, and is passed over"));
    }
    let mut found: Vec<Entry> = vec![];
    for piece in pieces {
        let entry = piece.read(first, depth, remarks);
        if found.iter().any(|other| other.key == entry.key) {
            remarks.push(Remark::new(
                entry.line,
                format!("{:?} stands here twice; the first counts", entry.key),
            ));
        } else {
            found.push(entry);
        }
    }
    found
}

/// The keys and values of a document that is a map, or a list of maps.
fn parsed(text: &str) -> Option<Map<String, Value>> {
    match serde_saphyr::from_str::<Value>(text).ok()? {
        Value::Object(map) => Some(map),
        Value::Null => Some(Map::new()),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            Some(items.into_iter().filter_map(|item| item.as_object().cloned()).flatten().collect())
        }
        _ => None,
    }
}

/// An entry of a document that could be read as a whole, with its line.
fn placed(key: String, value: Value, lines: &[&str], first: usize) -> Entry {
    let (pieces, _) = pieces(lines);
    let piece = pieces.iter().find(|piece| piece.key == key);
    let at = piece.map(|piece| piece.at);
    // Of a map in braces, the line that names the key.
    let at = at.or_else(|| lines.iter().position(|line| line.contains(key.as_str()))).unwrap_or(0);
    let raw = piece.map_or_else(String::new, Piece::raw);
    Entry { key, line: first + at, value, raw }
}

/// A key with the lines that belong to it.
struct Piece<'t> {
    key: String,
    /// The index of its first line.
    at: usize,
    /// What stands behind the colon on the first line.
    rest: &'t str,
    lines: Vec<&'t str>,
}

/// Parts the lines by the keys that stand at their beginning; and the indexes of lines before any key.
fn pieces<'t>(lines: &[&'t str]) -> (Vec<Piece<'t>>, Vec<usize>) {
    let (mut pieces, mut strays): (Vec<Piece<'_>>, _) = (vec![], vec![]);
    for (at, line) in lines.iter().enumerate() {
        match (key(line), pieces.last_mut()) {
            (Some((key, rest)), _) => {
                pieces.push(Piece { key: key.to_owned(), at, rest, lines: vec![line] });
            }
            (None, Some(piece)) => piece.lines.push(line),
            (None, None) if line.trim().is_empty() || line.starts_with('#') => {}
            (None, None) => strays.push(at),
        }
    }
    (pieces, strays)
}

/// The key at the beginning of a line, and what follows its colon.
fn key(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let bare = key.trim_end().trim_matches(['"', '\'']);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins = bare.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    // `name:x` is no YAML; what is meant is plain. `http://…` is no key.
    let parted =
        rest.is_empty() || rest.starts_with(char::is_whitespace) || matches!(bare, "name" | "description");
    let at_margin = !key.starts_with(char::is_whitespace);
    (begins && parted && at_margin && bare.chars().all(plain)).then_some((bare, rest.trim()))
}

impl Piece<'_> {
    fn read(&self, first: usize, depth: usize, remarks: &mut Vec<Remark>) -> Entry {
        let (key, line, raw) = (self.key.clone(), first + self.at, self.raw());
        if let Some(value) = parsed(&self.lines.join("\n")).and_then(|mut map| map.remove(&key)) {
            return Entry { key, line, value, raw };
        }
        let value = self.value(first, depth, remarks).unwrap_or_else(|| {
            let message = format!("`{key}` is no YAML, and was taken as plain text; put it in quotes");
            remarks.push(Remark::new(line, message));
            Value::String(raw.clone())
        });
        Entry { key, line, value, raw }
    }

    /// The value where it is a list or a map of which a part can't be read.
    fn value(&self, first: usize, depth: usize, remarks: &mut Vec<Remark>) -> Option<Value> {
        let below = &self.lines[1..];
        let filled: Vec<&str> =
            below.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        if !self.rest.is_empty() || filled.is_empty() {
            return None;
        }
        if filled.iter().all(|line| line.starts_with("- ")) {
            let items = filled.iter().map(|line| Value::String(unquoted(line[2..].trim()).to_owned()));
            let message =
                format!("`{}` is no YAML: its items were taken as plain text; put them in quotes", self.key);
            remarks.push(Remark::new(first + self.at, message));
            return Some(items.collect());
        }
        if depth == MAX_DEPTH || key(filled[0]).is_none() || !below.iter().all(|line| is_indented(line)) {
            return None;
        }
        let entries = read(below, first + self.at + 1, depth + 1, remarks);
        Some(Value::Object(entries.into_iter().map(|entry| (entry.key, entry.value)).collect()))
    }

    /// What stands behind the key, without quotes or the marks of a block.
    fn raw(&self) -> String {
        let block = self.rest.starts_with(['|', '>']);
        let lines = self.lines[1..].iter().map(|line| line.trim());
        let lines = std::iter::once(if block { "" } else { self.rest }).chain(lines);
        let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        unquoted(&text).to_owned()
    }
}

fn is_indented(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with(char::is_whitespace)
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|text: &str| text.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// The lines without the blanks that all of them begin with.
fn dedented(lines: &[&str]) -> Vec<String> {
    let blanks = |line: &&&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let margin = filled.map(|line| blanks(&line)).min().unwrap_or(0);
    lines.iter().map(|line| line.get(margin..).unwrap_or_default().to_owned()).collect()
}

/// The lines with two blanks for each tab that they begin with: YAML has no tabs there.
fn untabbed(lines: &[&str], first: usize, remarks: &mut Vec<Remark>) -> Vec<String> {
    let begins = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    if let Some(at) = lines.iter().position(|line| line[..begins(line)].contains('\t')) {
        remarks.push(Remark::new(first + at, "YAML is indented by blanks, not by tabs"));
    }
    let spaced = |line: &&str| {
        let (margin, rest) = line.split_at(begins(line));
        margin.replace('\t', "  ") + rest
    };
    lines.iter().map(spaced).collect()
}
