//! Reading Markdown. Telegram knows no headings, lists and tables: they are made of what it knows.

use super::{Look, Span, Styled};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Longer Markdown is taken for plain text: nobody reads so much in a chat.
const MAX_BYTES: usize = 256 << 10;

pub(super) fn read(text: &str) -> Styled {
    if text.len() > MAX_BYTES {
        return Styled::plain(text);
    }
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, options) {
        reader.take(event);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    text: String,
    spans: Vec<Span>,
    /// Where looks began that have not ended: indices of `spans`.
    open: Vec<Option<usize>>,
    /// The next number of each list around; `None`: it has bullets.
    lists: Vec<Option<u64>>,
    /// A blank line is due before the next block.
    gap: usize,
    quotes: usize,
    table: Option<Table>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.say(&text),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                self.flush();
                let at = self.text.len();
                self.say(&code);
                if self.table.is_none() && self.text.len() > at {
                    self.spans.push(Span { range: at..self.text.len(), look: Look::Code });
                }
            }
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

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.apart(self.between()),
            Tag::Heading { .. } => {
                self.apart(2);
                self.open(Look::Bold);
            }
            Tag::BlockQuote(_) => {
                self.apart(2);
                self.quotes += 1;
                // Quotes in quotes are not known.
                if self.quotes == 1 { self.open(Look::Quote) } else { self.open.push(None) }
            }
            Tag::CodeBlock(kind) => {
                self.apart(self.between());
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                let plain = |c: char| c.is_ascii_alphanumeric() || "+-#_.".contains(c);
                let language = if language.chars().all(plain) { language } else { "" };
                self.open(Look::Block(language.to_owned()));
            }
            Tag::HtmlBlock => self.apart(2),
            Tag::List(first) => {
                self.apart(self.between());
                self.lists.push(first);
            }
            Tag::Item => {
                self.apart(1);
                let indent = "  ".repeat(self.lists.len().saturating_sub(1));
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{indent}{}. ", *number - 1)
                    }
                    _ => format!("{indent}• "),
                };
                self.say(&mark);
            }
            Tag::Emphasis => self.open(Look::Italic),
            Tag::Strong => self.open(Look::Bold),
            Tag::Strikethrough => self.open(Look::Struck),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                let known = ["http://", "https://", "tg://", "mailto:"];
                let goes = known.iter().any(|scheme| dest_url.starts_with(scheme));
                if goes { self.open(Look::Link(dest_url.into_string())) } else { self.open.push(None) }
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
                if let Some(row) = self.table.as_mut().and_then(|table| table.rows.last_mut()) {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.apart(self.between()),
            TagEnd::Heading(_) => {
                self.close();
                self.apart(2);
            }
            TagEnd::BlockQuote(_) => {
                self.quotes -= 1;
                self.close();
                self.apart(2);
            }
            TagEnd::CodeBlock => {
                if self.text.ends_with('\n') {
                    self.text.pop();
                }
                self.close();
                self.apart(self.between());
            }
            TagEnd::HtmlBlock => self.apart(2),
            TagEnd::List(_) => {
                self.lists.pop();
                self.apart(self.between());
            }
            TagEnd::Item => self.apart(1),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.close()
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.flush();
                    let at = self.text.len();
                    self.text.push_str(&table.aligned());
                    self.spans.push(Span { range: at..self.text.len(), look: Look::Block(String::new()) });
                    self.apart(2);
                }
            }
            _ => {}
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
        if !self.text.is_empty() && !self.after_mark() {
            self.text.extend(std::iter::repeat_n('\n', gap.saturating_sub(there)));
        }
    }

    /// Behind the mark of an item its text follows at once.
    fn after_mark(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default().trim_start();
        let number =
            line.strip_suffix(". ").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        !self.lists.is_empty() && (line == "• " || number)
    }

    fn say(&mut self, text: &str) {
        if let Some(cell) =
            self.table.as_mut().and_then(|table| table.rows.last_mut()).and_then(|row| row.last_mut())
        {
            cell.push_str(text);
            return;
        }
        self.flush();
        // NUL is refused by the server.
        self.text.extend(text.chars().filter(|c| *c != '\0'));
    }

    fn open(&mut self, look: Look) {
        if self.table.is_some() {
            return self.open.push(None);
        }
        self.flush();
        let at = self.text.len();
        self.open.push(Some(self.spans.len()));
        self.spans.push(Span { range: at..at, look });
    }

    fn close(&mut self) {
        if let Some(Some(index)) = self.open.pop() {
            self.spans[index].range.end = self.text.len();
        }
    }

    fn finish(mut self) -> Styled {
        while !self.open.is_empty() {
            self.close();
        }
        self.spans.retain(|span| !span.range.is_empty());
        // Code within other looks of the same place: in order, the wider ones first.
        self.spans.sort_by_key(|span| (span.range.start, std::cmp::Reverse(span.range.end)));
        Styled { text: self.text, spans: self.spans }
    }
}

impl Table {
    /// Its columns below each other.
    fn aligned(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| wide(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut lines = vec![];
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(wide(cell)))));
            lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
            if index == 0 {
                lines.push(widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
            }
        }
        lines.join("\n")
    }
}

fn wide(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        Styled::markdown(markdown).html()
    }

    #[test]
    fn what_telegram_knows_keeps_its_look() {
        assert_eq!(html("**a** *b* ~~c~~ `d<e`"), "<b>a</b> <i>b</i> <s>c</s> <code>d&lt;e</code>");
        assert_eq!(html("[x](https://e.org/?a=1&b=2)"), "<a href=\"https://e.org/?a=1&amp;b=2\">x</a>");
        assert_eq!(html("[x](javascript:alert(1))"), "x");
        assert_eq!(html("> said\n> so"), "<blockquote>said\nso</blockquote>");
        assert_eq!(
            html("```rust\nlet a = 1 < 2;\n```"),
            "<pre><code class=\"language-rust\">let a = 1 &lt; 2;</code></pre>"
        );
        assert_eq!(html("```\nx\n\ny\n```"), "<pre>x\n\ny</pre>");
    }

    #[test]
    fn what_it_does_not_know_is_made_of_what_it_knows() {
        assert_eq!(html("# A\ntext"), "<b>A</b>\n\ntext");
        assert_eq!(html("- a\n- b\n  - c\n\nd"), "• a\n• b\n  • c\n\nd");
        assert_eq!(html("3. a\n4. b"), "3. a\n4. b");
        assert_eq!(html("- [x] a\n- [ ] b"), "• ☑ a\n• ☐ b");
        assert_eq!(html("a\n\n---\n\nb"), "a\n\n———\n\nb");
        assert_eq!(html("|a|bb|\n|-|-|\n|ccc|`d`|"), "<pre>a    bb\n───  ──\nccc  d</pre>");
        assert_eq!(html("<b>raw</b> & more"), "&lt;b&gt;raw&lt;/b&gt; &amp; more");
        assert_eq!(html("> a\n>> b"), "<blockquote>a\n\nb</blockquote>");
    }

    #[test]
    fn a_list_of_blocks_reads_as_one() {
        assert_eq!(html("1. first\n\n   more\n\n2. second"), "1. first\nmore\n2. second");
        assert_eq!(html("- `code` first"), "• <code>code</code> first");
        assert_eq!(html("- ```\n  x\n  ```\n- b"), "• <pre>x</pre>\n• b");
    }

    #[test]
    fn unfinished_markdown_stays_readable() {
        assert_eq!(html("**bold `code"), "**bold `code");
        assert_eq!(html("```\nnever closed"), "<pre>never closed</pre>");
    }
}
