//! The live part of the terminal: a few lines at the bottom that are drawn anew, and what goes
//! above them for good.

use super::{
    Colour, call_label,
    columns::{columns, fit},
    flow::Flow,
    plain::{outcome, seconds},
    terminal, to_stderr,
};
use crate::domain::{JsonMap, call::ToolStatus, id::CallId};
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// How long a model may think before the screen says that it does.
const PATIENCE: Duration = Duration::from_secs(1);
const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];

/// What is on the screen.
#[derive(Debug)]
pub(super) struct Screen {
    colour: Colour,
    tools: Vec<Line>,
    /// What the turn waits for when no tool runs, and since when.
    waits: Option<(&'static str, Instant)>,
    /// Live lines on the screen now; the cursor stands below them.
    drawn: usize,
    flow: Flow,
    /// Someone else uses the terminal; what came meanwhile.
    paused: Option<String>,
    tick: usize,
}

/// A tool call.
#[derive(Debug)]
struct Line {
    id: CallId,
    label: String,
    started: Instant,
    end: Option<(ToolStatus, String, u64)>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            colour: Colour::stderr(),
            tools: vec![],
            waits: None,
            drawn: 0,
            flow: Flow::default(),
            paused: None,
            tick: 0,
        }
    }

    /// Says what the turn waits for, unless it says that already.
    pub(super) fn wait(&mut self, what: &'static str) {
        match &mut self.waits {
            Some((known, _)) => *known = what,
            None => self.waits = Some((what, Instant::now())),
        }
    }

    /// Takes the live lines away; returns what is to be written of the piece of text.
    pub(super) fn text(&mut self, piece: &str) -> String {
        let text = self.flow.next(piece);
        if !text.is_empty() {
            self.waits = None;
            self.erase();
        }
        text
    }

    pub(super) fn tool_start(&mut self, id: &CallId, name: &str, args: &JsonMap) {
        self.waits = None;
        let label = call_label(name, args);
        self.tools.push(Line { id: id.clone(), label, started: Instant::now(), end: None });
        self.draw("");
    }

    pub(super) fn tool_end(
        &mut self,
        id: &CallId,
        status: ToolStatus,
        content: &str,
        meta: &JsonMap,
        ms: u64,
    ) {
        if let Some(line) = self.tools.iter_mut().find(|line| line.id == *id) {
            line.end = Some((status, outcome(status, content, meta), ms));
        }
        self.draw("");
        if self.tools.is_empty() {
            self.wait("waiting for the model");
        }
    }

    /// A line for good.
    pub(super) fn remark(&mut self, style: &str, text: &str) {
        let text = self.colour.paint(style, text);
        self.above(&text);
    }

    /// Puts whole lines, as they are, above the live ones.
    pub(super) fn above(&mut self, text: &str) {
        self.draw(&format!("{text}\n"));
    }

    /// The turn is over: what still runs was stopped.
    pub(super) fn end(&mut self) {
        self.waits = None;
        for line in &mut self.tools {
            let ms = line.started.elapsed().as_millis() as u64;
            line.end.get_or_insert_with(|| (ToolStatus::Cancelled, "cancelled".into(), ms));
        }
        self.draw("");
        to_stderr(self.flow.end());
    }

    pub(super) fn pause(&mut self) {
        self.waits = None;
        self.erase();
        to_stderr(self.flow.end());
        self.paused = Some(String::new());
    }

    pub(super) fn go_on(&mut self) {
        let held = self.paused.take().unwrap_or_default();
        self.draw(&held);
    }

    pub(super) fn tick(&mut self) {
        self.tick += 1;
        if !self.tools.is_empty() || self.waits() {
            self.draw("");
        }
    }

    fn waits(&self) -> bool {
        let long = self.waits.is_some_and(|(_, since)| since.elapsed() >= PATIENCE);
        long && self.tools.is_empty() && !self.flow.is_mid_line()
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            to_stderr(&format!("\x1b[{}A\x1b[J", self.drawn));
            self.drawn = 0;
        }
    }

    /// Writes `above` and the calls that are over for good, and the live lines anew, all at once.
    fn draw(&mut self, above: &str) {
        if let Some(held) = &mut self.paused {
            held.push_str(above);
            return;
        }
        let (width, height) = terminal::size();
        // The last column stays free: a terminal wraps differently when it is written to.
        let width = width - 1;
        let mut kept = above.to_owned();
        let over = self.tools.iter().take_while(|line| line.end.is_some()).count();
        for line in self.tools.drain(..over) {
            let _ = writeln!(kept, "{}", line.show(self.colour, width, self.tick));
        }
        // The topmost row stays free: some terminals keep what they had when all of it is cleared.
        let live = self.live(width, height.saturating_sub(2).max(1));
        if kept.is_empty() && live.is_empty() && self.drawn == 0 {
            return;
        }
        let mut out = self.flow.end().to_owned();
        // Writing to a String can't fail.
        if self.drawn > 0 {
            let _ = write!(out, "\x1b[{}A", self.drawn);
        }
        if !kept.is_empty() || live.len() < self.drawn {
            out.push_str("\x1b[J");
        }
        out.push_str(&kept);
        for line in &live {
            // Written over what stands there; what may be too long all the same must not wrap.
            let _ = writeln!(out, "\x1b[?7l{line}\x1b[K\x1b[?7h");
        }
        self.drawn = live.len();
        to_stderr(&out);
    }

    /// The lines of what is under way, at most `most`.
    fn live(&self, width: usize, most: usize) -> Vec<String> {
        if let Some((what, since)) = self.waits.filter(|_| self.waits()) {
            let text = fit(&format!("{what}  {}", tenths(since.elapsed())), width - 2);
            let mark = self.colour.paint("36", SPINNER[self.tick % SPINNER.len()]);
            return vec![format!("{mark} {}", self.colour.paint("2", &text))];
        }
        let shown = if self.tools.len() > most { most - 1 } else { self.tools.len() };
        let mut lines: Vec<String> =
            self.tools[..shown].iter().map(|line| line.show(self.colour, width, self.tick)).collect();
        if shown < self.tools.len() {
            lines.push(self.colour.paint("2", &format!("… and {} more", self.tools.len() - shown)));
        }
        lines
    }
}

impl Line {
    /// In at most `width` columns: how it went, what it is, and its time.
    fn show(&self, colour: Colour, width: usize, tick: usize) -> String {
        let (mark, style, tail) = match &self.end {
            None => (SPINNER[tick % SPINNER.len()], "36", tenths(self.started.elapsed())),
            Some((ToolStatus::Ok, outcome, ms)) if outcome == "ok" => ("✓", "32", seconds(*ms)),
            // It did not run: there is no time to tell, and the first sentence says why.
            Some((ToolStatus::Denied, outcome, _)) => {
                let reason = outcome.split_once(". ").map_or(outcome.as_str(), |(first, _)| first);
                ("✗", "31", fit(reason, width / 2))
            }
            Some((_, outcome, ms)) => {
                let time = seconds(*ms);
                // The reason is cut, not the time.
                let room = (width / 2).saturating_sub(columns(&time) + 2);
                ("✗", "31", format!("{}, {time}", fit(outcome, room)))
            }
        };
        let label = fit(&self.label, width.saturating_sub(columns(&tail) + 4));
        format!("{} {label}  {}", colour.paint(style, mark), colour.paint("2", &tail))
    }
}

/// `3.2 s`: steady enough to look at.
fn tenths(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
