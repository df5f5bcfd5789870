//! A turn on a terminal: text as it streams, and a live line for each tool.

use super::{
    Colour, call_label,
    plain::{outcome, seconds},
    printable, width,
};
use crate::domain::{
    call::ToolStatus,
    cut,
    event::{Observer, TurnEvent},
    id::CallId,
};
use std::{
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How often the live lines are drawn while tools run.
const TICK: Duration = Duration::from_millis(100);
const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];

/// Draws on standard error; the answer goes to standard output.
#[derive(Debug)]
pub struct Live {
    gone: CancellationToken,
    screen: Mutex<Screen>,
}

#[derive(Debug)]
struct Screen {
    colour: Colour,
    tools: Vec<Line>,
    /// Live lines on the screen now.
    drawn: usize,
    /// The cursor stands behind text, not at the start of a line.
    mid_line: bool,
    /// Someone else uses the terminal.
    paused: bool,
    tick: usize,
}

#[derive(Debug)]
struct Line {
    id: CallId,
    label: String,
    started: Instant,
    end: Option<(ToolStatus, String, u64)>,
}

impl Live {
    /// Draws until dropped; cancels `gone` when the terminal is. Must be called on the runtime.
    pub fn start(gone: CancellationToken) -> Arc<Self> {
        let screen = Screen {
            colour: Colour::stderr(),
            tools: vec![],
            drawn: 0,
            mid_line: false,
            paused: false,
            tick: 0,
        };
        let live = Arc::new(Self { gone, screen: Mutex::new(screen) });
        tokio::spawn(tick(Arc::downgrade(&live)));
        live
    }

    /// Leaves the terminal to someone else, as long as the guard lives.
    pub fn pause(&self) -> Pause<'_> {
        let mut screen = self.screen();
        screen.erase();
        screen.break_line();
        screen.paused = true;
        Pause(self)
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self, delta: &str) {
        let delta = printable(delta);
        if delta.is_empty() {
            return;
        }
        let mut screen = self.screen();
        screen.erase();
        let mut out = std::io::stdout().lock();
        if out.write_all(delta.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.gone.cancel();
        }
        screen.mid_line = !delta.ends_with('\n');
    }
}

/// Gives the terminal back when dropped.
#[derive(Debug)]
pub struct Pause<'a>(&'a Live);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut screen = self.0.screen();
        screen.paused = false;
        screen.draw();
    }
}

async fn tick(live: Weak<Live>) {
    loop {
        tokio::time::sleep(TICK).await;
        let Some(live) = live.upgrade() else { return };
        let mut screen = live.screen();
        if !screen.tools.is_empty() {
            screen.tick += 1;
            screen.draw();
        }
    }
}

impl Observer for Live {
    fn observe(&self, event: &TurnEvent) {
        match event {
            TurnEvent::Text { delta } => self.text(delta),
            TurnEvent::ToolStart { id, name, args } => {
                let mut screen = self.screen();
                screen.break_line();
                screen.tools.push(Line {
                    id: id.clone(),
                    label: call_label(name, args),
                    started: Instant::now(),
                    end: None,
                });
                screen.draw();
            }
            TurnEvent::ToolEnd { id, status, content, meta, duration_ms, .. } => {
                let mut screen = self.screen();
                if let Some(line) = screen.tools.iter_mut().find(|line| line.id == *id) {
                    line.end = Some((*status, outcome(*status, content, meta), *duration_ms));
                }
                screen.draw();
            }
            TurnEvent::Notice { text } => self.screen().remark("2", &printable(text)),
            TurnEvent::Restart { reason } => {
                self.screen().remark("33", &format!("trying again: {}", printable(reason)));
            }
            TurnEvent::Done { .. } => self.screen().end(),
            TurnEvent::Failed { error, .. } => {
                let mut screen = self.screen();
                screen.end();
                let line = format!("error: {}", printable(error));
                eprintln!("{}", screen.colour.paint("31", &line));
            }
            TurnEvent::Start { .. } | TurnEvent::Reasoning { .. } => {}
        }
    }
}

impl Screen {
    fn break_line(&mut self) {
        if self.mid_line {
            println!();
            self.mid_line = false;
        }
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            eprint!("\x1b[{}A\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }

    fn remark(&mut self, style: &str, text: &str) {
        self.erase();
        self.break_line();
        eprintln!("{}", self.colour.paint(style, text));
        self.draw();
    }

    fn draw(&mut self) {
        if self.paused {
            return;
        }
        let over = self.tools.iter().all(|line| line.end.is_some());
        let width = width().saturating_sub(1);
        let lines: Vec<String> = self.tools.iter().map(|line| self.line(line, width)).collect();
        self.erase();
        for line in &lines {
            eprintln!("{line}");
        }
        if over {
            // They stay as they are; new ones are drawn below.
            self.tools.clear();
        } else {
            self.drawn = lines.len();
        }
    }

    fn line(&self, line: &Line, width: usize) -> String {
        let (mark, style, tail) = match &line.end {
            None => {
                let ms = line.started.elapsed().as_millis() as u64;
                (SPINNER[self.tick % SPINNER.len()], "36", format!("{:.1} s", ms as f64 / 1e3))
            }
            Some((ToolStatus::Ok, outcome, ms)) if outcome == "ok" => ("✓", "32", seconds(*ms)),
            Some((_, outcome, ms)) => ("✗", "31", format!("{outcome}, {}", seconds(*ms))),
        };
        let tail = cut::title(&tail, width / 2);
        let room = width.saturating_sub(tail.chars().count() + 5);
        let label = cut::title(&line.label, room);
        format!("{} {label}  {}", self.colour.paint(style, mark), self.colour.paint("2", &tail))
    }

    fn end(&mut self) {
        self.draw();
        self.break_line();
    }
}
