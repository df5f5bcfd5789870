//! Which messages belong together. No clock and no store of its own: told of the time, it says what is due.
//!
//! One message is often several to Telegram: pictures that were sent together, a comment with what is
//! forwarded after it, a long text in pieces. They are gathered until their sender has been quiet for
//! a while. What a message that is complete by itself would only lose time by does not wait:
//!
//! - a text alone, a voice note, a place, a poll are handed on at once;
//! - what is forwarded, a file, a picture, a text that announces more (it ends in a colon) or is so long
//!   that it may go on in a further message, and whatever has a message of the same sender right behind
//!   it, waits for what follows;
//! - what follows a message of the same sender within the time belongs to it, unless the bot has answered
//!   in between.

use super::{message::Message, place::Place, words::Fetched};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::{Duration, Instant},
};

/// How long the parts of an album are waited for where bursts are not gathered.
pub const ALBUM_QUIET: Duration = Duration::from_millis(1_500);
/// The longest time for which messages are gathered.
pub const GATHER_LONGEST: Duration = Duration::from_secs(10);
/// Messages that are gathered into one, at most.
pub const GATHER_MOST: usize = 100;
/// Bytes of their texts, at most.
pub const GATHER_BYTES: usize = 128 << 10;
/// A text of so many units of UTF-16 may go on in the next message: clients cut long texts there.
const MAY_GO_ON: usize = 2_048;
/// Ends of a text that announce more.
const ANNOUNCES: [char; 6] = [':', '：', '↓', '⬇', '👇', '…'];

/// Somebody at a place.
pub(super) type Who = (Place, i64);

/// A message that is stored and waits for others.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// What it is known by.
    pub(super) id: String,
    pub(super) message: Message,
    /// Whether it is meant for the bot. A part of an album that is not may belong to one that is.
    pub(super) addressed: bool,
    /// What became of its files; `None`: they are not there yet.
    pub(super) fetched: Option<Fetched>,
}

/// Messages that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) who: Who,
    pub(super) parts: Vec<Part>,
    began: Instant,
    due: Instant,
    /// Nothing more joins.
    sealed: bool,
}

/// What is gathered.
#[derive(Debug)]
pub(super) struct Gather {
    /// How long a sender has to be quiet; zero: only albums are gathered.
    quiet: Duration,
    /// In the order in which they began.
    groups: VecDeque<Group>,
    /// Whose messages are being handed on this moment.
    handing: Option<Who>,
    /// The last message that was handed on at once.
    recent: HashMap<Who, (Instant, i64)>,
    /// Parts whose files are being fetched.
    fetching: HashSet<String>,
}

impl Gather {
    pub(super) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            groups: VecDeque::new(),
            handing: None,
            recent: HashMap::new(),
            fetching: HashSet::new(),
        }
    }

    /// Whether a message in a group that does not name the bot belongs to one that does.
    pub(super) fn belongs(&self, who: Who, message: &Message, now: Instant) -> bool {
        let carried = message.is_forwarded() || message.album().is_some() || has_media(message);
        let goes_on = || self.groups.iter().rev().find(|group| group.who == who).is_some_and(Group::goes_on);
        // What waits may itself be none of the bot's business.
        let meant = |group: &Group| group.is_addressed() && group.who == who && self.is_close(group, message);
        (carried || goes_on()) && (self.groups.iter().any(meant) || self.is_recent(who, message, now))
    }

    /// Whether a message has to wait: for others, or behind others of the same sender. `more`: the same
    /// sender said something right behind it.
    pub(super) fn waits(&self, who: Who, message: &Message, more: bool, now: Instant) -> bool {
        message.album().is_some()
            || self.is_busy(who)
            || (!self.quiet.is_zero() && (more || announces(message) || self.follows(who, message, now)))
    }

    /// Whether something of a sender waits or is being handed on.
    pub(super) fn is_busy(&self, who: Who) -> bool {
        self.handing == Some(who) || self.groups.iter().any(|group| group.who == who)
    }

    /// Whether a message continues what its sender said before.
    fn follows(&self, who: Who, message: &Message, now: Instant) -> bool {
        let open = self.groups.iter().any(|group| group.who == who && self.is_close(group, message));
        open || self.is_recent(who, message, now)
    }

    /// Whether a message follows one that was handed on at once.
    fn is_recent(&self, who: Who, message: &Message, now: Instant) -> bool {
        self.recent.get(&who).is_some_and(|(at, date)| {
            now.duration_since(*at) < self.quiet && self.are_close(*date, message.date())
        })
    }

    fn is_close(&self, group: &Group, message: &Message) -> bool {
        let last = group.parts.last().map_or(0, |part| part.message.date());
        !group.sealed && !self.quiet.is_zero() && self.are_close(last, message.date())
    }

    /// Whether two times of Telegram's, which are whole seconds, are no further apart than a burst.
    pub(super) fn are_close(&self, one: i64, other: i64) -> bool {
        one.abs_diff(other) <= self.quiet.as_secs() + 1
    }

    /// Takes a message that is stored. `more`: see [`waits`](Self::waits).
    pub(super) fn add(&mut self, who: Who, part: Part, more: bool, now: Instant) {
        let album = part.message.album();
        let same = |group: &Group| {
            let parts = || group.parts.iter().any(|other| other.message.album() == album);
            group.who == who && !group.sealed && album.is_some() && parts()
        };
        let found = self.groups.iter().rposition(same).or_else(|| {
            self.groups.iter().rposition(|group| group.who == who && self.is_close(group, &part.message))
        });
        let wait = self.wait(who, &part.message, more, now);
        self.recent.remove(&who);
        let Some(group) = found.and_then(|index| self.groups.get_mut(index)) else {
            // What was said later does not join what was said before this.
            self.groups.iter_mut().filter(|group| group.who == who).for_each(|group| {
                group.sealed |= group.parts.iter().all(|part| part.message.album().is_none());
            });
            let group = Group { who, parts: vec![part], began: now, due: now + wait, sealed: false };
            return self.groups.push_back(group);
        };
        // One that comes later makes the others wait again.
        let quiet = if album.is_some() { self.quiet.max(ALBUM_QUIET) } else { self.quiet };
        group.due = group.due.max(now + quiet).min(group.began + GATHER_LONGEST);
        group.parts.push(part);
        group.sealed = group.parts.len() >= GATHER_MOST || group.bytes() >= GATHER_BYTES;
    }

    /// How long a message that is the first of its group waits.
    fn wait(&self, who: Who, message: &Message, more: bool, now: Instant) -> Duration {
        let album = message.album().is_some();
        if self.quiet.is_zero() {
            return if album { ALBUM_QUIET } else { Duration::ZERO };
        }
        let waits = album || more || announces(message) || self.follows(who, message, now);
        if waits { self.quiet } else { Duration::ZERO }
    }

    /// A message was handed on at once.
    pub(super) fn spoke(&mut self, who: Who, date: i64, now: Instant) {
        let quiet = self.quiet;
        self.recent.retain(|_, (at, _)| now.duration_since(*at) < quiet);
        if !quiet.is_zero() {
            self.recent.insert(who, (now, date));
        }
    }

    /// The bot said something at a place: what comes next is said to that.
    pub(super) fn answered(&mut self, place: Place) {
        self.recent.retain(|(at, _), _| *at != place);
    }

    /// Everything of a place is due now, with the files that are there.
    pub(super) fn hurry(&mut self, place: Place, now: Instant) {
        for group in self.groups.iter_mut().filter(|group| group.who.0 == place) {
            (group.due, group.sealed) = (now, true);
            for part in &mut group.parts {
                part.fetched.get_or_insert_default();
                self.fetching.remove(&part.id);
            }
        }
    }

    /// The parts whose files are to be fetched now.
    pub(super) fn begin_fetching(&mut self) -> Vec<Part> {
        let meant = self.groups.iter().filter(|group| group.is_addressed());
        let parts = meant.flat_map(|group| &group.parts).filter(|part| part.fetched.is_none());
        let parts: Vec<Part> = parts.filter(|part| !self.fetching.contains(&part.id)).cloned().collect();
        self.fetching.extend(parts.iter().map(|part| part.id.clone()));
        parts
    }

    /// The files of a part are there, or will not be.
    pub(super) fn fetched(&mut self, id: &str, fetched: Fetched) {
        self.fetching.remove(id);
        let parts = self.groups.iter_mut().flat_map(|group| &mut group.parts);
        if let Some(part) = parts.into_iter().find(|part| part.id == id) {
            part.fetched.get_or_insert(fetched);
        }
    }

    /// The first group that is due and complete, which is to be handed on, until [`handed`](Self::handed).
    pub(super) fn next(&mut self, now: Instant) -> Option<Group> {
        let ready = |(index, group): &(usize, &Group)| {
            group.due <= now
                && (!group.is_addressed() || group.parts.iter().all(|part| part.fetched.is_some()))
                && self.groups.iter().take(*index).all(|earlier| earlier.who != group.who)
        };
        let (index, _) = self.groups.iter().enumerate().find(ready)?;
        let group = self.groups.remove(index)?;
        self.handing = Some(group.who);
        Some(group)
    }

    /// What was to be handed on is.
    pub(super) fn handed(&mut self) {
        self.handing = None;
    }

    /// When something will be due.
    pub(super) fn due(&self) -> Option<Instant> {
        let waiting = self.groups.iter().enumerate().filter(|(index, group)| {
            let fetched = !group.is_addressed() || group.parts.iter().all(|part| part.fetched.is_some());
            fetched && self.groups.iter().take(*index).all(|earlier| earlier.who != group.who)
        });
        waiting.map(|(_, group)| group.due).min()
    }
}

impl Group {
    /// Whether one of its messages is meant for the bot.
    pub(super) fn is_addressed(&self) -> bool {
        self.parts.iter().any(|part| part.addressed)
    }

    /// Whether its last text may go on in a further message.
    fn goes_on(&self) -> bool {
        self.parts.last().is_some_and(|part| is_long(&part.message))
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.message.text().map_or(0, |(text, _)| text.len())).sum()
    }
}

/// Whether more is likely to follow a message.
fn announces(message: &Message) -> bool {
    let text = message.text().map_or("", |(text, _)| text.trim_end());
    message.is_forwarded()
        || has_media(message)
        || text.trim_end_matches('\u{fe0f}').ends_with(ANNOUNCES)
        || is_long(message)
}

fn is_long(message: &Message) -> bool {
    message.text().is_some_and(|(text, _)| text.encode_utf16().count() >= MAY_GO_ON)
}

/// Whether a message is a file or a picture. What was spoken into a microphone is complete.
fn has_media(message: &Message) -> bool {
    ["photo", "document", "video", "animation", "audio", "live_photo", "paid_media"]
        .iter()
        .any(|key| message.has(key))
}

#[cfg(test)]
mod tests;
