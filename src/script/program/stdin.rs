//! Standard input, read on a thread of its own: a handler that waits for it holds up no other.

use std::{
    cell::OnceCell,
    io::{self, BufRead, Read},
    sync::mpsc,
};
use tokio::sync::oneshot;

/// The longest line, and the most that is read at once, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// What to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum What {
    /// The next line, without its end.
    Line,
    /// All that is left.
    All,
}

type Answer = Result<Option<Vec<u8>>, String>;
type Wish = (What, oneshot::Sender<Answer>);

/// The way to the thread, which begins at the first use and ends with the program.
#[derive(Default)]
pub(super) struct Stdin(OnceCell<mpsc::Sender<Wish>>);

impl Stdin {
    pub(super) async fn read(&self, what: What) -> Answer {
        let wishes = self.0.get_or_init(begin);
        let (answer, answered) = oneshot::channel();
        let gone = |_| "standard input is gone".to_owned();
        wishes.send((what, answer)).map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
    }
}

fn begin() -> mpsc::Sender<Wish> {
    let (wishes, inbox) = mpsc::channel::<Wish>();
    // Reading can't be interrupted: the program's end takes the thread along.
    std::thread::spawn(move || {
        for (what, answer) in inbox {
            let _ = answer.send(read(what));
        }
    });
    wishes
}

fn read(what: What) -> Answer {
    let mut input = io::stdin().lock().take(MAX_BYTES + 1);
    let mut bytes = vec![];
    let read = match what {
        What::Line => input.read_until(b'\n', &mut bytes),
        What::All => input.read_to_end(&mut bytes),
    };
    match read {
        Err(error) => Err(format!("standard input: {error}")),
        Ok(_) if bytes.len() as u64 > MAX_BYTES => {
            Err(format!("more than {} MiB to read at once", MAX_BYTES / 1024 / 1024))
        }
        Ok(0) if what == What::Line => Ok(None),
        Ok(_) => {
            if what == What::Line && bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            Ok(Some(bytes))
        }
    }
}
