//! Telling a person something at any time, without spoiling what stands on the screen.

use crate::{
    front::{Colour, Live, printable, to_stderr},
    script::Sink,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

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
    texts: mpsc::Sender<String>,
}

impl Notices {
    /// `above` prints above a line that is being edited, where one can be.
    pub(super) fn start(above: Option<Above>) -> std::io::Result<Self> {
        let (texts, inbox) = mpsc::channel::<String>();
        let screen = Arc::new(Mutex::new(Screen { turn: None, above }));
        let theirs = Arc::clone(&screen);
        thread::Builder::new().name("notices".into()).spawn(move || {
            while let Ok(text) = inbox.recv() {
                print(&theirs, &text);
            }
        })?;
        Ok(Self { screen, texts })
    }

    /// Takes notices.
    pub(super) fn sink(&self) -> Sink {
        let texts = Mutex::new(self.texts.clone());
        Arc::new(move |text| {
            // The thread lives as long as anybody can send to it.
            let _ = lock(&texts).send(text.to_owned());
        })
    }

    /// From now on a turn draws on the screen, or none does.
    pub(super) fn serve(&self, turn: Option<Arc<Live>>) {
        lock(&self.screen).turn = turn;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn print(screen: &Mutex<Screen>, text: &str) {
    let text = printable(text);
    let (turn, above) = {
        let mut screen = lock(screen);
        match screen.turn.clone() {
            Some(turn) => (Some(turn), None),
            // Taken out: it may block, and nobody is to wait for that.
            None => (None, screen.above.take()),
        }
    };
    if let Some(turn) = turn {
        return turn.remark(STYLE, &text);
    }
    let lines: Vec<String> = text.lines().map(|line| Colour::stderr().paint(STYLE, line)).collect();
    let shown = format!("{}\n", lines.join("\n"));
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
