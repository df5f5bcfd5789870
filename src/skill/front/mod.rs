//! The front matter of a `SKILL.md`: YAML between two lines of `---`, in the form of Agent Skills
//! (`name`, `description`, `license`, `compatibility`, `metadata`, `allowed-tools`) with what is ours.
//!
//! Skills are written for many programs, so they are read leniently: what is odd is remarked on, and the
//! skill loads all the same. Only what would run in another way than its author says is not run.

mod fence;
mod name;
mod needs;
mod parameters;
mod reading;
mod value;
mod yaml;

pub(super) use name::{is_name, normalised};
pub use {name::MAX_NAME, needs::Needs};

use serde_json::Value;
use std::time::Duration;

/// The longest `SKILL.md`, in bytes.
pub const MAX_MANIFEST: usize = 256 << 10;
/// The longest description, in characters: the index goes along with every request.
pub const MAX_DESCRIPTION: usize = 1_024;
/// The longest time-out that a skill may ask for.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);

/// How a skill's program is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Front {
    /// Its name: small letters, digits and `-`.
    pub name: String,
    /// What it does and when to use it, for the index.
    pub description: String,
    /// How it is run.
    pub mode: Mode,
    /// Why its program is not run, where the front matter says how in words that mean nothing here.
    pub blocked: Option<String>,
    /// The container's image, in place of the profile's.
    pub image: Option<String>,
    /// Tools that it tells the model to use. Says what it needs; gives nothing.
    pub tools: Vec<String>,
    /// What must be there.
    pub needs: Needs,
    /// How long one run may take.
    pub timeout: Option<Duration>,
    /// The arguments of its program: types by name, or a JSON Schema of an object.
    pub parameters: Option<Value>,
    /// Only its user may load and run it, no model.
    pub by_hand: bool,
    /// What stands below the front matter.
    pub body: String,
}

/// What is odd or wrong about a `SKILL.md`, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Remark {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub message: String,
}

impl Remark {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SKILL.md:{}: {}", self.line, self.message)
    }
}

impl Front {
    /// Reads a `SKILL.md` that stands in the folder of that name, with remarks on what is odd about it.
    ///
    /// # Errors
    /// Everything that is wrong with it, where no skill can be made of it: it is too long, empty, or has
    /// neither a name nor a folder that could give one.
    pub fn parse(bytes: &[u8], folder: &str) -> Result<(Self, Vec<Remark>), Vec<Remark>> {
        reading::read(bytes, folder)
    }
}

#[cfg(test)]
mod tests;
