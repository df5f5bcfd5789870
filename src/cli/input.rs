//! What the user says, from the command line and from standard input.

use crate::{domain::envelope::MAX_OWN_TEXT, front::to_stderr};
use std::{
    io::{IsTerminal, Read},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

/// How long standard input may be silent before the person is told what is waited for.
const SILENCE: Duration = Duration::from_secs(2);

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
    #[error("the message is longer than {} MiB", MAX_OWN_TEXT >> 20)]
    TooLong,
    #[error("standard input is not UTF-8 text: {0}")]
    NotText(#[from] std::string::FromUtf8Error),
}

/// The message: its parts, in which `-` stands for standard input, with empty lines between them. What is
/// piped in and named by no `-` comes last.
pub(super) fn message(parts: &[String]) -> Result<String, InputError> {
    let named = parts.iter().filter(|part| *part == "-").count();
    if named > 1 {
        return Err(InputError::Twice);
    }
    let piped = !std::io::stdin().is_terminal();
    if parts.is_empty() && !piped {
        return Err(InputError::Nothing);
    }
    let read = |part: &String| if part == "-" { stdin(false) } else { Ok(part.clone()) };
    let mut texts = parts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if named == 0 && piped {
        let text = stdin(!parts.is_empty())?;
        if parts.is_empty() || !text.trim().is_empty() {
            texts.push(text);
        }
    }
    let text = texts.join("\n\n");
    match text.len() {
        _ if text.trim().is_empty() => Err(InputError::Empty),
        length if length > MAX_OWN_TEXT => Err(InputError::TooLong),
        _ => Ok(text),
    }
}

/// Words of the command line as parts of a message: what a shell has split belongs together.
pub(super) fn joined(words: &[String]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut goes_on = false;
    for word in words {
        match parts.last_mut() {
            Some(part) if goes_on && word != "-" => {
                part.push(' ');
                part.push_str(word);
            }
            _ => parts.push(word.clone()),
        }
        goes_on = word != "-";
    }
    parts
}

/// Reads all of standard input. `unasked`: the person may not know that it is read, because the program
/// inherited it, and is told when nothing comes.
fn stdin(unasked: bool) -> Result<String, InputError> {
    if !unasked {
        return whole();
    }
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        // Who waits for it is there until it has come.
        let _ = done.send(whole());
    });
    match waiting.recv_timeout(SILENCE) {
        Ok(read) => read,
        Err(RecvTimeoutError::Timeout) => {
            to_stderr(
                "note: waiting for the end of standard input, which goes with the message; \
                 where nothing is to be read, run it with < /dev/null\n",
            );
            waiting.recv().unwrap_or_else(|_| Err(unreadable()))
        }
        Err(RecvTimeoutError::Disconnected) => Err(unreadable()),
    }
}

fn unreadable() -> InputError {
    std::io::Error::other("the thread that reads it broke down").into()
}

fn whole() -> Result<String, InputError> {
    let mut bytes = vec![];
    std::io::stdin().lock().take(MAX_OWN_TEXT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_OWN_TEXT {
        return Err(InputError::TooLong);
    }
    Ok(String::from_utf8(bytes)?)
}
