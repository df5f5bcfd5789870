//! Secrets: values that can be used but not shown.

use std::fmt;

/// A secret's value. Has no `Display` and no `Serialize`; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is kept. Shown freely: it names the place, not the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file, whose content without the last line end is the value.
    File(String),
    /// A command, whose output without the last line end is the value.
    Cmd(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Cmd(command) => write!(f, "cmd:{command}"),
        }
    }
}

impl std::str::FromStr for SecretRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or(("", text));
        match (kind, rest.is_empty()) {
            ("env", false) => Ok(Self::Env(rest.to_owned())),
            ("file", false) => Ok(Self::File(rest.to_owned())),
            ("cmd", false) => Ok(Self::Cmd(rest.to_owned())),
            // The text itself may be a secret pasted in the wrong place: don't repeat it.
            _ => Err("a secret is named by where it is kept: \"env:NAME\", \"file:PATH\" or \"cmd:COMMAND\""
                .into()),
        }
    }
}
