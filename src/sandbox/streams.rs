//! What a program prints, taken as it comes: its two streams, within the limits of a run.

use super::{
    Keep, Limits, Output,
    capture::{Capture, show},
};
use serde::{Deserialize, Serialize};

/// One of the two streams of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Both streams, held in bounded memory, and on disk where they are too long to be shown.
pub struct Streams {
    out: Capture,
    err: Capture,
    limits: Limits,
}

impl Streams {
    /// Streams of which nothing was taken yet.
    pub fn new(limits: &Limits, keep: &Keep) -> Self {
        let (out, err) = (Capture::new("out", limits, keep), Capture::new("err", limits, keep));
        Self { out, err, limits: *limits }
    }

    /// Takes the next bytes of a stream. When dropped half-way, it has not taken them.
    pub async fn push(&mut self, stream: Stream, bytes: &[u8]) {
        self.of(stream).push(bytes).await;
    }

    /// So many bytes of a stream come next, and are not at hand.
    pub async fn skip(&mut self, stream: Stream, bytes: u64) {
        self.of(stream).skip(bytes).await;
    }

    /// Both, ready to be read, within the limit that they share.
    pub async fn show(self) -> (Output, Output) {
        show(self.out, self.err, &self.limits).await
    }

    /// Both at once, for who reads them at the same time.
    pub(super) fn parts(&mut self) -> (&mut Capture, &mut Capture) {
        (&mut self.out, &mut self.err)
    }

    fn of(&mut self, stream: Stream) -> &mut Capture {
        match stream {
            Stream::Stdout => &mut self.out,
            Stream::Stderr => &mut self.err,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_skipped_counts_as_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep { dir: dir.path().to_owned(), filter: None };
        let limits = Limits { output_chars: 1_000, spill_bytes: 4_000, ..Limits::default() };
        let mut streams = Streams::new(&limits, &keep);
        streams.push(Stream::Stdout, &[b'a'; 4_000]).await;
        streams.push(Stream::Stderr, b"said\n").await;
        streams.skip(Stream::Stdout, 1_000_000).await;
        streams.push(Stream::Stdout, b"the end").await;
        let (out, err) = streams.show().await;
        assert_eq!((out.bytes, err.text.as_str()), (1_004_007, "said\n"));
        assert!(out.text.starts_with("aaa") && out.text.ends_with("the end"), "{}", out.text);
        assert!(out.text.contains("only its first 4000 bytes are kept"), "{}", out.text);
        assert!(!out.text.contains("the end the end") && out.left_out > 1_000_000);
    }

    #[tokio::test]
    async fn a_little_that_is_skipped_leaves_a_mark_too() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep { dir: dir.path().to_owned(), filter: None };
        let mut streams = Streams::new(&Limits::default(), &keep);
        streams.push(Stream::Stdout, b"one").await;
        streams.skip(Stream::Stdout, 3).await;
        streams.push(Stream::Stdout, b"three").await;
        let (out, _) = streams.show().await;
        assert_eq!(out.bytes, 11);
        assert!(out.left_out >= 3 && out.text.contains("bytes left out"), "{out:?}");
        assert!(out.text.starts_with("one") && out.text.ends_with("three"), "{out:?}");
    }
}
