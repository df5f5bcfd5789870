//! The engine around a script that acts by itself: `eval` and `lua`.

use super::{Exit, TurnArgs};
use crate::{
    app::{self, App, Flags},
    domain::approval::{Approver, Nobody},
    front::{AskOnTerminal, Output, to_stderr},
    script::{Limits, ScriptHandle},
};
use std::{future::Future, io::IsTerminal, pin::pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// What is evaluated for a person may take as long as it likes: Ctrl-C ends it. (A hundred years,
/// which clocks can count.)
pub(super) const UNLIMITED: Limits = Limits::both(Duration::from_secs(100 * 365 * 86_400));
/// How long a script that was told to stop is waited for. Longer than it takes by its own account.
const PATIENCE: Duration = Duration::from_secs(5);

/// The engine, and where the script writes.
pub(super) struct Stage {
    app: App,
    pub(super) output: Output,
    unread: CancellationToken,
}

/// How the work ended.
pub(super) enum Ending<T> {
    /// By itself.
    Done(T),
    /// A signal ended it.
    Interrupted,
    /// Nobody reads what it writes.
    Unread,
}

impl Stage {
    /// Loads the configuration and gives its functions what they act through.
    pub(super) async fn set(mut flags: Flags, turn: &TurnArgs) -> anyhow::Result<Self> {
        turn.add_to(&mut flags);
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let approver: Arc<dyn Approver> =
            if asks { Arc::new(AskOnTerminal::new(None)) } else { Arc::new(Nobody) };
        let notice: crate::script::Sink = Arc::new(|text| to_stderr(&format!("{text}\n")));
        let app = App::start_telling(flags, approver, Some(notice)).await?;
        let unread = CancellationToken::new();
        Ok(Self { app, output: Output::new(unread.clone()), unread })
    }

    /// The live Lua engine.
    pub(super) fn script(&self) -> ScriptHandle {
        self.app.script()
    }

    /// Lets `work` run to its end. At a signal, or when nobody reads the output, `stop` is called and
    /// the rest is waited for; not any longer at a second signal.
    pub(super) async fn perform<T>(&self, work: impl Future<Output = T>, stop: impl Fn()) -> Ending<T> {
        let mut work = pin!(work);
        let ending = tokio::select! {
            biased;
            done = &mut work => return Ending::Done(done),
            () = app::interrupted() => Ending::Interrupted,
            () = self.unread.cancelled() => Ending::Unread,
        };
        stop();
        tokio::select! {
            _ = work => {}
            () = app::interrupted() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
        ending
    }

    /// Ends the engine; the exit code of what was never read, or interrupted.
    pub(super) async fn close<T>(self, ending: Ending<T>, done: impl FnOnce(T) -> Exit) -> Exit {
        self.app.close().await;
        match ending {
            _ if self.output.lost() => Exit::Failed,
            Ending::Done(value) => done(value),
            Ending::Interrupted => Exit::Interrupted,
            // Whoever read the output has seen enough.
            Ending::Unread => Exit::Ok,
        }
    }
}
