//! The redactor as a filter of what tools print.

use crate::{config::Redactor, sandbox::Filter};
use std::borrow::Cow;

impl Filter for Redactor {
    fn text(&self, text: String) -> String {
        match self.redact(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        }
    }

    fn bytes(&self, pending: &mut Vec<u8>, last: bool) -> Vec<u8> {
        self.redact_pieces(pending, last)
    }
}
