//! What the comparisons share.

use crate::domain::id::HandlerId;
use std::collections::BTreeMap;

/// Whether two functions read the same. Their numbers differ wherever one more stands before them.
pub(super) fn same(old: HandlerId, new: HandlerId) -> bool {
    old.source == new.source
}

/// The same of functions that may be missing.
pub(super) fn same_or_none(old: Option<HandlerId>, new: Option<HandlerId>) -> bool {
    old.map(|id| id.source) == new.map(|id| id.source)
}

/// `WHAT: a, b changed`, of the parts that did.
pub(super) fn changed(what: &str, parts: &[(&str, bool)], out: &mut Vec<String>) {
    let names: Vec<&str> = parts.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
    if !names.is_empty() {
        out.push(format!("{what}: {} changed", names.join(", ")));
    }
}

/// Compares what is known by name: tells what was added and removed, and leaves the rest to `both`.
pub(super) fn named<T>(
    kind: &str,
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    out: &mut Vec<String>,
    both: impl Fn(&str, &T, &T, &mut Vec<String>),
) {
    for (name, before) in old {
        match new.get(name) {
            Some(now) => both(&format!("{kind}{name}"), before, now, out),
            None => out.push(format!("{kind}{name} removed")),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        out.push(format!("{kind}{name} added"));
    }
}

/// `ONE` or `MANY`, with the number before it.
pub(super) fn count(number: usize, (one, many): (&str, &str)) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
