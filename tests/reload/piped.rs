//! The REPL, fed by a pipe that stays open.

use crate::support::program::{Home, PATIENCE};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Text that comes in.
#[derive(Clone, Default)]
pub(crate) struct Stream(Arc<(Mutex<String>, Condvar)>);

impl Stream {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let stream = Self::default();
        let sink = stream.clone();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                sink.0.0.lock().expect("text").push_str(&format!("{line}\n"));
                sink.0.1.notify_all();
            }
        });
        stream
    }

    pub(crate) fn text(&self) -> String {
        self.0.0.lock().expect("text").clone()
    }

    /// Waits until `text` is there for the `times`th time; all that is there then.
    #[track_caller]
    pub(crate) fn sees_times(&self, text: &str, times: usize) -> String {
        let end = Instant::now() + PATIENCE;
        let mut all = self.0.0.lock().expect("text");
        while all.matches(text).count() < times {
            assert!(Instant::now() < end, "{text:?} did not come {times} times:\n{all}");
            all = self.0.1.wait_timeout(all, Duration::from_millis(100)).expect("text").0;
        }
        all.clone()
    }

    #[track_caller]
    pub(crate) fn sees(&self, text: &str) -> String {
        self.sees_times(text, 1)
    }
}

/// A REPL under way. Killed when dropped.
pub(crate) struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) out: Stream,
    pub(crate) err: Stream,
}

impl Piped {
    /// Starts it, and waits until it answers.
    pub(crate) fn start(home: &Home) -> Self {
        Self::command(home.command(["repl"]))
    }

    pub(crate) fn command(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdin = child.stdin.take();
        let out = Stream::of(child.stdout.take().expect("a pipe"));
        let err = Stream::of(child.stderr.take().expect("a pipe"));
        let mut piped = Self { child, stdin, out, err };
        piped.line("='it' .. ' runs'");
        piped.out.sees("it runs");
        piped
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().expect("open"), "{line}").expect("written");
    }

    /// Says something, and waits for this answer.
    #[track_caller]
    pub(crate) fn says(&mut self, line: &str, answer: &str) {
        let before = self.out.text().matches(answer).count();
        self.line(line);
        self.out.sees_times(answer, before + 1);
    }

    /// Ends the input; the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.ended()
    }

    /// Waits until it has ended by itself; the exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            assert!(Instant::now() < end, "it goes on:\n{}", self.err.text());
            thread::sleep(Duration::from_millis(3));
        }
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
