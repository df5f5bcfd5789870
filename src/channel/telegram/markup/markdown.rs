//! Reading Markdown. Telegram knows no headings, lists and tables: they are made of what it knows.
//!
//! Nothing that was written is lost: what Telegram cannot show as it is meant is shown as it was written.

use super::{
    Look, Span, Styled,
    definitions::Definitions,
    delimiters::{JOINT, joined, literal},
    links,
    table::Table,
};
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// Longer Markdown is taken for plain text: nobody reads so much in a chat.
const MAX_BYTES: usize = 256 << 10;

pub(super) fn read(text: &str) -> Styled {
    if text.len() > MAX_BYTES {
        return Styled::plain(text);
    }
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let source = joined(text);
    let mut reader = Reader::new(&source);
    for (event, range) in Parser::new_ext(&source, options).into_offset_iter() {
        reader.definitions.see(&event, &range);
        reader.take(event, range);
    }
    reader.finish()
}

struct Reader<'a> {
    source: &'a str,
    text: String,
    spans: Vec<Span>,
    /// The elements around, the innermost last.
    open: Vec<Open>,
    /// The next number of each list around; `None`: it has bullets.
    lists: Vec<Option<u64>>,
    /// The empty lines that are due before the next block.
    gap: usize,
    quotes: usize,
    links: usize,
    table: Option<Table>,
    /// Where the source of the last cell ended.
    cell_end: usize,
    /// Behind the mark of a list's item, whose text follows at once.
    mark_end: usize,
    /// Bytes that were said, blanks not counted.
    said: usize,
    definitions: Definitions,
}

/// An element that has begun.
struct Open {
    /// Its look, as an index of `spans`.
    span: Option<usize>,
    /// How much was said before it.
    said: usize,
    /// Where its text begins, in the text or in the cell.
    at: usize,
    /// What is shown behind its text.
    behind: &'static str,
    end: End,
}

/// What is due at the end of an element.
enum End {
    Nothing,
    /// The address of a link that cannot be one.
    Address(String),
    /// The address of a link, where the link has no text.
    Link(String),
    /// The element's source, where nothing of it was shown.
    Source,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            text: String::new(),
            spans: vec![],
            open: vec![],
            lists: vec![],
            gap: 0,
            quotes: 0,
            links: 0,
            table: None,
            cell_end: 0,
            mark_end: usize::MAX,
            said: 0,
            definitions: Definitions::default(),
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.begin(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.say(&text),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => self.code(&code),
            Event::SoftBreak | Event::HardBreak => self.say("\n"),
            Event::Rule => {
                self.apart(2);
                self.say("———");
                self.apart(2);
            }
            Event::TaskListMarker(done) => self.say(if done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(name) => self.say(&format!("[{name}]")),
        }
    }

    fn begin(&mut self, tag: Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Paragraph => self.apart(self.between()),
            Tag::Heading { .. } => {
                self.apart(2);
                self.open(Some(Look::Bold), "", End::Source);
            }
            Tag::BlockQuote(_) => {
                self.apart(2);
                self.quotes += 1;
                // Quotes in quotes are not known.
                self.open((self.quotes == 1).then_some(Look::Quote), "", End::Source);
            }
            Tag::CodeBlock(kind) => {
                self.apart(self.between());
                let (language, more) = info(&kind);
                if !more.is_empty() {
                    self.say(&more);
                    self.apart(1);
                }
                self.open(Some(Look::Block(language)), "", End::Source);
            }
            Tag::HtmlBlock => self.apart(2),
            Tag::List(first) => {
                self.apart(self.between());
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Emphasis => self.emphasis(Look::Italic, &range),
            Tag::Strong => self.emphasis(Look::Bold, &range),
            Tag::Strikethrough => self.emphasis(Look::Struck, &range),
            Tag::Link { link_type, dest_url, id, .. } | Tag::Image { link_type, dest_url, id, .. } => {
                self.link(link_type, &dest_url, &id);
            }
            Tag::Table(_) => {
                self.apart(2);
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.rows.push(vec![]);
                }
            }
            Tag::TableCell => {
                self.cell_end = range.end;
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph => self.apart(self.between()),
            TagEnd::Heading(_) => {
                self.close(&range);
                self.apart(2);
            }
            TagEnd::BlockQuote(_) => {
                self.quotes -= 1;
                self.close(&range);
                self.apart(2);
            }
            TagEnd::CodeBlock => {
                let begun = self.open.last().map_or(0, |open| open.at);
                if self.text.len() > begun && self.text.ends_with('\n') {
                    self.text.pop();
                }
                self.close(&range);
                self.apart(self.between());
            }
            TagEnd::HtmlBlock => self.apart(2),
            TagEnd::List(_) => {
                self.lists.pop();
                self.apart(self.between());
            }
            TagEnd::Item => self.apart(1),
            TagEnd::Link | TagEnd::Image => {
                self.links -= 1;
                self.close(&range);
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => self.close(&range),
            TagEnd::TableHead | TagEnd::TableRow => self.row(range.end),
            TagEnd::Table => self.lay_out(),
            _ => {}
        }
    }

    fn code(&mut self, code: &str) {
        self.flush();
        let at = self.text.len();
        self.say(code);
        // Within a link Telegram keeps the one or the other.
        if self.table.is_none() && self.links == 0 && self.text.len() > at {
            self.spans.push(Span { range: at..self.text.len(), look: Look::Code });
        }
    }

    fn item(&mut self) {
        self.apart(1);
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{indent}{number}. ");
                *number = number.saturating_add(1);
                mark
            }
            _ => format!("{indent}• "),
        };
        self.say(&mark);
        self.mark_end = self.text.len();
    }

    fn emphasis(&mut self, look: Look, range: &Range<usize>) {
        match literal(self.source, range) {
            Some(mark) => {
                self.say(mark);
                self.open(None, mark, End::Nothing);
            }
            None => self.open(Some(look), "", End::Nothing),
        }
    }

    fn link(&mut self, kind: LinkType, address: &str, label: &str) {
        let address: String = address.chars().filter(|c| *c != JOINT).collect();
        let referred = matches!(kind, LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut);
        if referred {
            self.definitions.refer(label);
        }
        let is_link = self.links == 0 && self.table.is_none() && links::is_link(&address);
        self.links += 1;
        // The number of a source is shown as it was written: "[1]".
        let number =
            kind == LinkType::Shortcut && !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit());
        let behind = if number { "]" } else { "" };
        match is_link {
            true => self.open(Some(Look::Link(address.clone())), behind, End::Link(address)),
            false => self.open(None, behind, End::Address(address)),
        }
        if number {
            self.say("[");
        }
    }

    /// The next thing stands on a new line (1), or behind an empty one (2).
    fn apart(&mut self, lines: usize) {
        self.gap = self.gap.max(lines);
    }

    /// How far blocks are apart: items of a list stand close together.
    fn between(&self) -> usize {
        if self.lists.is_empty() { 2 } else { 1 }
    }

    fn flush(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        let there = self.text.len() - self.text.trim_end_matches('\n').len();
        // Behind the mark of an item its text follows at once.
        if !self.text.is_empty() && self.text.len() != self.mark_end {
            self.text.extend(std::iter::repeat_n('\n', gap.saturating_sub(there)));
        }
    }

    fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        // NUL is refused by the server.
        let text: String = text.chars().filter(|c| !matches!(*c, '\0' | JOINT)).collect();
        self.said += text.bytes().filter(|b| !b.is_ascii_whitespace()).count();
        if let Some(cell) = self.table.as_mut().and_then(Table::cell) {
            cell.push_str(&text);
            return;
        }
        self.flush();
        self.text.push_str(&text);
    }

    /// What was said since a place, in the text or in the cell.
    fn since(&mut self, at: usize) -> String {
        let now = match self.table.as_mut().and_then(Table::cell) {
            Some(cell) => cell,
            None => &self.text,
        };
        now.get(at..).unwrap_or_default().to_owned()
    }

    fn open(&mut self, look: Option<Look>, behind: &'static str, end: End) {
        let (span, at) = match self.table.as_mut().and_then(Table::cell) {
            Some(cell) => (None, cell.len()),
            None => {
                self.flush();
                let at = self.text.len();
                let span = look.map(|look| {
                    self.spans.push(Span { range: at..at, look });
                    self.spans.len() - 1
                });
                (span, at)
            }
        };
        self.open.push(Open { span, said: self.said, at, behind, end });
    }

    fn close(&mut self, range: &Range<usize>) {
        let Some(Open { span, said, at, behind, end }) = self.open.pop() else { return };
        let empty = self.said == said;
        self.say(behind);
        match end {
            End::Nothing => {}
            End::Link(address) if empty => self.say(&address),
            End::Link(_) => {}
            End::Address(address) if empty => self.say(links::shown(&address)),
            End::Address(address) if address.is_empty() || links::says(&self.since(at), &address) => {}
            End::Address(address) => self.say(&format!(" ({})", links::shown(&address))),
            End::Source if empty => self.say(self.source.get(range.clone()).unwrap_or_default().trim()),
            End::Source => {}
        }
        if let Some(span) = span.and_then(|index| self.spans.get_mut(index)) {
            span.range.end = self.text.len().max(span.range.start);
        }
    }

    /// The end of a table's row. Cells beyond those of the head are no cells to Markdown.
    fn row(&mut self, end: usize) {
        let rest = self.source.get(self.cell_end..end).unwrap_or_default();
        let rest = rest.trim_matches(|c: char| c == '|' || c.is_whitespace()).to_owned();
        if !rest.is_empty()
            && let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut())
        {
            row.push(String::new());
            self.say(&rest);
        }
    }

    fn lay_out(&mut self) {
        let Some(table) = self.table.take() else { return };
        self.flush();
        let at = self.text.len();
        self.text.push_str(&table.aligned());
        self.spans.push(Span { range: at..self.text.len(), look: Look::Block(String::new()) });
        self.apart(2);
    }

    fn finish(mut self) -> Styled {
        while !self.open.is_empty() {
            self.close(&(0..0));
        }
        for definition in self.definitions.unused(self.source) {
            self.apart(1);
            self.say(definition);
        }
        self.spans.retain(|span| !span.range.is_empty());
        // Code within other looks of the same place: in order, the wider ones first.
        self.spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
        Styled { text: self.text, spans: self.spans }
    }
}

/// The language of a block of code, as it can stand in an attribute, and what else stands behind its
/// fence, such as the name of a file.
fn info(kind: &CodeBlockKind<'_>) -> (String, String) {
    let CodeBlockKind::Fenced(info) = kind else { return Default::default() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-#_.".contains(c);
    let language: String = info.chars().take_while(|c| plain(*c)).collect();
    let more = info.strip_prefix(&*language).unwrap_or_default();
    (language, more.trim().to_owned())
}

#[cfg(test)]
mod tests;
