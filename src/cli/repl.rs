//! `openpista repl`.

use super::{
    Exit, TurnArgs,
    route::{Route, RouteArgs},
};
use crate::{
    app::{
        Flags, block_on,
        daemon::{Nearby, Running},
    },
    front::to_stderr,
    repl::{Attach, attached},
};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Repl {
    #[command(flatten)]
    turn: TurnArgs,
    /// Go on with this session (a name or an id), or begin one of this name
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    #[command(flatten)]
    route: RouteArgs,
}

impl Repl {
    pub(super) fn main(self, mut flags: Flags) -> anyhow::Result<Exit> {
        let route = self.route.route(&flags, true)?;
        self.turn.add_to(&mut flags);
        let end = match route {
            Route::Daemon(nearby, running) => block_on(attached(self.attach(nearby, running))),
            Route::Local(running) => {
                if let Some(Running { pid, difference: Some(difference), .. }) = running {
                    to_stderr(&format!(
                        "not attached to the daemon (pid {pid}): {difference}; --attach attaches all the same\n"
                    ));
                }
                block_on(crate::repl::main(flags, self.session))
            }
        };
        end.map(Exit::from)
    }

    fn attach(self, nearby: Box<Nearby>, running: Running) -> Attach {
        let Running { difference, history, .. } = running;
        let history = history.unwrap_or_else(|| nearby.dirs().state.join("history"));
        Attach {
            way: nearby,
            session: self.session,
            agent: self.turn.agent,
            model: self.turn.model,
            yes: self.turn.yes,
            history,
            remark: difference.map(|difference| difference.to_string()),
        }
    }
}
