//! Tools for tests, and what they say.

use openpista::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Scope},
    tool::Tool,
};
use serde_json::json;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

type Work = dyn Fn(JsonMap) -> BoxFuture<'static, String> + Send + Sync;

/// A tool whose work is a function from its arguments to text.
pub(crate) struct Made {
    spec: ToolSpec,
    work: Box<Work>,
}

/// A tool that takes anything.
pub(crate) fn tool<F: Future<Output = String> + Send + 'static>(
    name: &str,
    work: impl Fn(JsonMap) -> F + Send + Sync + 'static,
) -> Arc<dyn Tool> {
    let parameters = json!({"type": "object", "properties": {}, "additionalProperties": true});
    let spec = ToolSpec {
        name: name.into(),
        description: "For tests.".into(),
        parameters: parameters.into(),
        effect: Effect::Act,
    };
    Arc::new(Made { spec, work: Box::new(move |args| Box::pin(work(args))) })
}

impl Tool for Made {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(async move {
            let text = (self.work)(call.get().args.clone()).await;
            ToolResult::new(call.get(), ToolStatus::Ok, text)
        })
    }
}

/// Numbers that look random and repeat by seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("small")
    }

    /// Text of about so many bytes, of one kind: words, lines of JSON, other scripts, blanks, bytes that
    /// JSON has to escape, one endless word.
    pub(crate) fn text(&mut self, bytes: usize) -> String {
        let kinds: [&[&str]; 6] = [
            &["the", "file", "is", "here", "\n", "4.2M", "./src", " "],
            &["{\"name\": \"x\", ", "\"size\": [1, 2, 3]}", ",\n", "\\\"", "null"],
            &["안녕", "ö", "漢字", "🦀", "е", " ", "\n"],
            &["\n", " ", "\t", "\n\n"],
            &["\u{1}", "\"", "\\", "\u{7f}", "\r\n"],
            &["x"],
        ];
        let kind = kinds[self.below(kinds.len())];
        let mut out = String::new();
        while out.len() < bytes {
            out.push_str(kind[self.below(kind.len())]);
        }
        out
    }
}

/// A tool that says up to 50 kB of anything, never the same.
pub(crate) fn babbler() -> Arc<dyn Tool> {
    let count = AtomicUsize::new(1);
    tool("test.babble", move |_| {
        let count = count.fetch_add(1, Ordering::SeqCst);
        let mut random = Random::new(count as u64);
        let length = random.below(50_000);
        let text = random.text(length);
        async move { format!("{count}: {text}") }
    })
}

/// A guard that counts as long as it lives.
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(crate) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
