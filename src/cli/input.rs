//! What the user says, from the command line and from standard input.

use anyhow::{Context, bail};
use std::io::{IsTerminal, Read};

/// The longest message that is read from standard input, in bytes.
pub(super) const MAX_INPUT_BYTES: u64 = 16 * 1024 * 1024;

/// Joins the parts, in which `-` stands for standard input. Without parts, what is piped in is the
/// message. `None` when there is nothing to read from but a terminal.
pub(super) fn message(parts: &[String]) -> anyhow::Result<Option<String>> {
    if parts.iter().filter(|p| *p == "-").count() > 1 {
        bail!("standard input can be read only once: give a single -");
    }
    if parts.is_empty() {
        if std::io::stdin().is_terminal() {
            return Ok(None);
        }
        return Ok(Some(stdin()?));
    }
    let mut texts = vec![];
    for part in parts {
        texts.push(if part == "-" { stdin()? } else { part.clone() });
    }
    Ok(Some(texts.join("\n\n")))
}

fn stdin() -> anyhow::Result<String> {
    let mut bytes = vec![];
    std::io::stdin()
        .lock()
        .take(MAX_INPUT_BYTES + 1)
        .read_to_end(&mut bytes)
        .context("standard input could not be read")?;
    if bytes.len() as u64 > MAX_INPUT_BYTES {
        bail!("standard input is longer than {} MiB", MAX_INPUT_BYTES / 1024 / 1024);
    }
    String::from_utf8(bytes).context("standard input is not UTF-8 text")
}
