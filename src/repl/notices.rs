//! Telling a person something at any time, without spoiling what stands on the screen.

use crate::{
    front::{Colour, Live, printable, to_stderr},
    script::Sink,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// How long the end of a program may be held up by what is still to be printed.
const SETTLING: Duration = Duration::from_millis(500);
/// Colour of a notice: yellow.
const STYLE: &str = "33";

/// Prints above the line that is being edited.
pub(super) type Above = Box<dyn FnMut(String) -> bool + Send>;

/// Who has the screen.
struct Screen {
    turn: Option<Arc<Live>>,
    above: Option<Above>,
}

/// The way to the person. Printing above the line may have to wait for the editor, and so is done on a
/// thread of its own.
#[derive(Clone)]
pub(super) struct Notices {
    screen: Arc<Mutex<Screen>>,
    texts: mpsc::Sender<Text>,
}

/// What is to be printed.
enum Text {
    /// By the engine.
    Notice(String),
    /// Of the log, as it is.
    Log(String),
    /// Nothing: whoever sent it wants to know that all before it is printed.
    Mark(mpsc::Sender<()>),
}

impl Text {
    /// How it looks.
    fn shown(&self) -> String {
        match self {
            Self::Notice(text) => {
                let text = printable(text);
                text.lines().map(|line| Colour::stderr().paint(STYLE, line)).collect::<Vec<_>>().join("\n")
            }
            Self::Log(line) => line.trim_end_matches('\n').to_owned(),
            Self::Mark(_) => String::new(),
        }
    }
}

impl Notices {
    /// `above` prints above a line that is being edited, where one can be.
    pub(super) fn start(above: Option<Above>) -> std::io::Result<Self> {
        let (texts, inbox) = mpsc::channel::<Text>();
        let screen = Arc::new(Mutex::new(Screen { turn: None, above }));
        let theirs = Arc::clone(&screen);
        thread::Builder::new().name("notices".into()).spawn(move || {
            while let Ok(text) = inbox.recv() {
                match text {
                    // Who waits for it may have given up.
                    Text::Mark(printed) => drop(printed.send(())),
                    text => print(&theirs, &text),
                }
            }
        })?;
        Ok(Self { screen, texts })
    }

    /// Takes notices.
    pub(super) fn sink(&self) -> Sink {
        let texts = Mutex::new(self.texts.clone());
        Arc::new(move |text| {
            // The thread lives as long as anybody can send to it.
            let _ = lock(&texts).send(Text::Notice(text.to_owned()));
        })
    }

    /// Takes lines of the log.
    pub(super) fn log(&self) -> Sink {
        let texts = Mutex::new(self.texts.clone());
        Arc::new(move |line| {
            let _ = lock(&texts).send(Text::Log(line.to_owned()));
        })
    }

    /// Waits until what was sent is printed, for a while.
    pub(super) fn settle(&self) {
        let (mark, printed) = mpsc::channel();
        if self.texts.send(Text::Mark(mark)).is_ok() {
            let _ = printed.recv_timeout(SETTLING);
        }
    }

    /// From now on a turn draws on the screen, or none does.
    pub(super) fn serve(&self, turn: Option<Arc<Live>>) {
        lock(&self.screen).turn = turn;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(screen: &Mutex<Screen>, text: &Text) {
    let text = text.shown();
    let (turn, above) = {
        let mut screen = lock(screen);
        match screen.turn.clone() {
            Some(turn) => (Some(turn), None),
            // Taken out: it may block, and nobody is to wait for that.
            None => (None, screen.above.take()),
        }
    };
    if let Some(turn) = turn {
        return turn.above(&text);
    }
    let shown = format!("{text}\n");
    match above {
        Some(mut above) => {
            let printed = above(shown.clone());
            lock(screen).above = Some(above);
            if !printed {
                to_stderr(&shown);
            }
        }
        None => to_stderr(&shown),
    }
}
