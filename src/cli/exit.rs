//! How the program ends, as scripts see it.

use crate::repl::End;
use std::process::ExitCode;

/// Exit codes; 78 is `EX_CONFIG` of `sysexits.h`, 130 what shells report for Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It worked.
    Ok,
    /// It did not: the turn failed, or what was asked for isn't there.
    Failed,
    /// The command line is wrong.
    Usage,
    /// The configuration is wrong.
    Config,
    /// The user stopped it.
    Interrupted,
    /// As a script says.
    Code(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Config => 78,
            Exit::Interrupted => 130,
            Exit::Code(code) => code,
        })
    }
}

impl From<End> for Exit {
    fn from(end: End) -> Self {
        match end {
            End::Left => Self::Ok,
            End::Failed => Self::Failed,
            End::Stopped => Self::Interrupted,
        }
    }
}
