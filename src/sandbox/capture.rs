//! One stream of output, held in bounded memory: its beginning, its end, and the rest on disk.

use super::{
    Limits,
    spill::Spill,
    text::{clean, cut, head_and_tail},
};
use std::{collections::VecDeque, fmt::Write as _, path::PathBuf, sync::Arc};

/// Changes output before anyone reads it, for example by taking secrets out of it.
pub trait Filter: Send + Sync {
    /// Changes a whole text.
    fn text(&self, text: String) -> String;

    /// Changes what comes in pieces: takes from the front of `pending` what no later byte can change
    /// any more, and returns it changed. `last`: nothing more comes, so nothing stays pending.
    fn bytes(&self, pending: &mut Vec<u8>, last: bool) -> Vec<u8>;
}

/// Bytes that a character can take, at most.
const MAX_CHAR: usize = 4;

/// Room for the marker that tells what is missing, without the path in it.
const MARKER_ROOM: usize = 160;

/// What becomes of output besides being shown.
#[derive(Clone)]
pub struct Keep {
    /// Where output goes that is too long to be shown. Made when needed, for its owner only.
    pub dir: PathBuf,
    /// What changes the output, that on disk too.
    pub filter: Option<Arc<dyn Filter>>,
}

/// One stream of output, ready to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What is shown: without control sequences, and with a marker where something is left out.
    pub text: String,
    /// How many bytes there were.
    pub bytes: u64,
    /// How many of them are not shown; 0 when nothing was cut.
    pub left_out: u64,
    /// The file that holds all of it, control sequences included, when something is left out.
    pub spill: Option<PathBuf>,
    /// Whether there were bytes that aren't UTF-8; they are shown as `�`.
    pub lossy: bool,
}

/// Takes a stream as it comes.
pub(super) struct Capture {
    name: &'static str,
    /// Bytes held of the beginning: more than can be shown.
    beginning: usize,
    /// As many of the end.
    window: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
    keep: Keep,
    spill_limit: u64,
    spill: Option<Spill>,
}

impl Capture {
    /// `name` goes into the name of the spill file.
    pub(super) fn new(name: &'static str, limits: &Limits, keep: &Keep) -> Self {
        let window = limits.output_chars.saturating_mul(MAX_CHAR).max(MAX_CHAR);
        Self {
            name,
            beginning: window,
            window,
            head: Vec::new(),
            tail: VecDeque::new(),
            total: 0,
            keep: keep.clone(),
            spill_limit: limits.spill_bytes,
            spill: None,
        }
    }

    /// Takes the next bytes. When dropped half-way, it has not taken them.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        if self.spill.is_none() && self.head.len() + self.tail.len() + bytes.len() > 2 * self.window {
            self.start_spill().await;
        }
        if let Some(spill) = &mut self.spill {
            spill.write(bytes).await;
        }
        self.total += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(self.beginning - self.head.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(self.window)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(self.window);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// So many bytes come next that are not at hand: what follows is known to be behind a gap.
    pub(super) async fn skip(&mut self, bytes: u64) {
        if bytes == 0 {
            return;
        }
        if self.spill.is_none() {
            self.start_spill().await;
        }
        // What comes behind the gap is no part of the beginning, on disk as little as here.
        if let Some(spill) = &mut self.spill {
            spill.seal();
        }
        self.beginning = self.head.len();
        self.tail.clear();
        self.total += bytes;
    }

    /// Begins to write to disk, with what is held: all there was so far.
    async fn start_spill(&mut self) {
        let filter = self.keep.filter.clone();
        let mut spill = Spill::create(&self.keep.dir, self.name, self.spill_limit, filter).await;
        spill.write(&self.head).await;
        spill.write(self.tail.make_contiguous()).await;
        self.spill = Some(spill);
    }
}

/// Makes two streams readable within `limit` characters in all, markers included. The second, which
/// is standard error, gets at least a quarter if it needs it; what one leaves, the other gets.
pub(super) async fn show(out: Capture, err: Capture, limits: &Limits) -> (Output, Output) {
    let (out, err) = (Text::new(out), Text::new(err));
    let limit = limits.output_chars;
    let (out_chars, err_chars) = (out.chars(), err.chars());
    let for_err = err_chars.min((limit / 4).max(limit.saturating_sub(out_chars)));
    (out.show(limit - for_err).await, err.show(for_err).await)
}

/// Makes a text fit into `limits.output_chars`, marker included. What is too long is kept whole in
/// `keep.dir`. Changes nothing else; `keep.filter` is not used.
pub async fn fit(text: String, limits: &Limits, keep: &Keep) -> Output {
    let bytes = text.len() as u64;
    let room = MARKER_ROOM + keep.dir.as_os_str().len();
    if cut(&text, limits.output_chars).is_none() {
        return Output { text, bytes, ..Output::default() };
    }
    let mut spill = Spill::create(&keep.dir, "result", limits.spill_bytes, None).await;
    spill.write(text.as_bytes()).await;
    let (head, tail) = head_and_tail(&text, &text, limits.output_chars.saturating_sub(room));
    let left_out = bytes - (head.len() + tail.len()) as u64;
    let mut output = Output { text: head.to_owned(), bytes, left_out, ..Output::default() };
    marker(&mut output, spill.close().await);
    output.text.push_str(tail);
    output
}

/// What a capture holds, as text.
struct Text {
    capture: Capture,
    head: String,
    /// The end, when there is a gap between the two.
    tail: Option<String>,
    lossy: bool,
}

impl Text {
    fn new(mut capture: Capture) -> Self {
        let held = (capture.head.len() + capture.tail.len()) as u64;
        let ends = if held == capture.total {
            capture.head.extend(capture.tail.iter());
            capture.tail.clear();
            (decode(&capture.head), None)
        } else {
            let (mut head, mut tail) = (capture.head.as_slice(), &*capture.tail.make_contiguous());
            // The gap may run through a character: that is no fault of the stream's.
            if let Err(e) = std::str::from_utf8(head)
                && e.error_len().is_none()
            {
                head = &head[..e.valid_up_to()];
            }
            let broken = tail.iter().take(MAX_CHAR - 1).take_while(|b| (0x80..0xc0).contains(*b)).count();
            tail = &tail[broken..];
            (decode(head), Some(decode(tail)))
        };
        let ((head, head_lossy), tail) = ends;
        let (tail, tail_lossy) = tail.unzip();
        let filtered = |text| match &capture.keep.filter {
            Some(filter) => filter.text(text),
            None => text,
        };
        Self {
            head: filtered(head),
            tail: tail.map(filtered),
            lossy: head_lossy || tail_lossy.unwrap_or(false),
            capture,
        }
    }

    /// Characters that it would take to show all of it; more than can be shown if that is unknown.
    fn chars(&self) -> usize {
        match self.tail {
            None => self.head.chars().count(),
            Some(_) => usize::MAX,
        }
    }

    async fn show(mut self, limit: usize) -> Output {
        let mut output = Output { bytes: self.capture.total, lossy: self.lossy, ..Output::default() };
        if self.chars() <= limit {
            output.text = self.head;
            return output;
        }
        if self.capture.spill.is_none() {
            self.capture.start_spill().await;
        }
        let spill = match self.capture.spill {
            Some(spill) => spill.close().await,
            None => Err("no file".into()),
        };
        let room = MARKER_ROOM + self.capture.keep.dir.as_os_str().len();
        let tail = self.tail.as_ref().unwrap_or(&self.head);
        let (head, tail) = head_and_tail(&self.head, tail, limit.saturating_sub(room));
        output.left_out = output.bytes.saturating_sub((head.len() + tail.len()) as u64).max(1);
        output.text = head.to_owned();
        marker(&mut output, spill);
        output.text.push_str(tail);
        output
    }
}

/// Text without control sequences, and whether there were bytes that aren't text.
fn decode(bytes: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(bytes);
    (clean(&text), matches!(text, std::borrow::Cow::Owned(_)))
}

fn marker(output: &mut Output, spill: Result<(PathBuf, u64), String>) {
    let text = &mut output.text;
    // Writing to a string cannot fail.
    let _ = write!(text, "\n[… {} of {} bytes left out", output.left_out, output.bytes);
    let _ = match &spill {
        Ok((path, kept)) if *kept == output.bytes => write!(text, "; all of it is in {}", path.display()),
        Ok((path, kept)) => write!(text, "; only its first {kept} bytes are kept, in {}", path.display()),
        Err(failure) => write!(text, "; it could not be kept: {failure}"),
    };
    text.push_str(" …]\n");
    output.spill = spill.ok().map(|(path, _)| path);
}
