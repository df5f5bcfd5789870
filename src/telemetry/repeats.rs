//! Lines of one kind that come again and again: the first few are written, the others are counted.

use serde_json::Value;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long lines of a kind are counted before it is said how many there were.
const WINDOW: Duration = Duration::from_secs(60);

/// So many lines of a kind are written in that time. Who saves a broken file three times wants to see three
/// errors.
const WRITTEN: u32 = 5;

/// The most kinds that are remembered at a time.
const MAX_KINDS: usize = 256;

/// What was written lately, by kind.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<HashMap<u64, Kind>>);

/// Lines that differ in figures only.
#[derive(Debug)]
struct Kind {
    since: Instant,
    written: u32,
    more: u64,
    /// The last of those that were not written.
    last: Vec<u8>,
}

impl Repeats {
    /// Takes a line that is about to be written, and says what to write: nothing, when it is one of many;
    /// before it, what is to be said of others by now. `message` is where in the line the time of day is
    /// over.
    pub(super) fn take(&self, line: &[u8], message: usize, now: Instant) -> Vec<u8> {
        let mut kinds = self.lock();
        let mut out = due(&mut kinds, now, WINDOW);
        match kinds.get_mut(&print(&line[message.min(line.len())..])) {
            Some(kind) if kind.written < WRITTEN => {
                kind.written += 1;
                out.extend_from_slice(line);
            }
            Some(kind) => {
                kind.more += 1;
                kind.last = line.to_vec();
            }
            None => {
                if kinds.len() == MAX_KINDS {
                    out.extend(due(&mut kinds, now, Duration::ZERO));
                }
                let key = print(&line[message.min(line.len())..]);
                kinds.insert(key, Kind { since: now, written: 1, more: 0, last: Vec::new() });
                out.extend_from_slice(line);
            }
        }
        out
    }

    /// What is to be said by now, whatever else is written; with `all` also of what is still being counted.
    pub(super) fn due(&self, now: Instant, all: bool) -> Vec<u8> {
        due(&mut self.lock(), now, if all { Duration::ZERO } else { WINDOW })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Kind>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the kinds that began so long ago, and says how many lines of them there were.
fn due(kinds: &mut HashMap<u64, Kind>, now: Instant, age: Duration) -> Vec<u8> {
    let over = |kind: &Kind| now.saturating_duration_since(kind.since) >= age;
    let mut out = Vec::new();
    kinds.retain(|_, kind| {
        let over = over(kind);
        if over && kind.more > 0 {
            let seconds = now.saturating_duration_since(kind.since).as_secs();
            out.extend(counted(&kind.last, kind.more, seconds));
        }
        !over
    });
    out
}

/// A line with how often there was one like it.
fn counted(line: &[u8], more: u64, seconds: u64) -> Vec<u8> {
    let times = if more == 1 { "once".to_owned() } else { format!("{more} times") };
    let remark = format!(" (… {times} more in {seconds} s)");
    if let Ok(Value::Object(mut event)) = serde_json::from_slice::<Value>(line)
        && let Some(Value::String(message)) =
            event.get_mut("fields").and_then(|fields| fields.get_mut("message"))
    {
        message.push_str(&remark);
        return format!("{}\n", Value::Object(event)).into_bytes();
    }
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    [text, remark.as_bytes(), b"\n"].concat()
}

/// What lines of one kind have in common: all but the figures.
fn print(message: &[u8]) -> u64 {
    let mut hash = DefaultHasher::new();
    let mut after_digit = false;
    for byte in message {
        let digit = byte.is_ascii_digit();
        if !(digit && after_digit) {
            (if digit { b'0' } else { *byte }).hash(&mut hash);
        }
        after_digit = digit;
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_of_one_kind_are_counted() {
        let (repeats, start) = (Repeats::default(), Instant::now());
        let line = |n: u32| format!("12:00:0{} WARN read {n} of {} tokens\n", n % 10, n * 7);
        for n in 0..WRITTEN {
            assert_eq!(text(repeats.take(line(n).as_bytes(), 8, start)), line(n));
        }
        for n in WRITTEN..1000 {
            assert_eq!(text(repeats.take(line(n).as_bytes(), 8, start)), "");
        }
        assert_eq!(text(repeats.take(b"12:00:00 WARN another\n", 8, start)), "12:00:00 WARN another\n");
        let later = start + WINDOW;
        let told = "12:00:09 WARN read 999 of 6993 tokens (… 995 times more in 60 s)\n";
        assert_eq!(text(repeats.take(line(1).as_bytes(), 8, later)), told.to_owned() + &line(1));
        (1..=WRITTEN).for_each(|n| drop(repeats.take(line(n).as_bytes(), 8, later)));
        assert!(text(repeats.due(later, false)).is_empty());
        assert!(text(repeats.due(later, true)).ends_with("(… once more in 0 s)\n"));
        assert!(text(repeats.due(later, true)).is_empty(), "said once");
    }

    #[test]
    fn json_stays_json() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let line = b"{\"timestamp\":\"x\",\"level\":\"WARN\",\"fields\":{\"message\":\"odd\"}}\n";
        (0..=WRITTEN).for_each(|_| drop(repeats.take(line, 0, now)));
        let told: Value = serde_json::from_slice(&repeats.due(now, true)).unwrap();
        assert_eq!(told["fields"]["message"], "odd (… once more in 0 s)");
    }

    #[test]
    fn many_kinds_lose_no_count() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let mut out = String::new();
        for n in 0..=MAX_KINDS {
            let line = "x".repeat(n) + "\n";
            (0..=WRITTEN).for_each(|_| out += &text(repeats.take(line.as_bytes(), 0, now)));
        }
        out += &text(repeats.due(now, true));
        assert_eq!(out.matches("once more").count(), MAX_KINDS + 1);
    }
}
