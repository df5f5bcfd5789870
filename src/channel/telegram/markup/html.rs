//! Telegram's HTML.

use super::{Look, Span, Styled};

pub(super) fn write(styled: &Styled) -> String {
    let mut out = String::with_capacity(styled.text.len() + styled.spans.len() * 8);
    let mut open: Vec<&Span> = vec![];
    let mut at = 0;
    let mut close_until = |out: &mut String, open: &mut Vec<&Span>, until: usize| {
        while let Some(span) = open.last().filter(|span| span.range.end <= until) {
            escape(&styled.text[at..span.range.end], out);
            at = span.range.end;
            end(&span.look, out);
            open.pop();
        }
        escape(&styled.text[at..until], out);
        at = until;
    };
    for span in &styled.spans {
        close_until(&mut out, &mut open, span.range.start);
        begin(&span.look, &mut out);
        open.push(span);
    }
    close_until(&mut out, &mut open, styled.text.len());
    out
}

fn begin(look: &Look, out: &mut String) {
    match look {
        Look::Bold => out.push_str("<b>"),
        Look::Italic => out.push_str("<i>"),
        Look::Struck => out.push_str("<s>"),
        Look::Code => out.push_str("<code>"),
        Look::Quote => out.push_str("<blockquote>"),
        Look::Block(language) if language.is_empty() => out.push_str("<pre>"),
        Look::Block(language) => {
            out.push_str("<pre><code class=\"language-");
            escape(language, out);
            out.push_str("\">");
        }
        Look::Link(to) => {
            out.push_str("<a href=\"");
            escape(to, out);
            out.push_str("\">");
        }
    }
}

fn end(look: &Look, out: &mut String) {
    out.push_str(match look {
        Look::Bold => "</b>",
        Look::Italic => "</i>",
        Look::Struck => "</s>",
        Look::Code => "</code>",
        Look::Quote => "</blockquote>",
        Look::Block(language) if language.is_empty() => "</pre>",
        Look::Block(_) => "</code></pre>",
        Look::Link(_) => "</a>",
    });
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_become_tags_that_nest() {
        let span = |range, look| Span { range, look };
        let styled = Styled {
            text: "a<b&c".into(),
            spans: vec![
                span(0..5, Look::Bold),
                span(1..3, Look::Code),
                span(3..5, Look::Link("h\"x".into())),
            ],
        };
        assert_eq!(write(&styled), "<b>a<code>&lt;b</code><a href=\"h&quot;x\">&amp;c</a></b>");
    }
}
