//! Matching, without recursion and within a budget.

use super::{
    super::stop,
    compile::{Capture, Item, MAX_CAPTURES, Program, Repeat, Set},
};

/// The most steps of one search, however short the text.
const MAX_STEPS: u64 = 50_000_000;
/// Further steps for each byte of the text.
const STEPS_PER_BYTE: u64 = 64;
/// How many steps are made between two looks at the clock.
const LOOK: u64 = 4_096;

/// Counts the steps of a search.
pub(super) struct Budget {
    left: u64,
    look: u64,
}

impl Budget {
    /// For searching a text of this length.
    pub(super) fn new(length: usize) -> Self {
        Self { left: MAX_STEPS + STEPS_PER_BYTE * length as u64, look: LOOK }
    }

    /// Spends `steps`.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), String> {
        let steps = steps as u64;
        self.left = self
            .left
            .checked_sub(steps)
            .ok_or("pattern too complex: it takes too many steps on this text")?;
        self.look = self.look.saturating_sub(steps);
        if self.look == 0 {
            self.look = LOOK;
            if stop::expired() {
                return Err(stop::STOPPED.into());
            }
        }
        Ok(())
    }
}

/// A match: where it begins and ends, and its captures.
#[derive(Clone, Copy)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    spans: [(usize, usize); MAX_CAPTURES],
}

/// The value of a capture.
pub(super) enum Value<'t> {
    Text(&'t [u8]),
    /// Counted from 1.
    Position(usize),
}

impl Match {
    /// Capture `index`, counted from 0. Without captures, capture 0 is the whole match.
    pub(super) fn capture<'t>(
        &self,
        program: &Program,
        text: &'t [u8],
        index: usize,
    ) -> Result<Value<'t>, String> {
        let (start, end) = self.spans[index.min(MAX_CAPTURES - 1)];
        match program.captures.get(index) {
            Some(Capture::Text) => Ok(Value::Text(&text[start..end])),
            Some(Capture::Position) => Ok(Value::Position(start + 1)),
            Some(Capture::Unfinished) => Err("unfinished capture".into()),
            None if index == 0 => Ok(Value::Text(&text[self.start..self.end])),
            None => Err(format!("invalid capture index %{}", index + 1)),
        }
    }
}

/// A place to come back to when what follows does not match.
enum Choice {
    /// Go on at an item, from a byte.
    Skip(usize, usize),
    /// A greedy repetition: its item, the fewest it may take, and what it took.
    Most(usize, usize, usize),
    /// A frugal one: its item, and what it took.
    Least(usize, usize),
}

impl Program {
    /// Matches at `start` exactly.
    pub(super) fn at(&self, text: &[u8], start: usize, budget: &mut Budget) -> Result<Option<Match>, String> {
        let mut spans = [(0, 0); MAX_CAPTURES];
        let mut choices = Vec::new();
        let (mut item, mut at) = (0, start);
        loop {
            budget.spend(1)?;
            let Some(step) = self.items.get(item) else {
                return Ok(Some(Match { start, end: at, spans }));
            };
            let next = match step {
                Item::Single(single, repeat) => {
                    let hit = text.get(at).is_some_and(|byte| single.has(*byte));
                    match repeat {
                        Repeat::Once => hit.then_some(at + 1),
                        Repeat::Optional => {
                            if hit {
                                choices.push(Choice::Skip(item + 1, at));
                            }
                            Some(at + usize::from(hit))
                        }
                        Repeat::Most(least) => {
                            let run = text[at..].iter().take_while(|byte| single.has(**byte)).count();
                            budget.spend(run)?;
                            if run > *least {
                                choices.push(Choice::Most(item, at + least, at + run));
                            }
                            (run >= *least).then_some(at + run)
                        }
                        Repeat::Least => {
                            choices.push(Choice::Least(item, at));
                            Some(at)
                        }
                    }
                }
                Item::Open(index) | Item::Position(index) => {
                    spans[*index].0 = at;
                    Some(at)
                }
                Item::Close(index) => {
                    spans[*index].1 = at;
                    Some(at)
                }
                Item::Back(index) => {
                    let (from, to) = spans[*index];
                    budget.spend(to - from)?;
                    text[at..].starts_with(&text[from..to]).then_some(at + to - from)
                }
                Item::Balance(open, close) => balanced(text, at, *open, *close, budget)?,
                Item::Frontier(set) => frontier(text, at, set).then_some(at),
                Item::End => (at == text.len()).then_some(at),
                Item::Never => None,
                Item::Fault(reason) => return Err(reason.clone()),
            };
            match next {
                Some(after) => (item, at) = (item + 1, after),
                None => match self.back(text, &mut choices, budget)? {
                    Some(place) => (item, at) = place,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The next place to try, as an item and a byte.
    fn back(
        &self,
        text: &[u8],
        choices: &mut Vec<Choice>,
        budget: &mut Budget,
    ) -> Result<Option<(usize, usize)>, String> {
        while let Some(choice) = choices.pop() {
            budget.spend(1)?;
            match choice {
                Choice::Skip(item, at) => return Ok(Some((item, at))),
                Choice::Most(item, least, at) => {
                    if at - 1 > least {
                        choices.push(Choice::Most(item, least, at - 1));
                    }
                    return Ok(Some((item + 1, at - 1)));
                }
                Choice::Least(item, at) => {
                    let more = match &self.items[item] {
                        Item::Single(single, _) => text.get(at).is_some_and(|byte| single.has(*byte)),
                        _ => false,
                    };
                    if more {
                        choices.push(Choice::Least(item, at + 1));
                        return Ok(Some((item + 1, at + 1)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Searches from `start` on.
    pub(super) fn search(
        &self,
        text: &[u8],
        start: usize,
        budget: &mut Budget,
    ) -> Result<Option<Match>, String> {
        let last = if self.anchored { start } else { text.len() };
        for at in start..=last {
            if let Some(found) = self.at(text, at, budget)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

fn balanced(
    text: &[u8],
    at: usize,
    open: u8,
    close: u8,
    budget: &mut Budget,
) -> Result<Option<usize>, String> {
    if text.get(at) != Some(&open) {
        return Ok(None);
    }
    let mut depth = 1;
    for (offset, byte) in text[at + 1..].iter().enumerate() {
        budget.spend(1)?;
        if *byte == close {
            depth -= 1;
            if depth == 0 {
                return Ok(Some(at + offset + 2));
            }
        } else if *byte == open {
            depth += 1;
        }
    }
    Ok(None)
}

/// Whether a run of `set` begins at `at`. Before the text and after it stands a zero byte.
fn frontier(text: &[u8], at: usize, set: &Set) -> bool {
    let before = at.checked_sub(1).map_or(0, |i| text[i]);
    let after = text.get(at).copied().unwrap_or(0);
    !set.has(before) && set.has(after)
}

/// Searches for a text as it is.
pub(super) fn literal(
    text: &[u8],
    wanted: &[u8],
    start: usize,
    budget: &mut Budget,
) -> Result<Option<usize>, String> {
    let Some((first, rest)) = wanted.split_first() else { return Ok(Some(start)) };
    let mut at = start;
    while text.len() - at >= wanted.len() {
        let places = &text[at..=text.len() - wanted.len()];
        let skipped = places.iter().position(|byte| byte == first);
        budget.spend(1 + skipped.unwrap_or(places.len()) / 16)?;
        let Some(skipped) = skipped else { break };
        at += skipped;
        let same = text[at + 1..].iter().zip(rest).take_while(|(a, b)| a == b).count();
        budget.spend(same)?;
        if same == rest.len() {
            return Ok(Some(at));
        }
        at += 1;
    }
    Ok(None)
}
