//! From the bytes of a `SKILL.md` to what it says.

use super::{
    Front, MAX_DESCRIPTION, MAX_MANIFEST, MAX_NAME, MAX_TIMEOUT, Mode, Remark,
    fence::{self, Block},
    name::normalised,
    parameters, value,
    yaml::{self, Entry},
};
use crate::domain::nearest::nearest;

/// The keys that mean something here, as [`plain`] writes them.
const KEYS: &[&str] = &[
    "name",
    "description",
    "mode",
    "image",
    "tools",
    "requires",
    "timeout",
    "parameters",
    "disablemodelinvocation",
];
/// Keys that are read for what a skill needs, besides `requires`.
const OTHER: &[&str] = &["metadata", "prerequisites", "platforms", "os"];
/// Keys of the standard that mean nothing here, and need no remark.
const STANDARD: &[&str] = &["license", "compatibility", "allowedtools", "version", "author"];
/// Keys of other programs that only look like ours.
const ALIKE: &[&str] = &["model", "models", "node", "code", "tool", "title", "times", "file"];
/// Keys that are named in one remark, at most.
const MAX_NAMED: usize = 12;

/// Case and the choice of `-` or `_` count for nothing: `disableModelInvocation`.
fn plain(key: &str) -> String {
    key.to_lowercase().replace(['-', '_'], "")
}

/// A front matter that is being read.
struct Reading {
    entries: Vec<Entry>,
    remarks: Vec<Remark>,
    front: Front,
}

/// Reads a `SKILL.md`: see [`Front::parse`].
pub(super) fn read(bytes: &[u8], folder: &str) -> Result<(Front, Vec<Remark>), Vec<Remark>> {
    let mut remarks = vec![];
    if bytes.len() > MAX_MANIFEST {
        let message = format!("longer than {MAX_MANIFEST} bytes: move what is long into files beside it");
        return Err(vec![Remark::new(1, message)]);
    }
    let text = decoded(bytes, &mut remarks);
    let mut parts = fence::split(&text, &mut remarks);
    let mut entries = vec![];
    if let Some(block) = parts.front {
        let mut odd = vec![];
        entries = read_block(&block, &mut odd);
        if entries.is_empty() && !block.toml {
            // A text that begins with a line across the page.
            parts.body = format!("{}\n\n{}", block.lines.join("\n"), parts.body).trim().to_owned();
        } else {
            remarks.extend(odd);
        }
        entries.sort_by_key(|entry| entry.line);
    }
    let front = Front { body: parts.body, ..Front::default() };
    let mut reading = Reading { entries, remarks, front };
    let whole = reading.all(folder);
    reading.remarks.sort();
    if whole { Ok((reading.front, reading.remarks)) } else { Err(reading.remarks) }
}

/// The text: UTF-8, or UTF-16 with a mark; lines end with `\n`.
fn decoded(bytes: &[u8], remarks: &mut Vec<Remark>) -> String {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    let mut text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    if std::str::from_utf8(bytes).is_err() {
        remarks.push(Remark::new(1, "is no UTF-8: save it as UTF-8, so that all of its characters are read"));
    }
    if text.contains('\0') {
        let line = text[..text.find('\0').unwrap_or(0)].matches('\n').count() + 1;
        remarks.push(Remark::new(line, "there are NUL characters, which are left out"));
        text.retain(|c| c != '\0');
    }
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")
}

fn read_block(block: &Block<'_>, remarks: &mut Vec<Remark>) -> Vec<Entry> {
    if !block.toml {
        return yaml::entries(&block.lines, block.first, remarks);
    }
    match toml::from_str::<serde_json::Map<String, serde_json::Value>>(&block.lines.join("\n")) {
        Ok(map) => {
            let line = |key: &str| block.lines.iter().position(|line| line.trim_start().starts_with(key));
            map.into_iter()
                .map(|(key, value)| Entry {
                    line: block.first + line(&key).unwrap_or(0),
                    raw: value.to_string(),
                    key,
                    value,
                })
                .collect()
        }
        Err(error) => {
            let message = format!("the TOML between +++ can't be read: {}", value::one_line(error.message()));
            remarks.push(Remark::new(block.first, message));
            vec![]
        }
    }
}

impl Reading {
    /// Reads all keys; whether there is a skill.
    fn all(&mut self, folder: &str) -> bool {
        if self.entries.is_empty() {
            self.remark(
                1,
                "there is no front matter: the file begins with ---, name: …, description: … and ---",
            );
        }
        let named = self.name(folder);
        let described = self.description();
        self.how();
        self.timeout();
        self.rest();
        self.needs();
        self.foreign();
        named && described
    }

    fn remark(&mut self, line: usize, message: impl Into<String>) {
        self.remarks.push(Remark::new(line, message));
    }

    fn get(&self, name: &str) -> Option<Entry> {
        self.entries.iter().find(|entry| plain(&entry.key) == name).cloned()
    }

    fn name(&mut self, folder: &str) -> bool {
        let entry = self.get("name");
        let line = entry.as_ref().map_or(1, |entry| entry.line);
        let given = entry.as_ref().map(value::text).unwrap_or_default();
        let name = normalised(&given);
        if !name.is_empty() {
            if name != given {
                let rule = format!("a name has small letters, digits and single '-', at most {MAX_NAME}");
                self.remark(line, format!("{given:?} is called {name:?} here: {rule}"));
            }
            self.front.name = name;
            return true;
        }
        self.front.name = normalised(folder);
        let here = &self.front.name;
        let what = if given.is_empty() {
            "`name` is missing".to_owned()
        } else {
            format!("{given:?} has no letter and no digit")
        };
        if here.is_empty() {
            self.remark(line, format!("{what}, and the folder gives none: add name: to the front matter"));
            return false;
        }
        let message = format!("{what}; it is called {here:?}, after its folder");
        self.remark(line, message);
        true
    }

    fn description(&mut self) -> bool {
        let entry = self.get("description");
        let line = entry.as_ref().map_or(1, |entry| entry.line);
        let mut text = entry.as_ref().map(value::text).unwrap_or_default();
        if text.is_empty() {
            text = first_words(&self.front.body);
            if text.is_empty() {
                let message =
                    "`description` is missing, and there is no text: say what it does and when to use it";
                self.remark(line, message);
                return false;
            }
            self.remark(line, "`description` is missing: the model chooses by it; its first words stand in");
        }
        if text.chars().count() > MAX_DESCRIPTION {
            let message = format!(
                "the description has {} characters, and is cut at {MAX_DESCRIPTION}: it goes along with every request",
                text.chars().count()
            );
            self.remark(line, message);
            text = cut(&text);
        }
        self.front.description = text;
        true
    }

    /// `mode` and `image`: nothing is run outside of the sandbox that they ask for.
    fn how(&mut self) {
        let mode = self.get("mode");
        let given = mode.as_ref().map(|entry| value::text(entry).to_lowercase());
        let known = match given.as_deref() {
            None | Some("") => None,
            Some("subprocess") => Some(Mode::Subprocess),
            Some("wasm" | "wasi" | "webassembly") => Some(Mode::Wasm),
            Some("container" | "docker" | "podman") => Some(Mode::Container),
            Some(other) => {
                let line = mode.as_ref().map_or(1, |entry| entry.line);
                let message = format!("there is no mode {other:?}: subprocess, wasm or container");
                self.front.blocked = Some(message.clone());
                self.remark(line, format!("{message}; its program is not run"));
                None
            }
        };
        self.front.mode = known.unwrap_or_default();
        if let Some(entry) = self.get("image") {
            self.image(&entry, known);
        }
    }

    fn image(&mut self, entry: &Entry, mode: Option<Mode>) {
        let image = value::text(entry);
        match mode {
            _ if self.front.blocked.is_some() => {}
            Some(Mode::Container) | None if !entry.value.is_string() || image.is_empty() => {
                let message = "the image is the name of one, such as python:3-slim";
                self.front.blocked = Some(message.to_owned());
                self.remark(entry.line, format!("{message}; its program is not run"));
            }
            Some(Mode::Container) => self.front.image = Some(image),
            None => {
                self.front.mode = Mode::Container;
                self.front.image = Some(image);
                self.remark(
                    entry.line,
                    "an image belongs to mode: container, and that is how its program is run",
                );
            }
            Some(_) => self.remark(entry.line, "an image means something with mode: container only"),
        }
    }

    fn timeout(&mut self) {
        let Some(entry) = self.get("timeout").filter(|entry| !entry.value.is_null()) else { return };
        match value::duration(&entry.value) {
            Some(time) if time.is_zero() => {
                self.remark(entry.line, "timeout: a run that may take no time is none; the usual one holds");
            }
            Some(time) if time > MAX_TIMEOUT => {
                let most = MAX_TIMEOUT.as_secs();
                self.remark(
                    entry.line,
                    format!("timeout: seconds, or 90s, 5m; at most {most} s, which holds now"),
                );
                self.front.timeout = Some(MAX_TIMEOUT);
            }
            Some(time) => self.front.timeout = Some(time),
            None => {
                let shown = value::text(&entry);
                self.remark(
                    entry.line,
                    format!("timeout: seconds, or 90s, 5m, not {shown:?}; the usual one holds"),
                );
            }
        }
    }

    fn rest(&mut self) {
        if let Some(entry) = self.get("parameters").filter(|entry| !entry.value.is_null()) {
            self.front.parameters = parameters::read(&entry.value, entry.line, &mut self.remarks);
        }
        if let Some(entry) = self.get("tools") {
            match value::words(&entry.value) {
                Some(words) => self.front.tools = words,
                None => self.remark(entry.line, "tools: a list of names; it is passed over"),
            }
        }
        if let Some(entry) = self.get("disablemodelinvocation") {
            let on = value::switch(&entry.value);
            if on.is_none() {
                self.remark(entry.line, format!("{}: true or false; it counts as true", entry.key));
            }
            self.front.by_hand = on.unwrap_or(true);
        }
    }

    fn needs(&mut self) {
        for name in ["requires", "prerequisites"] {
            if let Some(entry) = self.get(name) {
                self.front.needs.read(&entry, &mut self.remarks);
            }
        }
        if let Some(entry) = self.get("metadata") {
            self.front.needs.read_metadata(&entry, &mut self.remarks);
        }
        for name in ["platforms", "os"] {
            if let Some(systems) = self.get(name).and_then(|entry| value::words(&entry.value)) {
                self.front.needs.systems.extend(systems);
            }
        }
        if self.front.needs.is_for_elsewhere() {
            let systems = value::one_line(&self.front.needs.systems.join(", "));
            self.remark(1, format!("it is made for {systems}, and this is {}", std::env::consts::OS));
        }
    }

    /// Keys that mean nothing here: a slip of the pen is told by itself, the others together.
    fn foreign(&mut self) {
        let mut others: Vec<(usize, String)> = vec![];
        for entry in self.entries.clone() {
            let key = plain(&entry.key);
            if [KEYS, OTHER, STANDARD].iter().any(|known| known.contains(&key.as_str())) {
                continue;
            }
            match nearest(&key, KEYS.iter().copied()).filter(|near| is_slip(&key, near)) {
                Some(near) => self.slip(&entry, near),
                None => others.push((entry.line, entry.key)),
            }
        }
        let Some((line, _)) = others.first().cloned() else { return };
        let more = others.len().saturating_sub(MAX_NAMED);
        let names: Vec<_> = others.into_iter().take(MAX_NAMED).map(|(_, key)| key).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let plural = if names.len() == 1 { "key that means" } else { "keys that mean" };
        self.remark(line, format!("{plural} nothing here: {}{more}", names.join(", ")));
    }

    /// A key that was most likely meant to be one of ours. What would have made the skill safer holds.
    fn slip(&mut self, entry: &Entry, near: &str) {
        let mut message = format!("unknown key {:?}: did you mean {near:?}?", entry.key);
        match near {
            "mode" | "image" => {
                message += " Its program is not run until that is clear";
                self.front.blocked.get_or_insert_with(|| message.clone());
            }
            "disablemodelinvocation" => {
                message = format!("unknown key {:?}: did you mean \"disable-model-invocation\"?", entry.key);
                self.front.by_hand |= value::switch(&entry.value) != Some(false);
            }
            _ => {}
        }
        self.remark(entry.line, message);
    }
}

/// Whether a key was meant to be one of ours; `display-name` and `tool-category` were not.
fn is_slip(key: &str, near: &str) -> bool {
    !ALIKE.contains(&key) && key.chars().count().abs_diff(near.chars().count()) <= 2
}

/// The first paragraph below the headings, or the first heading.
fn first_words(body: &str) -> String {
    let plain = |paragraph: &&str| {
        let begin = paragraph.trim_start();
        !begin.is_empty() && !begin.starts_with(['#', '<', '`', '|', '!']) && !begin.starts_with("---")
    };
    let heading =
        || body.lines().find_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#'));
    // A paragraph may stand right below its heading.
    let below = |paragraph: &'_ str| -> String {
        paragraph.lines().skip_while(|line| line.starts_with('#')).collect::<Vec<_>>().join("\n")
    };
    let paragraphs: Vec<String> = body.split("\n\n").map(below).collect();
    let found = paragraphs.iter().map(String::as_str).find(plain).or_else(heading).unwrap_or_default();
    value::one_line(found)
}

/// The longest beginning of a text that fits, up to a word's end.
fn cut(text: &str) -> String {
    let short: String = text.chars().take(MAX_DESCRIPTION - 1).collect();
    let end = short.rfind(' ').filter(|end| *end > short.len() / 2).unwrap_or(short.len());
    format!("{}…", &short[..end])
}
