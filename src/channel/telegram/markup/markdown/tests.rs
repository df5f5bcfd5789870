//! What Markdown becomes.

use super::*;

fn html(markdown: &str) -> String {
    Styled::markdown(markdown).html()
}

#[test]
fn what_telegram_knows_keeps_its_look() {
    assert_eq!(html("**a** *b* ~~c~~ `d<e`"), "<b>a</b> <i>b</i> <s>c</s> <code>d&lt;e</code>");
    assert_eq!(html("[x](https://e.org/?a=1&b=2)"), "<a href=\"https://e.org/?a=1&amp;b=2\">x</a>");
    assert_eq!(html("[x](javascript:alert(1))"), "x (javascript:alert(1))");
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
fn names_paths_and_formulas_keep_their_characters() {
    for same in [
        "~example~ and ~/.config",
        "Edit __init__.py",
        "the __init__ of it, __all__",
        "/srv/_next_/static, src/_a_.rs and _a_(1)",
        "x_y_z and snake_case_name",
        "2*3*4 = 24, a*b and c*d",
        "2**3**2, 10**6 and 10**7",
        "*args and **kwargs",
        "ls *.py and *.rs",
        "~5 to ~6",
    ] {
        assert_eq!(html(same), same);
    }
    assert_eq!(html("_a_, (_b_) __c d__ *e*."), "<i>a</i>, (<i>b</i>) <b>c d</b> <i>e</i>.");
    assert_eq!(html("**A**pplication ~~gone~~"), "<b>A</b>pplication <s>gone</s>");
}

#[test]
fn emphasis_works_beside_scripts_without_blanks() {
    for (markdown, shown) in [
        ("**\"말\"**입니다", "<b>&quot;말&quot;</b>입니다"),
        ("**말**입니다", "<b>말</b>입니다"),
        ("**Rust(러스트)**는", "<b>Rust(러스트)</b>는"),
        ("이것은**(중요)**이다", "이것은<b>(중요)</b>이다"),
        ("**「話」**です", "<b>「話」</b>です"),
        ("**100%**，*“是”*的", "<b>100%</b>，<i>“是”</i>的"),
        ("~~（古）~~と", "<s>（古）</s>と"),
        ("\\**\"말\"\\**입니다", "**&quot;말&quot;**입니다"),
        ("`**\"말\"**입니다`", "<code>**&quot;말&quot;**입니다</code>"),
    ] {
        assert_eq!(html(markdown), shown, "{markdown}");
    }
}

#[test]
fn a_link_that_cannot_be_one_shows_where_it_leads() {
    for (markdown, shown) in [
        ("[notes](./notes.md)", "notes (./notes.md)"),
        ("[./notes.md](./notes.md)", "./notes.md"),
        ("[top](#top)", "top (#top)"),
        ("[mail](mailto:a@b.org)", "mail (a@b.org)"),
        ("<a@b.org>", "a@b.org"),
        ("[here](http://localhost:80/x)", "here (http://localhost:80/x)"),
        ("![](a.png)", "a.png"),
        ("![a](https://e.org/a.png)", "<a href=\"https://e.org/a.png\">a</a>"),
        ("[`x`](https://e.org)", "<a href=\"https://e.org\">x</a>"),
        ("|a|\n|-|\n|[x](https://e.org)|", "<pre>a\n─────────────────\nx (https://e.org)</pre>"),
        ("As said[1].\n\n[1]: https://e.org", "As said<a href=\"https://e.org\">[1]</a>."),
        ("Sources:\n\n[1]: https://e.org\n[2]: x.md", "Sources:\n\n[1]: https://e.org\n[2]: x.md"),
    ] {
        assert_eq!(html(markdown), shown, "{markdown}");
    }
}

#[test]
fn cells_beyond_the_head_are_shown() {
    assert_eq!(html("|a|\n|-|\n|b|`c|d`|"), "<pre>a\n─  ─────\nb  `c|d`</pre>");
}

#[test]
fn what_stands_behind_a_fence_is_shown() {
    let code = "<pre><code class=\"language-rust\">x</code></pre>";
    assert_eq!(html("```rust src/main.rs\nx\n```"), format!("src/main.rs\n{code}"));
}

#[test]
fn without_its_looks_a_text_keeps_its_addresses() {
    let styled =
        Styled::markdown("see **[this](https://e.org/a)** and https://e.org, [e.org](https://e.org/)");
    assert_eq!(styled.bare(), "see this (https://e.org/a) and https://e.org, e.org");
}

#[test]
fn unfinished_markdown_stays_readable() {
    assert_eq!(html("**bold `code"), "**bold `code");
    assert_eq!(html("```\nnever closed"), "<pre>never closed</pre>");
}
