//! Identifiers. All are ULIDs in lower case: sortable by time, safe in file names and URLs.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh identifier.
            pub fn generate() -> Self {
                Self(ulid::Ulid::generate().to_string().to_ascii_lowercase())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One conversation.
    SessionId
);
id!(
    /// One turn of a conversation: a user's message and all that it led to.
    TurnId
);
id!(
    /// One tool call. Ours, not the server's: servers leave theirs out, repeat or reformat them.
    CallId
);

id!(
    /// One device that was let in from outside.
    DeviceId
);

/// A function that lives in a Lua generation. Means nothing outside the generation that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HandlerId {
    /// Its place in the generation.
    pub index: u32,
    /// A hash of its source text, by which two generations tell whether it was changed.
    pub source: u64,
}
