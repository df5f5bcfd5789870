//! The front matter of a `SKILL.md`: YAML between two lines of `---`, in the form of Agent Skills
//! (`name`, `description`, `license`, `compatibility`, `metadata`, `allowed-tools`) with what is ours.

use crate::domain::nearest::nearest;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};

/// The longest `SKILL.md`, in bytes.
pub const MAX_MANIFEST: usize = 256 << 10;
/// The longest name, in characters.
pub const MAX_NAME: usize = 64;
/// The longest description, in characters: the index goes along with every request.
pub const MAX_DESCRIPTION: usize = 1_024;
/// The longest time-out that a skill may ask for.
const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);

/// How a skill's program is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `run.sh` by bash, or `main.py` by Python, on this machine.
    #[default]
    Subprocess,
    /// `skill.wasm` in the WebAssembly sandbox.
    Wasm,
    /// `run.sh` or `main.py` in a container.
    Container,
}

/// What a `SKILL.md` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// Its name: small letters, digits and `-`.
    pub name: String,
    /// What it does and when to use it, for the index.
    pub description: String,
    /// How it is run.
    pub mode: Mode,
    /// The container's image, in place of the profile's.
    pub image: Option<String>,
    /// Tools that it tells the model to use. Says what it needs; gives nothing.
    pub tools: Vec<String>,
    /// Programs that must be there.
    pub requires: Vec<String>,
    /// How long one run may take.
    pub timeout: Option<Duration>,
    /// The arguments of its program: types by name, or a JSON Schema of an object.
    pub parameters: Option<Value>,
    /// What stands below the front matter.
    pub body: String,
}

/// What is wrong with a `SKILL.md`, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SKILL.md:{line}: {message}")]
pub struct FrontError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub message: String,
}

#[derive(Deserialize)]
struct Raw {
    name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    mode: Mode,
    image: Option<String>,
    #[serde(default)]
    tools: Words,
    #[serde(default)]
    requires: Words,
    timeout: Option<f64>,
    parameters: Option<Value>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// A list, or words on one line.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Words {
    #[default]
    None,
    Line(String),
    List(Vec<String>),
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::None => vec![],
            Words::Line(line) => {
                line.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            }
            Words::List(list) => list,
        }
    }
}

const KEYS: &[&str] = &["name", "description", "mode", "image", "tools", "requires", "timeout", "parameters"];
/// Keys of the standard that mean nothing here.
const FOREIGN: &[&str] = &["license", "compatibility", "metadata", "allowed-tools", "version", "author"];

impl Front {
    /// Reads a `SKILL.md`.
    ///
    /// # Errors
    /// When there is no front matter, it is not what it should be, or a value makes no sense.
    pub fn parse(text: &str) -> Result<Self, FrontError> {
        let at = |line, message: String| FrontError { line, message };
        if text.len() > MAX_MANIFEST {
            return Err(at(1, format!("longer than {MAX_MANIFEST} bytes")));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (yaml, body) = split(text)?;
        let raw: Raw = serde_saphyr::from_str(yaml).map_err(|error| {
            // The front matter begins on the second line.
            let line = error.location().map_or(1, |place| usize::try_from(place.line()).unwrap_or(0) + 1);
            at(line, format!("the front matter can't be read: {}", first_line(&error.to_string())))
        })?;
        let line_of = |key: &str| line_of(yaml, key);
        for key in raw.rest.keys() {
            if !FOREIGN.contains(&key.as_str()) {
                let hint = nearest(key, KEYS.iter().copied()).map_or_else(
                    || format!("the keys are {}", KEYS.join(", ")),
                    |near| format!("did you mean {near:?}?"),
                );
                return Err(at(line_of(key), format!("unknown key {key:?} ({hint})")));
            }
        }
        let name = raw.name.ok_or_else(|| at(1, "`name` is missing".into()))?;
        if !is_name(&name) {
            let rule = "use small letters, digits and single '-' between them";
            return Err(at(
                line_of("name"),
                format!("{name:?} is no name of a skill: {rule}, at most {MAX_NAME}"),
            ));
        }
        let description = raw.description.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        let description = description.filter(|text| !text.is_empty()).ok_or_else(|| {
            at(line_of("description"), "`description` is missing: the model chooses by it".into())
        })?;
        if description.chars().count() > MAX_DESCRIPTION {
            let message = format!("the description is longer than {MAX_DESCRIPTION} characters");
            return Err(at(line_of("description"), message));
        }
        let timeout = match raw.timeout {
            None => None,
            Some(seconds) => match Duration::try_from_secs_f64(seconds) {
                Ok(time) if !time.is_zero() && time <= MAX_TIMEOUT => Some(time),
                _ => {
                    let message =
                        format!("timeout: seconds, more than 0 and at most {}", MAX_TIMEOUT.as_secs());
                    return Err(at(line_of("timeout"), message));
                }
            },
        };
        if let Some(parameters) = &raw.parameters
            && !parameters.is_object()
        {
            return Err(at(
                line_of("parameters"),
                "parameters: names with their types, or a JSON Schema".into(),
            ));
        }
        if raw.image.is_some() && raw.mode != Mode::Container {
            return Err(at(line_of("image"), "an image belongs to `mode: container`".into()));
        }
        Ok(Self {
            name,
            description,
            mode: raw.mode,
            image: raw.image,
            tools: raw.tools.into(),
            requires: raw.requires.into(),
            timeout,
            parameters: raw.parameters,
            body: body.trim().to_owned(),
        })
    }
}

/// The YAML, and what follows.
fn split(text: &str) -> Result<(&str, &str), FrontError> {
    let is_fence = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if !is_fence(first) {
        let message = "the first line must be ---, and name and description follow it".into();
        return Err(FrontError { line: 1, message });
    }
    let mut at = first.len();
    let begin = at;
    for line in lines {
        if is_fence(line) {
            return Ok((&text[begin..at], &text[at + line.len()..]));
        }
        at += line.len();
    }
    Err(FrontError { line: 1, message: "the front matter is not closed by a line with ---".into() })
}

/// The line of the file on which a key stands.
fn line_of(yaml: &str, key: &str) -> usize {
    yaml.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |line| line + 2)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Whether a name can stand in paths, addresses and prompts without being taken for something else.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> (usize, String) {
        let FrontError { line, message } = Front::parse(text).unwrap_err();
        (line, message)
    }

    #[test]
    fn what_it_says_is_read() {
        let front = Front::parse(
            "---\nname: log-watch\ndescription: >\n  Looks at\n  logs.\nlicense: MIT\nmetadata:\n  a: b\nmode: container\nimage: python:3\ntools: fs.read, \
             fs.list\nrequires: [jq]\ntimeout: 2.5\nparameters:\n  path: string\n---\n\n# Body\n---\nmore\n",
        )
        .unwrap();
        assert_eq!((front.name.as_str(), front.description.as_str()), ("log-watch", "Looks at logs."));
        assert_eq!((front.mode, front.image.as_deref()), (Mode::Container, Some("python:3")));
        assert_eq!(
            (front.tools, front.requires),
            (vec!["fs.read".into(), "fs.list".into()], vec!["jq".into()])
        );
        assert_eq!(front.timeout, Some(Duration::from_millis(2_500)));
        assert_eq!(front.parameters, Some(serde_json::json!({"path": "string"})));
        assert_eq!(front.body, "# Body\n---\nmore");
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(fails("# no front\n").0, 1);
        assert!(fails("---\nname: x\n").1.contains("not closed"));
        let (line, message) = fails("---\nname: x\ndescripton: y\n---\n");
        assert_eq!((line, message.contains("did you mean \"description\"?")), (3, true), "{message}");
        assert_eq!(fails("---\nname: x\ndescription: y\ntimeout: -1\n---\n").0, 4);
        assert_eq!(fails("---\ndescription: y\nname: ../x\n---\n").0, 3);
        assert!(fails("---\nname: x\n---\n").1.contains("`description` is missing"));
        let (line, message) = fails("---\nname: x\ndescription: y\nmode: docker\n---\n");
        assert!(line >= 3 && message.contains("container"), "{line} {message}");
        let (line, _) = fails("---\nname: x\ndescription: [unclosed\n---\n");
        assert!(line >= 3, "{line}");
        assert_eq!(fails("---\nname: x\ndescription: y\nimage: a\n---\n").0, 4);
    }

    #[test]
    fn names_are_plain() {
        for good in ["a", "log-watch", "x2"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "A", "a.b", "a/b", "..", "ä", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
