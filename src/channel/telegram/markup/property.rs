//! Whatever is written becomes messages that Telegram takes, and nothing of it is lost.

use super::{Styled, messages, pieces, rendered, shows_nothing, split::MAX_LOOKS, units};
use pulldown_cmark::{Event, Options, Parser};

/// The limit in use, and those at which everything is cut.
const LIMITS: [usize; 7] = [4_024, 200, 60, 17, 5, 2, 1];

/// Numbers that look random, by a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Constructs of Markdown, with `@` where a word belongs.
const CONSTRUCTS: &[&str] = &[
    "@ ",
    "@",
    "\n",
    "\n\n",
    "**@** ",
    "**@",
    "*@* ",
    "_@_ ",
    "__@__",
    "__@__.py ",
    "@_@_@ ",
    "~@~ ",
    "~~@~~ ",
    "~/@ ",
    "***@***",
    "2*@*3 ",
    "`@` ",
    "``@ ` @`` ",
    "\n```\n@\n```\n",
    "\n```@\n@ <@>\n```\n",
    "\n```@ @\n@\n",
    "\n~~~\n@\n~~~\n",
    "\n    @\n",
    "\n# @\n",
    "\n#\n",
    "\n###### @ #\n",
    "@\n===\n",
    "@\n---\n",
    "\n---\n",
    "\n> @\n",
    "\n>\n",
    "\n> - @\n>   > @\n",
    "\n- @\n",
    "\n- \n",
    "\n-",
    "\n1. @\n",
    "\n2. \n",
    "\n999999999. @\n",
    "\n  - @\n    - @\n\n      @\n",
    "\n- [ ] @\n- [x] @\n",
    "[@](https://example.org/@)",
    "[@](./@.md) ",
    "[](https://example.org/@) ",
    "[@](http://localhost/@ \"t\") ",
    "[**@**](mailto:@@example.org) ",
    "[`@`](https://example.org/@) ",
    "![@](https://example.org/@.png) ",
    "![](@.png) ",
    "[![@](https://example.org/@)](https://example.org/@) ",
    "[@](@) ",
    "[@](<@ @>) ",
    "<https://example.org/@> ",
    "<@@example.org> ",
    "https://example.org/@ ",
    "[@][ref] ",
    "[1] ",
    "\n\n[ref]: https://example.org/@\n\n",
    "\n\n[1]: https://example.org/@ 'title'\n\n",
    "\n| @ | @ |\n|---|:-:|\n| @ | `@` |\n",
    "\n| @ |\n|-|\n| @ | @ | @ |\n| [@](https://example.org/@) |\n",
    "\n| | |\n|-|-|\n",
    "<b>@</b> ",
    "\n<div>\n@\n</div>\n",
    "<!-- @ -->",
    "<script>@",
    "&amp; &lt;@&gt; &#64; & ",
    "\\*@\\* ",
    "\\",
    "$@$ ",
    "@ 😀@👨‍👩‍👧‍👦 ",
    "é@\u{301} ",
    "\u{200d}",
    "\u{200b}",
    "\0",
    "\r\n",
    "\t@",
    "  \n",
    "**\"@\"**입니다 ",
    "이것은**(@)**이다",
    "**「@」**です",
    "~~（@）~~と",
];

/// A document of them; each `@` has become a word that stands nowhere else.
fn document(random: &mut Random, length: usize) -> (String, Vec<String>) {
    let mut words = vec![];
    let mut out = String::new();
    for _ in 0..length {
        for c in random.one(CONSTRUCTS).chars() {
            if c == '@' {
                let word = format!("w{}z", words.len());
                out.push_str(&word);
                words.push(word);
            } else {
                out.push(c);
            }
        }
    }
    (out, words)
}

/// Reads HTML as strictly as Telegram's server: the text, and the values of its attributes.
fn strict(html: &str) -> Result<(String, Vec<String>), String> {
    let (mut text, mut values, mut open) = (String::new(), vec![], Vec::<&str>::new());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&', '>', '"']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix('<') {
            let (tag, behind) = behind.split_once('>').ok_or("an open tag")?;
            rest = behind;
            if let Some(name) = tag.strip_prefix('/') {
                match open.pop() {
                    Some(last) if last == name => continue,
                    other => return Err(format!("</{name}> closes {other:?}")),
                }
            }
            let (name, value) = match tag.split_once(' ') {
                None => (tag, None),
                Some((name, attribute)) => {
                    let value = attribute.split_once("=\"").and_then(|(key, value)| {
                        ["a href", "code class"].contains(&&*format!("{name} {key}")).then_some(value)
                    });
                    let value = value.and_then(|value| value.strip_suffix('"'));
                    (name, Some(value.ok_or_else(|| format!("<{tag}>"))?))
                }
            };
            let known = ["b", "i", "s", "code", "pre", "a", "blockquote"].contains(&name);
            let nested = match name {
                "blockquote" | "a" | "pre" => open.contains(&name),
                "code" => open.contains(&"code") || (open.contains(&"pre") && value.is_none()),
                _ => open.contains(&"pre") || open.contains(&"code"),
            };
            if !known || nested || (name == "a") != (name == "a" && value.is_some()) {
                return Err(format!("<{tag}> in {open:?}"));
            }
            values.extend(value.map(unescaped).transpose()?);
            open.push(name);
        } else if rest.starts_with('&') {
            let end = rest.find(';').ok_or("a bare &")?;
            text.push_str(&unescaped(&rest[..=end])?);
            rest = &rest[end + 1..];
        } else {
            return Err(format!("a bare {:?}", &rest[..1]));
        }
    }
    text.push_str(rest);
    if open.is_empty() { Ok((text, values)) } else { Err(format!("{open:?} are not closed")) }
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut out = text.to_owned();
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")] {
        out = out.replace(entity, c);
    }
    if text.contains('<') || (text.matches('&').count() > 0 && out == text) {
        return Err(format!("{text:?} is not escaped"));
    }
    Ok(out)
}

/// What is seen, without blanks.
fn seen(text: &str) -> String {
    text.chars().filter(|c| !shows_nothing(&c.to_string())).collect()
}

/// Checks messages, and returns all that they show, and the addresses in them.
#[track_caller]
fn checked(source: &str, limit: usize) -> (String, Vec<String>) {
    let found = messages(source, limit);
    assert!(!found.is_empty(), "{source:?} at {limit} is no message");
    let (mut text, mut values) = (String::new(), vec![]);
    for message in found {
        let one = message.text.chars().count() == 1;
        assert!(units(&message.text) <= limit || one, "{source:?} at {limit}: {message:?}");
        assert!(!shows_nothing(&message.text), "{source:?} at {limit}: {message:?}");
        assert!(message.spans.len() <= MAX_LOOKS, "{} looks", message.spans.len());
        let html = message.html();
        let read = strict(&html).unwrap_or_else(|error| panic!("{error} in {html:?} of {source:?}"));
        assert_eq!(read.0, message.text, "{html:?}");
        text.push_str(&message.text);
        values.extend(read.1);
    }
    (seen(&text), values)
}

#[test]
fn every_word_of_any_document_arrives() {
    let mut random = Random(0x5eed_0081);
    for round in 0..1_000 {
        let long = round % 50 == 0;
        let length = 1 + random.below(if long { 400 } else { 12 });
        let (source, words) = document(&mut random, length);
        if source.trim().is_empty() {
            continue;
        }
        for limit in LIMITS.into_iter().filter(|limit| !long || *limit > 16) {
            if shows_nothing(&source) {
                assert_eq!(messages(&source, limit).len(), 1, "{source:?}");
                continue;
            }
            let (text, values) = checked(&source, limit);
            for word in &words {
                let there = text.contains(word) || values.iter().any(|value| value.contains(word));
                assert!(there, "{word} of {source:?} at {limit} is lost: {text:?} {values:?}");
            }
        }
    }
}

#[test]
fn the_text_of_any_document_is_shown_in_its_order() {
    const BITS: &[&str] = &[
        "word ",
        "**",
        "*",
        "_",
        "__",
        "~",
        "~~",
        "`",
        "```\n",
        "\n",
        "\n\n",
        "> ",
        "- ",
        "1. ",
        "# ",
        "<b>",
        "&",
        "[x](",
        ")",
        "](",
        "[",
        "]",
        "| a | b |\n|---|---|\n| 1 | `2` |\n",
        "|",
        "  ",
        "\\",
        "---\n",
        "=",
        "!",
        ".",
        "a",
        "7",
        "😀",
        "é",
        "https://e.org/a_b_c ",
    ];
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut random = Random(0x5eed_0082);
    for round in 0..2_500 {
        let length = 1 + random.below(if round % 50 == 0 { 300 } else { 14 });
        let source: String = (0..length).map(|_| random.one(BITS)).collect();
        if source.trim().is_empty() {
            continue;
        }
        let meant: String = Parser::new_ext(&source, options)
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                    Some(text.into_string())
                }
                _ => None,
            })
            .collect();
        for limit in [4_024, 31, 3] {
            let (text, _) = checked(&source, limit);
            let mut shown = text.chars();
            let lost = seen(&meant).chars().find(|c| !shown.any(|s| s == *c));
            assert_eq!(lost, None, "of {source:?} at {limit}, in {text:?}");
        }
    }
}

#[test]
fn what_would_be_nothing_goes_out_as_it_was_written() {
    for (source, shown) in [
        (">", ">"),
        ("#", "#"),
        ("![](https://example.org/a.png)", "https://example.org/a.png"),
        ("[](https://example.org)", "https://example.org"),
        ("[]()", "[]()"),
        ("[a]: https://example.org", "[a]: https://example.org"),
        ("```", "```"),
        ("```hello", "```hello"),
        ("-", "•"),
        ("1. one\n2. ", "1. one\n2."),
        ("> - ", "•"),
        ("> -", "•"),
        ("* ", "•"),
        ("- a\n- ", "• a\n•"),
        ("- a\n  - b\n  - ", "• a\n  • b\n  •"),
        ("\u{200b}", super::NOTHING_TO_SEE),
    ] {
        let texts: Vec<_> = messages(source, 4_024).into_iter().map(|message| message.text).collect();
        assert_eq!(texts, [shown], "{source:?}");
    }
}

#[test]
fn a_renderer_that_breaks_down_costs_the_looks_alone() {
    let texts = |read| -> Vec<String> {
        rendered("**as** written", 4_024, read).into_iter().map(|message| message.text).collect()
    };
    assert_eq!(texts(|_| panic!("a fault of the renderer's")), ["**as** written"]);
    assert_eq!(texts(|_| Styled::default()), ["**as** written"]);
}

#[test]
fn a_message_has_no_more_looks_than_telegram_takes() {
    let bold: String = (0..150).map(|n| format!("**b{n}** ")).collect();
    let links: String = (0..150).map(|n| format!("[{n}](https://e.org/{n}) ")).collect();
    let all = messages(&format!("{bold}\n{links}"), 4_024);
    let addresses: usize = all.iter().map(|message| message.html().matches("<a href").count()).sum();
    assert_eq!(addresses, 150);
    assert!(all.iter().all(|message| message.spans.len() <= MAX_LOOKS));
}

#[test]
fn what_is_shown_as_one_sign_is_not_cut() {
    let family = "👨‍👩‍👧‍👦";
    let text = family.repeat(10);
    for piece in pieces(&Styled::plain(text), 20) {
        assert_eq!(piece.text.replace(family, ""), "");
    }
}
