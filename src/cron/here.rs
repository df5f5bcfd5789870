//! The zone of this machine, found as the C library finds it: `date`, `os.date()` and jobs agree.

use super::{zone::Zone, zone_name::hint};
use chrono_tz::Tz;
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The file with the machine's zone, where the variable `TZ` is not set.
const LOCALTIME: &str = "/etc/localtime";
/// Where zone files are, unless the variable `TZDIR` says otherwise.
const ZONEINFO: &str = "/usr/share/zoneinfo";
/// The longest file that is taken for a zone's.
const MAX_FILE: u64 = 1 << 20;
/// The rule for a text that names summer time and does not say when it is. C libraries have different
/// ones.
const USUAL_RULE: &str = ",M3.2.0,M11.1.0";
const UNTOLD: &str = "does not say when summer time begins and ends, so that programs may disagree: add the rule, as in \
    TZ=CET-1CEST,M3.5.0,M10.5.0/3, or name the zone of a job with tz = \"Europe/Berlin\"";

/// The zone of this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Here {
    /// The zone. Where the machine names none that there is, its clocks show UTC.
    pub zone: Zone,
    /// What is wrong about how the machine names it, and how to mend that.
    pub problem: Option<String>,
}

impl Here {
    fn at(zone: Zone) -> Self {
        Self { zone, problem: None }
    }

    fn utc(what: String) -> Self {
        let remedy =
            "clocks here show UTC, and so do jobs; name the zone of a job with tz = \"Europe/Berlin\"";
        Self { zone: Zone::UTC, problem: Some(format!("{what}: {remedy}")) }
    }
}

/// Finds the zone: by the variable `TZ`, given here, else by `/etc/localtime`.
pub fn local_zone(variable: Option<&OsStr>) -> Here {
    match variable {
        None => by_file(Path::new(LOCALTIME)),
        Some(text) if text.is_empty() => Here::at(Zone::UTC),
        Some(text) => by_variable(text),
    }
}

/// The same, looked up anew only when what names the zone has changed since the last time.
pub fn zone_now(variable: Option<&OsStr>) -> Here {
    static LAST: Mutex<Option<(Mark, Here)>> = Mutex::new(None);
    let mark = Mark::of(variable);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, here)) = &*last
        && *known == mark
    {
        return here.clone();
    }
    let here = local_zone(variable);
    *last = Some((mark, here.clone()));
    here
}

/// What names the zone: the variable, and the file as the system tells of it.
#[derive(PartialEq)]
struct Mark(Option<OsString>, Option<(u64, u64, i64, i64, u64)>);

impl Mark {
    fn of(variable: Option<&OsStr>) -> Self {
        let path = variable.map_or_else(|| Some(PathBuf::from(LOCALTIME)), file_of);
        let meta = path.and_then(|path| fs::metadata(path).ok());
        let file = meta.map(|meta| (meta.dev(), meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.size()));
        Self(variable.map(OsStr::to_owned), file)
    }
}

/// The file that a value of `TZ` could name.
fn file_of(text: &OsStr) -> Option<PathBuf> {
    let text = OsStr::from_bytes(text.as_bytes().strip_prefix(b":").unwrap_or(text.as_bytes()));
    if text.is_empty() {
        return None;
    }
    let directory = std::env::var_os("TZDIR").filter(|dir| !dir.is_empty());
    // An absolute path takes the place of the directory.
    Some(Path::new(directory.as_deref().unwrap_or(OsStr::new(ZONEINFO))).join(text))
}

fn by_variable(given: &OsStr) -> Here {
    let text = given.to_string_lossy();
    let text = text.strip_prefix(':').unwrap_or(&text);
    let Some(path) = file_of(given) else { return Here::at(Zone::UTC) };
    if let Some(zone) = content(&path).ok().and_then(|bytes| of_file(&path, &bytes)) {
        return Here::at(zone);
    }
    // A machine without zone files: the rules that come with this program do.
    if let Ok(zone) = text.parse::<Tz>() {
        return Here::at(zone.into());
    }
    let shown = format!("TZ={text:?}");
    let rule = text.trim_end();
    match rule_of(rule) {
        Some(Summer::None | Summer::Told) if let Some(zone) = by_rule(rule) => Here::at(zone),
        Some(Summer::Untold | Summer::Told) => {
            let without = rule.split(',').next().unwrap_or(rule);
            match by_rule(&format!("{without}{USUAL_RULE}")) {
                Some(zone) => Here { problem: Some(format!("{shown} {UNTOLD}")), zone },
                None => Here::utc(format!("{shown} names no time zone")),
            }
        }
        _ => Here::utc(format!("{shown} names no time zone{}", hint(text))),
    }
}

fn by_file(path: &Path) -> Here {
    let shown = path.display();
    match content(path) {
        Ok(bytes) => match of_file(path, &bytes) {
            Some(zone) => Here::at(zone),
            None => Here::utc(format!("{shown} is no time zone file")),
        },
        Err(_) if fs::symlink_metadata(path).is_err() => Here::at(Zone::UTC),
        Err(error) => match name_of(path).and_then(|name| name.parse::<Tz>().ok()) {
            Some(zone) => Here::at(zone.into()),
            None => Here::utc(format!("{shown} can't be read ({error})")),
        },
    }
}

/// The zone of a file, by its IANA name where the path has it and it is right: files are copied and
/// mounted in the place of others.
fn of_file(path: &Path, bytes: &[u8]) -> Option<Zone> {
    let zone = Zone::from_file("", bytes)?;
    let fits = |name: &String| name.parse::<Tz>().is_ok_and(|known| agree(&known.into(), &zone));
    let name = name_of(path).filter(fits).or_else(|| last_line(bytes));
    Some(zone.called(&name.unwrap_or_else(|| without_blanks(&path.to_string_lossy()))))
}

/// Whether two zones show the same in the winter and the summer of a year.
fn agree(one: &Zone, other: &Zone) -> bool {
    // 2026-01-15 and 2026-07-15.
    [1_768_435_200, 1_784_073_600].into_iter().all(|at| one.ahead(at) == other.ahead(at))
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() || meta.len() > MAX_FILE {
        return Err(io::Error::other("it is no plain file"));
    }
    fs::read(path)
}

/// The IANA name that a path has in it: `Asia/Seoul` of `/usr/share/zoneinfo/Asia/Seoul`. Links are
/// followed one by one, so that a link to a file that is not there has its name, too.
fn name_of(path: &Path) -> Option<String> {
    let mut path = path.to_owned();
    for _ in 0..8 {
        let text = path.to_string_lossy().into_owned();
        let name = text.rsplit_once("zoneinfo/").map(|(_, name)| name);
        let name = name.map(|name| name.trim_start_matches("posix/").trim_start_matches("right/"));
        if let Some(name) = name.filter(|name| name.parse::<Tz>().is_ok()) {
            return Some(name.to_owned());
        }
        let to = fs::read_link(&path).ok()?;
        path = path.parent().unwrap_or(Path::new("/")).join(to);
    }
    None
}

/// The rule in the last line of a zone file, by which a copy that has no name is told from others.
fn last_line(bytes: &[u8]) -> Option<String> {
    let line = bytes.strip_suffix(b"\n")?.rsplit(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    (!line.is_empty() && line.chars().all(|c| c.is_ascii_graphic())).then(|| line.to_owned())
}

/// A name as one word.
fn without_blanks(name: &str) -> String {
    name.trim().replace(char::is_whitespace, "_")
}

/// A zone by a text such as `JST-9` or `CET-1CEST,M3.5.0,M10.5.0/3`.
fn by_rule(rule: &str) -> Option<Zone> {
    // A zone file without any changes in it, whose last line is the text: the form in which all of its
    // extensions are allowed.
    let block = |version: u8| {
        let mut block = b"TZif".to_vec();
        block.push(version);
        block.extend([0; 15]);
        for count in [0_u32, 0, 0, 0, 1, 4] {
            block.extend(count.to_be_bytes());
        }
        block.extend([0; 6]);
        block.extend(b"UTC\0");
        block
    };
    let file = [block(b'3'), block(b'3'), format!("\n{rule}\n").into_bytes()].concat();
    Zone::from_file(&without_blanks(rule), &file)
}

/// What a text such as `CET-1CEST` says of summer time.
enum Summer {
    /// There is none.
    None,
    /// When it is.
    Told,
    /// That there is one.
    Untold,
}

/// Reads the beginning of such a text; `None`: it is none.
fn rule_of(text: &str) -> Option<Summer> {
    if !text.is_ascii() {
        return None;
    }
    let rest = after_name(text)?;
    let summer = after_offset(rest);
    if summer.len() == rest.len() {
        return None;
    }
    if summer.is_empty() {
        return Some(Summer::None);
    }
    match after_offset(after_name(summer)?) {
        "" => Some(Summer::Untold),
        rule => rule.starts_with(',').then_some(Summer::Told),
    }
}

/// What follows the name of a time, `JST` or `<+09>`.
fn after_name(text: &str) -> Option<&str> {
    match text.strip_prefix('<') {
        Some(rest) => rest.split_once('>').map(|(_, rest)| rest),
        None => {
            let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
            (end >= 3).then(|| &text[end..])
        }
    }
}

fn after_offset(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ':'))
}
