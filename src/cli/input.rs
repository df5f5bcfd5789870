//! What the user says, from the command line and from standard input.

use std::io::{IsTerminal, Read};

/// The longest message that is read from standard input, in bytes.
pub(super) const MAX_INPUT_BYTES: u64 = 16 * 1024 * 1024;

/// Why there is no message: the command line, or what was piped in, is wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    #[error("no message: give -e TEXT, or pipe it in (see --help)")]
    Nothing,
    #[error("the message is empty")]
    Empty,
    #[error("standard input can be read only once: give a single -")]
    Twice,
    #[error("standard input could not be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("standard input is longer than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLong,
    #[error("standard input is not UTF-8 text: {0}")]
    NotText(#[from] std::string::FromUtf8Error),
}

/// Joins the parts, in which `-` stands for standard input. Without parts, what is piped in is the
/// message.
pub(super) fn message(parts: &[String]) -> Result<String, InputError> {
    if parts.iter().filter(|p| *p == "-").count() > 1 {
        return Err(InputError::Twice);
    }
    let text = if parts.is_empty() {
        if std::io::stdin().is_terminal() {
            return Err(InputError::Nothing);
        }
        stdin()?
    } else {
        let read = |part: &String| if part == "-" { stdin() } else { Ok(part.clone()) };
        parts.iter().map(read).collect::<Result<Vec<_>, _>>()?.join("\n\n")
    };
    if text.trim().is_empty() { Err(InputError::Empty) } else { Ok(text) }
}

fn stdin() -> Result<String, InputError> {
    let mut bytes = vec![];
    std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT_BYTES {
        return Err(InputError::TooLong);
    }
    Ok(String::from_utf8(bytes)?)
}
