//! Any Markdown becomes messages that Telegram takes.

use crate::{
    home, said, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};

/// Numbers that look random, by a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end).expect("a small number")
    }
}

const BITS: &[&str] = &[
    "word ",
    "**",
    "*",
    "`",
    "```\n",
    "```rust\n",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "1. ",
    "# ",
    "<b>",
    "</b>",
    "&amp;",
    "&",
    "[link](https://example.org/?a=1&b=\"2\")",
    "[x](",
    "| a | b |\n|---|---|\n| 1 | `2` |\n",
    "😀",
    "~~",
    "  ",
    "\\",
    "_",
    "---\n",
    "![i](http://e.org/i.png)",
    "<script>",
    "é",
    "\u{200d}",
    "a_very_long_word_without_a_blank_",
];

#[test]
fn any_markdown_is_taken_as_it_is() {
    let seed = 0x5eed_1234_u64;
    let mut random = Random(seed);
    let documents: Vec<String> = (0..40)
        .map(|_| {
            let length = 10 + random.below(3_000);
            let body: String = (0..length).map(|_| BITS[random.below(BITS.len() as u64)]).collect();
            format!("begin {body} end")
        })
        .collect();
    let count = documents.len();
    let answers = std::sync::Mutex::new(documents.into_iter());
    let model = FakeOpenAi::answering(move |request| {
        // A long conversation is summed up now and then.
        let document = if said(request) == "go" { answers.lock().expect("no panic").next() } else { None };
        Reply::text(document.unwrap_or_else(|| "a summary".into()))
    });
    let telegram = FakeTelegram::start();
    let daemon = start(&home(&model, &telegram, ""));
    for n in 0..count {
        telegram.says(ADA, "go");
        let ends = || telegram.texts(ADA).iter().filter(|text| text.ends_with("end")).count();
        assert!(until(|| ends() > n), "document {n}: {:?}", telegram.refusals());
    }
    daemon.stop().ok();
    assert_eq!(telegram.refusals(), Vec::<String>::new());
    assert!(telegram.sent(ADA).iter().all(|sent| sent.html), "some went out without their looks");
    assert!(telegram.sent(ADA).len() > count, "none was cut");
}
