//! Tool call ids on the wire: the server's own where they came from, else ours in its form.

use crate::{domain::call::ToolCall, llm::dialect::IdFormat};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The ids used in one request.
#[derive(Debug)]
pub(super) struct Ids {
    format: IdFormat,
    used: BTreeSet<String>,
}

impl Ids {
    pub(super) fn new(format: IdFormat) -> Self {
        Self { format, used: BTreeSet::new() }
    }

    /// The id of `call`, unlike any given before. `own`: the call came from this very provider.
    pub(super) fn of(&mut self, call: &ToolCall, own: bool) -> String {
        let server = call.extras.get("id").and_then(|id| id.as_str()).filter(|id| own && self.fits(id));
        if let Some(id) = server.filter(|id| !self.used.contains(*id)) {
            self.used.insert(id.to_owned());
            return id.to_owned();
        }
        let mut round = 0;
        loop {
            let id = self.made(call.id.as_str(), round);
            if self.used.insert(id.clone()) {
                return id;
            }
            round += 1;
        }
    }

    fn fits(&self, id: &str) -> bool {
        match self.format {
            IdFormat::Any => !id.is_empty(),
            IdFormat::Mistral9 => id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        }
    }

    fn made(&self, ours: &str, round: u32) -> String {
        let plain = !ours.is_empty() && ours.len() <= 32 && ours.bytes().all(|b| b.is_ascii_alphanumeric());
        if self.format == IdFormat::Any && plain && round == 0 {
            return format!("call_{ours}");
        }
        let hash = Sha256::digest(format!("{ours}/{round}"));
        let letters = hash.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
        match self.format {
            IdFormat::Any => format!("call_{}", letters.take(26).collect::<String>()),
            IdFormat::Mistral9 => letters.take(9).collect(),
        }
    }
}

const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
