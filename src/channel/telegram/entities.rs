//! What is meant by a text's entities and is not in its words: where links lead, whose name it is, what
//! was struck out. Their places are counted in units of UTF-16.

use serde_json::Value;
use std::ops::Range;

/// What is put around a part of a text.
struct Mark {
    range: Range<usize>,
    before: String,
    after: String,
    /// The part is left out.
    removed: bool,
    /// Each line of the part begins with a mark.
    quoted: bool,
}

/// An entity, with its part of the text.
pub(super) struct Entity<'a> {
    pub(super) kind: &'a str,
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
    pub(super) value: &'a Value,
}

/// The entities of a text whose places are in it.
pub(super) fn of<'a>(text: &'a str, entities: &'a [Value]) -> Vec<Entity<'a>> {
    let places = places(text);
    let found = entities.iter().filter_map(|value| {
        let offset = usize::try_from(value["offset"].as_i64()?).ok()?;
        let length = usize::try_from(value["length"].as_i64()?).ok()?;
        let (start, end) = (*places.get(offset)?, *places.get(offset.checked_add(length)?)?);
        let range = start?..end?;
        Some(Entity { kind: value["type"].as_str()?, text: text.get(range.clone())?, range, value })
    });
    found.filter(|entity| !entity.text.is_empty()).collect()
}

/// For each unit of UTF-16 the byte at which its character begins; `None` in the middle of one.
fn places(text: &str) -> Vec<Option<usize>> {
    let mut places = Vec::with_capacity(text.len() + 1);
    for (at, c) in text.char_indices() {
        places.push(Some(at));
        if c.len_utf16() == 2 {
            places.push(None);
        }
    }
    places.push(Some(text.len()));
    places
}

/// The text with what its entities mean, as Markdown. `remove` says which part of an entity's range is
/// left out.
pub(super) fn told(
    text: &str,
    entities: &[Value],
    remove: impl Fn(&Entity<'_>) -> Option<Range<usize>>,
) -> String {
    let marks: Vec<Mark> = of(text, entities)
        .iter()
        .filter_map(|entity| match remove(entity) {
            Some(range) => Some(Mark { range, removed: true, ..Mark::around(entity, "", "") }),
            None => mark(entity),
        })
        .collect();
    if marks.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 64 * marks.len());
    for (at, c) in text.char_indices().chain([(text.len(), '\0')]) {
        // Inner parts end first, and begin last.
        let mut ending: Vec<&Mark> = marks.iter().filter(|mark| mark.range.end == at).collect();
        ending.sort_by_key(|mark| mark.range.start);
        ending.iter().rev().for_each(|mark| out.push_str(&mark.after));
        let mut beginning: Vec<&Mark> = marks.iter().filter(|mark| mark.range.start == at).collect();
        beginning.sort_by_key(|mark| std::cmp::Reverse(mark.range.end));
        for mark in beginning {
            if mark.quoted && !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&mark.before);
        }
        let around = || marks.iter().filter(|mark| mark.range.contains(&at));
        if at == text.len() || around().any(|mark| mark.removed) {
            continue;
        }
        out.push(c);
        if c == '\n' && around().any(|mark| mark.quoted && mark.range.end > at + 1) {
            out.push_str("> ");
        }
    }
    out
}

impl Mark {
    fn around(entity: &Entity<'_>, before: impl Into<String>, after: impl Into<String>) -> Self {
        let range = entity.range.clone();
        Self { range, before: before.into(), after: after.into(), removed: false, quoted: false }
    }
}

/// How the meaning of an entity is written. `None`: its words say it.
fn mark(entity: &Entity<'_>) -> Option<Mark> {
    let field = |key: &str| entity.value[key].as_str().filter(|text| !text.is_empty());
    match entity.kind {
        "text_link" => {
            let url = field("url")?;
            (url != entity.text).then(|| Mark::around(entity, "[", format!("]({url})")))
        }
        "text_mention" => {
            let id = entity.value["user"]["id"].as_i64()?;
            Some(Mark::around(entity, "[", format!("](tg://user?id={id})")))
        }
        "strikethrough" => Some(Mark::around(entity, "~~", "~~")),
        "pre" => field("language").map(|language| Mark::around(entity, format!("```{language}\n"), "\n```")),
        "blockquote" | "expandable_blockquote" => {
            Some(Mark { quoted: true, ..Mark::around(entity, "> ", "") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(text: &str, entities: Value) -> String {
        told(text, entities.as_array().expect("a list"), |_| None)
    }

    #[test]
    fn links_are_told_at_their_place() {
        let link = |offset, length| json!([{"type": "text_link", "offset": offset, "length": length, "url": "https://e.org/a"}]);
        assert_eq!(shown("😀 read this", link(3, 9)), "😀 [read this](https://e.org/a)");
        assert_eq!(shown("이것을 봐", link(0, 3)), "[이것을](https://e.org/a) 봐");
        assert_eq!(shown("https://e.org/a", link(0, 15)), "https://e.org/a");
    }

    #[test]
    fn places_that_are_none_are_passed_over() {
        for (offset, length) in [(1, 1), (0, 1), (0, 9), (-1, 2), (9, 0), (0, 0), (i64::MAX, i64::MAX)] {
            let link =
                json!([{"type": "text_link", "offset": offset, "length": length, "url": "https://e.org"}]);
            assert_eq!(shown("😀b", link), "😀b", "{offset} {length}");
        }
        for odd in [json!([1]), json!([{}]), json!([{"type": 1, "offset": 0, "length": 1}]), json!([null])] {
            assert_eq!(shown("ab", odd), "ab");
        }
    }

    #[test]
    fn what_the_words_do_not_say_is_told() {
        let at = |kind: &str, offset: usize, length: usize| json!({"type": kind, "offset": offset, "length": length});
        let mut pre = at("pre", 0, 3);
        pre["language"] = "rust".into();
        assert_eq!(shown("x;y", json!([pre])), "```rust\nx;y\n```");
        let mut mention = at("text_mention", 3, 3);
        mention["user"] = json!({"id": 7, "first_name": "Ada"});
        assert_eq!(shown("to Ada", json!([mention])), "to [Ada](tg://user?id=7)");
        assert_eq!(shown("no yes", json!([at("strikethrough", 0, 2)])), "~~no~~ yes");
        assert_eq!(shown("a\nb\nc", json!([at("blockquote", 0, 3)])), "> a\n> b\nc");
        assert_eq!(shown("so a", json!([at("blockquote", 3, 1)])), "so \n> a");
        for kind in ["bold", "date_time", "custom_emoji", "hashtag", "something_new"] {
            assert_eq!(shown("a b", json!([at(kind, 0, 1)])), "a b");
        }
    }

    #[test]
    fn parts_within_parts_nest() {
        let link = json!({"type": "text_link", "offset": 0, "length": 3, "url": "u"});
        let struck = json!({"type": "strikethrough", "offset": 0, "length": 3});
        let inner = json!({"type": "strikethrough", "offset": 2, "length": 1});
        assert_eq!(shown("a b", json!([link, inner])), "[a ~~b~~](u)");
        let both = shown("a b", json!([link, struck]));
        assert!(["[~~a b~~](u)", "~~[a b](u)~~"].contains(&&*both), "{both}");
    }
}
