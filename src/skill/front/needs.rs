//! What a skill needs on the machine, in the forms in which skills say it.

use super::{Remark, value::words, yaml::Entry};
use serde_json::Value;

/// What a skill needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Programs that must be there, all of them.
    pub programs: Vec<String>,
    /// Programs of which one must be there.
    pub one_of: Vec<String>,
    /// Environment variables that it reads.
    pub variables: Vec<String>,
    /// The systems that it is made for, as it names them; empty: any.
    pub systems: Vec<String>,
}

/// Names under which maps list programs that must be there.
const PROGRAMS: &[&str] = &["bins", "bin", "binaries", "commands", "programs", "tools", "cli", "executables"];
const ONE_OF: &[&str] = &["anybins", "anyof"];
const VARIABLES: &[&str] = &["env", "envvars", "environment", "environmentvariables", "variables"];
const SYSTEMS: &[&str] = &["os", "platforms", "platform", "systems"];
/// What stands in such maps and asks nothing of the machine.
const NOTHING: &[&str] = &["config", "skills", "network"];

impl Needs {
    /// Reads `requires`, `prerequisites` and the like. Says whether it was understood in full.
    pub(super) fn read(&mut self, entry: &Entry, remarks: &mut Vec<Remark>) {
        if !self.take(&entry.value) {
            let message = format!(
                "`{}`: a list of programs, or a map with bins, anyBins, env; what is none of these is passed over",
                entry.key
            );
            remarks.push(Remark::new(entry.line, message));
        }
    }

    /// Reads what `metadata` says, below the name of a program of this kind: `metadata.openclaw.requires`.
    pub(super) fn read_metadata(&mut self, entry: &Entry, remarks: &mut Vec<Remark>) {
        // Some write JSON in quotes there.
        let parsed = entry.value.as_str().and_then(|text| serde_json::from_str(text).ok());
        let metadata = parsed.as_ref().unwrap_or(&entry.value);
        let below = metadata.as_object().into_iter().flat_map(|map| map.values());
        let places = std::iter::once(metadata).chain(below);
        for place in places.filter_map(Value::as_object) {
            let understood = place.get("requires").is_none_or(|requires| self.take(requires));
            if !understood {
                let message =
                    "`metadata`: requires has what is no list of programs or variables; it is passed over";
                remarks.push(Remark::new(entry.line, message));
            }
            if let Some(systems) = place.get("os").and_then(words) {
                self.systems.extend(systems);
            }
        }
    }

    /// Takes what a value asks for; whether all of it was understood.
    fn take(&mut self, value: &Value) -> bool {
        let Value::Object(map) = value else {
            return match words(value) {
                Some(words) => self.programs(words),
                None => false,
            };
        };
        let mut understood = true;
        for (key, value) in map {
            let key = key.to_lowercase().replace(['-', '_'], "");
            let Some(words) = words(value) else {
                understood = false;
                continue;
            };
            match key.as_str() {
                key if PROGRAMS.contains(&key) => understood &= self.programs(words),
                key if ONE_OF.contains(&key) => self.one_of.extend(words),
                key if VARIABLES.contains(&key) => self.variables.extend(words),
                key if SYSTEMS.contains(&key) => self.systems.extend(words),
                key => understood &= NOTHING.contains(&key),
            }
        }
        understood
    }

    /// Takes the words that can be names of programs; whether all can.
    fn programs(&mut self, words: Vec<String>) -> bool {
        let plain = |word: &String| {
            word.chars().any(char::is_alphanumeric)
                && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-'))
        };
        let all = words.iter().all(plain);
        self.programs.extend(words.into_iter().filter(plain));
        all
    }

    /// Whether the skill says that it is made for another system than this one.
    pub(super) fn is_for_elsewhere(&self) -> bool {
        let here = match std::env::consts::OS {
            "macos" => &["macos", "darwin", "mac", "osx", "unix"][..],
            "linux" => &["linux", "unix"],
            other => &[other][..],
        };
        let fits = |name: &String| {
            let name = name.to_lowercase();
            name == "all" || name == "any" || here.contains(&name.as_str())
        };
        !self.systems.is_empty() && !self.systems.iter().any(fits)
    }
}
