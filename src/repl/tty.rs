//! The terminal's modes.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::stdin;

/// The modes that the terminal had at the start. They come back when this is dropped, also when the
/// program ends in the midst of a line.
pub(super) struct Tty(Termios);

impl Tty {
    /// `None` when standard input is no terminal.
    pub(super) fn of_stdin() -> Option<Self> {
        tcgetattr(stdin()).ok().map(Self)
    }

    /// What is typed does not show while the guard lives: it would get in the way of what is
    /// drawn. The next prompt takes it up.
    pub(super) fn quiet(&self) -> Quiet<'_> {
        let mut modes = self.0.clone();
        modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
        set(&modes);
        Quiet(self)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        set(&self.0);
    }
}

/// Shows again what is typed, when dropped.
pub(super) struct Quiet<'a>(&'a Tty);

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        set(&self.0.0);
    }
}

fn set(modes: &Termios) {
    // A terminal that is gone has no modes to set.
    let _ = tcsetattr(stdin(), OptionalActions::Now, modes);
}
