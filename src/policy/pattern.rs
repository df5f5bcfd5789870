//! Patterns of tool names.

/// Whether `name` fits `pattern`, in which `*` stands for any text, also none. Everything else,
/// case included, stands for itself.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let Some((middle, tail)) = rest.rsplit_once('*') else { return left.ends_with(rest) };
    for part in middle.split('*') {
        // The earliest place leaves the most for what follows.
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// Whether `pattern` fits `name` and means it: it is the name, or spells out the name's group, as in
/// `lua.*`.
pub(super) fn names(pattern: &str, name: &str) -> bool {
    let group = name.find('.').unwrap_or(name.len());
    matches(pattern, name) && pattern.find('*').is_none_or(|star| star > group)
}

#[cfg(test)]
mod tests {
    use super::{matches, names};

    #[test]
    fn a_name_is_meant_when_its_group_is_spelt_out() {
        for (pattern, name, means) in [
            ("lua.run", "lua.run", true),
            ("lua.*", "lua.run", true),
            ("lua.r*", "lua.run", true),
            ("lua*", "lua.run", false),
            ("*", "lua.run", false),
            ("*.run", "lua.run", false),
            ("fs.*", "lua.run", false),
            ("code", "code", true),
            ("code*", "code", false),
        ] {
            assert_eq!(names(pattern, name), means, "{pattern} {name}");
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, name, fits) in [
            ("fs.read", "fs.read", true),
            ("fs.read", "fs.reads", false),
            ("fs.read", "FS.READ", false),
            ("*", "", true),
            ("*", "fs.read", true),
            ("**", "fs.read", true),
            ("memory.*", "memory.add", true),
            ("memory.*", "memory.", true),
            ("memory.*", "memory", false),
            ("memory.*", "xmemory.add", false),
            ("*.read", "fs.read", true),
            ("*.read", ".read", true),
            ("*.read", "fs.reader", false),
            ("f*d", "fd", true),
            ("f*d", "f", false),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*b*b*", "ab", false),
            ("*b*b*", "abxb", true),
            ("", "", true),
            ("", "a", false),
            ("fs.?ead", "fs.read", false),
            ("[a-z]*", "fs.read", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn hostile_patterns_are_quick() {
        let pattern = "*a".repeat(1000);
        assert!(!matches(&pattern, &("a".repeat(999) + "b")));
    }
}
