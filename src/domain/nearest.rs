//! "Did you mean …?"

/// The candidate that `name` was probably meant to be; `None` when nothing is near.
///
/// Near is one slip (a wrong, missing, extra or swapped letter) in every three letters, and at
/// least one; or a name that is a part of the other (`run` of `system.run`). Case and the choice of
/// `-`, `_` or `.` count for nothing.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let slips = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let other = plain(candidate);
            let distance = strsim::osa_distance(&name, &other);
            let part = name.len().min(other.len()) > 2 && (name.contains(&other) || other.contains(&name));
            (if part { distance.min(slips) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Whether `name` is `meant` with one slip: a wrong, missing, extra or swapped letter.
pub fn is_slip(name: &str, meant: &str) -> bool {
    strsim::osa_distance(&plain(name), &plain(meant)) == 1
}

fn plain(name: &str) -> String {
    // No setting or tool has a long name, and the distance takes quadratic time.
    name.chars()
        .take(100)
        .map(|c| if matches!(c, '-' | '.') { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

/// `did you mean "prompt"?`, or the list of what there is.
pub fn suggestion<'k>(given: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("there is {}", known.collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_far() {
        let names = ["model", "max_tool_rounds", "database"];
        assert_eq!(nearest("modle", names), Some("model"));
        assert_eq!(nearest("Max-Tool-Rounds", names), Some("max_tool_rounds"));
        assert_eq!(nearest("databse", names), Some("database"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("OPENAI_API_KEY", ["A"]), None);
        assert_eq!(nearest("run", ["fs.read", "system.run"]), Some("system.run"));
        assert_eq!(nearest("file_path", ["cwd", "path"]), Some("path"));
        assert_eq!(nearest("FS.Raed", ["fs.list", "fs.read"]), Some("fs.read"));
        assert_eq!(nearest(&"x".repeat(1_000_000), names), None);
    }
}
