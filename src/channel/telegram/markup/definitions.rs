//! Definitions of addresses, `[1]: https://example.org`: Markdown shows none of them. Those that no
//! link refers to are shown, since a model that lists its sources means them to be read.

use pulldown_cmark::{Event, Tag};
use std::{collections::BTreeSet, ops::Range};

/// What was seen of a document's definitions.
#[derive(Default)]
pub(super) struct Definitions {
    /// The parts of the source that are shown, in order.
    shown: Vec<Range<usize>>,
    /// Labels that links refer to.
    used: BTreeSet<String>,
}

impl Definitions {
    /// Notes which part of the source an event shows.
    pub(super) fn see(&mut self, event: &Event<'_>, range: &Range<usize>) {
        let shows = match event {
            Event::Text(_) | Event::Code(_) | Event::Html(_) | Event::InlineHtml(_) | Event::Rule => true,
            Event::Start(tag) => matches!(
                tag,
                Tag::Link { .. }
                    | Tag::Image { .. }
                    | Tag::Heading { .. }
                    | Tag::CodeBlock(_)
                    | Tag::HtmlBlock
                    | Tag::Table(_)
            ),
            _ => false,
        };
        if shows {
            self.shown.push(range.clone());
        }
    }

    /// A link refers to a label.
    pub(super) fn refer(&mut self, label: &str) {
        self.used.insert(folded(label));
    }

    /// The definitions that nothing shows, as they were written. Of several of one label the first
    /// counts.
    pub(super) fn unused<'a>(&mut self, source: &'a str) -> Vec<&'a str> {
        self.shown.sort_by_key(|range| range.start);
        let hidden = |at: usize| {
            let next = self.shown.partition_point(|range| range.start <= at);
            self.shown[..next].last().is_none_or(|range| range.end <= at)
        };
        let begins: Vec<usize> = lines(source).filter_map(begin).filter(|at| hidden(*at)).collect();
        let mut unused = vec![];
        for (index, at) in begins.iter().copied().enumerate() {
            let label = source[at + 1..].split("]:").next().unwrap_or_default();
            if self.used.remove(&folded(label)) {
                continue;
            }
            let shown = self.shown.get(self.shown.partition_point(|range| range.start <= at));
            let next = begins.get(index + 1).copied();
            let end = [shown.map(|range| range.start), next].into_iter().flatten().min();
            let end = end.unwrap_or(source.len());
            let end = source[at..end].find("\n\n").map_or(end, |blank| at + blank);
            unused.push(source[at..end].trim());
        }
        unused
    }
}

fn folded(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Each line, and where it begins.
fn lines(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    source.split_inclusive('\n').map(move |line| {
        let begin = at;
        at += line.len();
        (begin, line)
    })
}

/// Where a definition begins in a line, behind the marks of quotes and lists.
fn begin((at, line): (usize, &str)) -> Option<usize> {
    let marks = |c: char| c.is_whitespace() || c.is_ascii_digit() || ">-*+.)".contains(c);
    let rest = line.trim_start_matches(marks);
    (rest.starts_with('[') && rest.contains("]:")).then_some(at + line.len() - rest.len())
}
