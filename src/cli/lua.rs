//! `openpista lua FILE`.

use super::{
    Exit, TurnArgs,
    stage::{Ending, Stage},
};
use crate::{
    app::{Flags, block_on},
    front::to_stderr,
    script::{Ended, Program, ScriptError},
};
use clap::Args;
use std::{ffi::OsString, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub(super) struct Lua {
    #[command(flatten)]
    turn: TurnArgs,
    /// The script. A first line `#!/usr/bin/env -S openpista lua` makes it a command
    file: PathBuf,
    /// What it gets in `arg` and `...`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

impl Lua {
    /// `detailed`: errors come with the calls that led to them.
    pub(super) fn main(self, flags: Flags, detailed: bool) -> anyhow::Result<Exit> {
        block_on(self.run(flags, detailed))
    }

    async fn run(self, flags: Flags, detailed: bool) -> anyhow::Result<Exit> {
        let stage = Stage::set(flags, &self.turn).await?;
        let script = stage.script();
        let output = stage.output.clone();
        script.print_to(Arc::new(move |line| output.write(&format!("{line}\n")))).await?;
        let stop = CancellationToken::new();
        let program = Program { path: self.file, args: self.args, stop: stop.clone() };
        let ending = stage.perform(script.run_program(program), || stop.cancel()).await;
        let told = |error: &ScriptError| {
            to_stderr(&format!("{error}\n"));
            if let Some(calls) = error.traceback.as_ref().filter(|_| detailed) {
                to_stderr(&format!("{}\n", calls.trim_end()));
            }
        };
        if let Ending::Done(Ended::Exited(_, Some(error)) | Ended::Failed(error)) = &ending {
            told(error);
        }
        Ok(stage
            .close(ending, |ended| match ended {
                Ended::Exited(code, _) => Exit::Code(code),
                Ended::Stopped => Exit::Interrupted,
                Ended::Failed(_) => Exit::Failed,
            })
            .await)
    }
}
