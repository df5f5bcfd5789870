//! A program at a terminal of its own.

#![allow(unsafe_code)]

use super::{program::PATIENCE, screen::Screen};
use std::{
    fs::File,
    io::{PipeReader, PipeWriter, Read, Write},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// What the program wrote, and whether more may come.
#[derive(Default)]
struct Written {
    bytes: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

/// The terminal, with the program in it. Killed when dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// The screen is read as long as this is kept.
    reading: Option<PipeWriter>,
    written: Arc<Written>,
    rows: u16,
    columns: u16,
}

impl Terminal {
    /// Starts a command at a terminal of 24 rows and 100 columns.
    pub fn start(command: Command) -> Self {
        Self::sized(command, 24, 100)
    }

    pub fn sized(mut command: Command, rows: u16, columns: u16) -> Self {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let (mut master, mut slave) = (-1, -1);
        // SAFETY: the pointers are to live variables, or null where that is allowed.
        let opened =
            unsafe { libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null(), &size) };
        assert_eq!(opened, 0, "a pseudo-terminal");
        // SAFETY: both were just opened, and nobody else has them.
        let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
        // SAFETY: the descriptor is open; no other program may inherit the keyboard.
        unsafe { libc::fcntl(master.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
        let copy = || slave.try_clone().expect("a copy");
        command.stdin(copy()).stdout(copy()).stderr(copy());
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        // SAFETY: only calls that are allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("the program starts");
        let keyboard = File::from(master);
        let written = Arc::new(Written::default());
        let (mut screen, sink) = (keyboard.try_clone().expect("a copy"), written.clone());
        let (until, reading) = std::io::pipe().expect("a pipe");
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            // At the program's end, Linux gives an error.
            while is_readable(&screen, &until)
                && let Ok(count @ 1..) = screen.read(&mut buffer)
            {
                sink.bytes.lock().expect("bytes").0.extend_from_slice(&buffer[..count]);
                sink.more.notify_all();
            }
            sink.bytes.lock().expect("bytes").1 = true;
            sink.more.notify_all();
        });
        // The program has ended when nobody but us has the other side.
        drop(command);
        drop(slave);
        Self { child, keyboard, reading: Some(reading), written, rows, columns }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the keyboard works");
    }

    /// Pulls the plug; the exit code.
    pub fn hang_up(mut self) -> Option<i32> {
        drop(self.reading.take());
        self.keyboard = File::open("/dev/null").expect("nothing");
        self.code()
    }

    /// Types a line.
    pub fn line(&mut self, line: &str) {
        self.keys(&format!("{line}\r"));
    }

    /// All that was written, escape sequences and all.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.written.bytes.lock().expect("bytes").0).into_owned()
    }

    /// What a person sees, from the beginning.
    pub fn screen(&self) -> String {
        self.look().text()
    }

    fn look(&self) -> Screen {
        let bytes = self.written.bytes.lock().expect("bytes").0.clone();
        Screen::of(&bytes, self.rows.into(), self.columns.into())
    }

    /// Waits until the screen is as it should be; returns it. Fails the test when it doesn't come to be.
    #[track_caller]
    pub fn until(&self, what: &str, condition: impl Fn(&Screen) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.look();
            if condition(&screen) {
                return screen.text();
            }
            let over = self.written.bytes.lock().expect("bytes").1;
            if over || Instant::now() > end {
                // What was written last may have come after the look.
                let screen = self.look();
                assert!(condition(&screen), "{what} did not come; the screen:\n{}", screen.text());
                return screen.text();
            }
            let bytes = self.written.bytes.lock().expect("bytes");
            drop(self.written.more.wait_timeout(bytes, Duration::from_millis(20)));
        }
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn sees(&self, text: &str) -> String {
        self.until(text, |screen| screen.text().contains(text))
    }

    /// Waits until the screen shows `text` so many times.
    #[track_caller]
    pub fn sees_times(&self, text: &str, times: usize) -> String {
        self.until(text, |screen| screen.text().matches(text).count() >= times)
    }

    /// Waits until the last line is this one, the cursor in it.
    #[track_caller]
    pub fn at(&self, line: &str) -> String {
        self.until(&format!("the line {line:?}"), |screen| {
            screen.cursor_line() == line && screen.text().lines().last() == Some(line)
        })
    }

    /// Whether typed characters are shown and edited by the terminal itself, as a shell leaves it.
    pub fn is_sane(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.keyboard).expect("modes");
        use rustix::termios::{InputModes, LocalModes, OutputModes};
        modes.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
            && modes.input_modes.contains(InputModes::ICRNL)
            && modes.output_modes.contains(OutputModes::OPOST)
    }

    /// Waits for the end; the exit code, or `None` when a signal ended it.
    #[track_caller]
    pub fn code(&mut self) -> Option<i32> {
        self.ends_within(PATIENCE)
    }

    /// The same, within this time.
    #[track_caller]
    pub fn ends_within(&mut self, time: Duration) -> Option<i32> {
        let end = Instant::now() + time;
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            assert!(Instant::now() < end, "the program goes on; the screen:\n{}", self.screen());
            thread::sleep(Duration::from_millis(3));
        }
    }
}

/// Waits until there is something to read; false when the other end of `until` is closed.
fn is_readable(file: &File, until: &PipeReader) -> bool {
    let wanted = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut both = [wanted(file.as_raw_fd()), wanted(until.as_raw_fd())];
    // SAFETY: the pointer is to as many as are said, and both descriptors are open.
    unsafe { libc::poll(both.as_mut_ptr(), 2, -1) };
    both[1].revents == 0
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
