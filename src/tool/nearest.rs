//! What was perhaps meant.

/// The candidate that looks most like `word`, if one does.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let apart = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
            let within = word.len() > 2 && (word.contains(candidate) || candidate.contains(&word));
            (if within { apart.min(1) } else { apart }, candidate)
        })
        .filter(|(apart, candidate)| *apart <= candidate.len().max(3) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let names = ["fs.list", "fs.read", "system.run", "path", "cwd"];
        for (word, meant) in [
            ("fs.raed", Some("fs.read")),
            ("FS.Read", Some("fs.read")),
            ("file_path", Some("path")),
            ("run", Some("system.run")),
            ("weather", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }
}
