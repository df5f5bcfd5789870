//! Tools, hooks, observers and commands: mostly functions, compared by their text.

use super::parts::{changed, count, named, same};
use crate::domain::plan::{CommandSpec, Handler, LuaTool};
use std::collections::BTreeMap;

pub(super) fn tools(old: &[LuaTool], new: &[LuaTool], out: &mut Vec<String>) {
    let by_name = |tools: &[LuaTool]| -> BTreeMap<String, LuaTool> {
        tools.iter().map(|tool| (tool.spec.name.clone(), tool.clone())).collect()
    };
    named("tool ", &by_name(old), &by_name(new), out, |what, old, new, out| {
        let parts = [
            ("run", !same(old.handler, new.handler)),
            ("description", old.spec.description != new.spec.description),
            ("parameters", old.spec.parameters != new.spec.parameters),
            ("effect", old.spec.effect != new.spec.effect),
            ("timeout", old.timeout != new.timeout),
        ];
        changed(what, &parts, out);
    });
}

pub(super) fn commands(
    old: &BTreeMap<String, CommandSpec>,
    new: &BTreeMap<String, CommandSpec>,
    out: &mut Vec<String>,
) {
    named("command /", old, new, out, |what, old, new, out| {
        let parts = [
            ("function", !same(old.handler, new.handler)),
            ("help", old.help != new.help),
            ("timeout", old.timeout != new.timeout),
        ];
        changed(what, &parts, out);
    });
}

/// A handler without its place.
type Key = (u64, i64);

/// Compares handlers point by point. They have no names, so that one which is gone and one which is
/// new at the same point are one that was replaced.
pub(super) fn handlers(names: (&str, &str), old: &[Handler], new: &[Handler], out: &mut Vec<String>) {
    let mut points: BTreeMap<&str, [Vec<Key>; 2]> = BTreeMap::new();
    for (side, handlers) in [old, new].into_iter().enumerate() {
        for handler in handlers {
            points.entry(&handler.point).or_default()[side].push((handler.id.source, handler.priority));
        }
    }
    let mut told: [(usize, Vec<&str>); 4] = Default::default();
    for (point, [old, new]) in points {
        let (gone, added) = (without(&old, &new), without(&new, &old));
        let replaced = gone.min(added);
        let moved = usize::from(gone == 0 && added == 0 && old != new);
        for (told, number) in told.iter_mut().zip([replaced, added - replaced, gone - replaced, moved]) {
            if number > 0 {
                told.0 += number;
                told.1.push(point);
            }
        }
    }
    let [replaced, added, removed, moved] = told;
    for ((number, points), verb) in [(replaced, "replaced"), (added, "added"), (removed, "removed")] {
        if number > 0 {
            out.push(format!("{} {verb} ({})", count(number, names), points.join(", ")));
        }
    }
    if moved.0 > 0 {
        out.push(format!("{} in another order ({})", names.1, moved.1.join(", ")));
    }
}

/// How many of `these` are not among `others`, each of which stands for one.
fn without(these: &[Key], others: &[Key]) -> usize {
    let mut others = others.to_vec();
    let mut left = 0;
    for key in these {
        match others.iter().position(|other| other == key) {
            Some(at) => _ = others.swap_remove(at),
            None => left += 1,
        }
    }
    left
}
