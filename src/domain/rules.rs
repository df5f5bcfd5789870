//! Tool rules: what an agent may do, as plain data. `policy` decides by them.

use serde::{Deserialize, Serialize};

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Run it.
    Allow,
    /// Ask a person first.
    Ask,
    /// Don't.
    Deny,
}

/// Which calls a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Match {
    /// Every call to tools whose name matches: `fs.read`, `memory.*`, `*`.
    Name(String),
    /// Calls to the tool that run exactly these words without a shell. To be allowed by such a
    /// rule, also: in the workspace, and with no environment or input of their own.
    Argv {
        /// The tool, for example `system.run`.
        tool: String,
        /// The program and its arguments, all of them.
        argv: Vec<String>,
    },
}

/// One rule, and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What it says.
    pub access: Access,
    /// Of which calls.
    pub matches: Match,
    /// `file:line`, for explanations.
    pub location: String,
}

/// What happens to a call that would be asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    /// A person is asked; where there is none, no.
    #[default]
    Ask,
    /// It runs.
    Auto,
}
