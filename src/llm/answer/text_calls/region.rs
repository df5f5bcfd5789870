//! The part of a text that a mark opened.

use super::{
    super::{
        forms,
        marks::Mark,
        scan::JsonScan,
        token::{Look, look},
    },
    MAX_HELD, Mode, TextCalls,
};

/// So many closing marks inside a string are passed over; then one counts all the same.
const MAX_PASSED: u32 = 32;

/// A call in marks, as far as it arrived.
#[derive(Debug)]
pub(super) struct Region {
    mark: Mark,
    /// Where to go on looking for the end.
    searched: usize,
    passed: u32,
    /// A closing mark that stands inside a string, if the string ends at all.
    first_close: Option<(usize, usize)>,
}

/// Where a region ends.
struct Extent {
    until: usize,
    end: usize,
    closed: bool,
}

impl Region {
    pub(super) fn of(mark: Mark) -> Self {
        let searched = mark.length.max(1);
        Self { mark, searched, passed: 0, first_close: None }
    }

    /// Where the call ends, as far as that can be told of `held`.
    fn extent(&mut self, held: &str, last: bool) -> Option<Extent> {
        while let Some(found) = held[self.searched..].find(['<', '[']) {
            let at = self.searched + found;
            match look(&held[at..]) {
                Look::Perhaps if !last => {
                    self.searched = at;
                    return None;
                }
                Look::Token(token) if token.closing && self.is_closed_by(&token.name) => {
                    let end = at + token.length.max(1);
                    if !self.is_in_value(held, at) {
                        return Some(Extent { until: at, end, closed: true });
                    }
                    self.first_close.get_or_insert((at, end));
                    self.passed += 1;
                    self.searched = at + 1;
                }
                // The end of the turn, which ends all that is open.
                Look::Token(token) if token.ends_turn() && !self.is_in_value(held, at) => {
                    return Some(Extent { until: at, end: at + token.length.max(1), closed: true });
                }
                // The next one begins, and this was never closed.
                Look::Token(token)
                    if !token.closing && token.name == self.mark.name && self.has_body(held, at) =>
                {
                    return Some(Extent { until: at, end: at, closed: false });
                }
                _ => self.searched = at + 1,
            }
        }
        self.searched = held.len();
        if !last && held.len() <= MAX_HELD {
            return None;
        }
        let whole = Extent { until: held.len(), end: held.len(), closed: false };
        Some(self.first_close.map_or(whole, |(until, end)| Extent { until, end, closed: true }))
    }

    fn is_closed_by(&self, name: &str) -> bool {
        // An element of a tool's own name may end like the element it should have been.
        name == self.mark.name || self.mark.name == "function" && name == "tool_call"
    }

    /// Whether a place stands inside JSON that is not at its end.
    fn is_in_value(&self, held: &str, at: usize) -> bool {
        let body = &held[self.mark.length..at];
        let Some(start) = body.find(['{', '[']).filter(|_| self.passed < MAX_PASSED) else { return false };
        let mut scan = JsonScan::default();
        // Tags in front mean that the arguments are no JSON.
        !body[..start].contains('<') && scan.end(&body[start..]).is_none() && scan.is_open()
    }

    fn has_body(&self, held: &str, at: usize) -> bool {
        !held[self.mark.length..at].trim().is_empty() && !self.is_in_value(held, at)
    }
}

impl TextCalls<'_> {
    /// Goes on with a call in marks. Whether it is at its end.
    pub(super) fn marked(&mut self, last: bool, out: &mut String) -> bool {
        let Mode::Marked(region) = &mut self.mode else { return false };
        let Some(extent) = region.extent(&self.held, last) else { return false };
        let Extent { until, end, closed } = extent;
        let (from, special) = (region.mark.length.min(until), region.mark.special);
        self.mode = Mode::Text;
        let calls = forms::calls(&self.held[from..until], &self.declared);
        if !calls.is_empty() {
            self.held.drain(..end);
            let known = self.found.len();
            calls.into_iter().for_each(|call| self.accept(call, out));
            self.unclosed = !closed && self.found.len() > known;
        } else if special || self.looks_like_call(from, until) {
            self.cannot_read(0, end);
            self.held.drain(..end);
        } else {
            let text = self.held[..end].to_owned();
            let first = self.said == 0;
            self.hand_on(end, out);
            self.doubtful = first.then_some((text, self.said));
        }
        true
    }

    /// Whether what stands between tags is meant for a tool, and not a text about tags.
    fn looks_like_call(&self, from: usize, until: usize) -> bool {
        let body = self.held[from..until].trim();
        body.is_empty()
            || self.declared.mentioned(body)
            || ["\"name\"", "<arg_key>", "<parameter"].iter().any(|part| body.contains(part))
    }
}
