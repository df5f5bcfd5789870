//! `openpista eval CODE`.

use super::{
    Exit, TurnArgs, input,
    stage::{Ending, Stage, UNLIMITED},
};
use crate::{
    app::{self, Flags, block_on, daemon::Nearby},
    attach::Link,
    front::{Output, to_stderr},
    script::{Form, Outcome},
};
use clap::Args;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How long after a signal Lua may still run: its `<close>` variables.
const CLOSING: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct Eval {
    /// An expression or statements; - reads them from standard input
    #[arg(allow_hyphen_values = true)]
    code: String,
    /// Print the values as JSON, one a line; what `print` writes goes to standard error
    #[arg(long, conflicts_with = "attach")]
    json: bool,
    /// In the live engine of the daemon, whose globals it changes
    #[arg(long, conflicts_with_all = ["model", "agent", "yes"])]
    attach: bool,
    #[command(flatten)]
    turn: TurnArgs,
}

impl Eval {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let code = match input::message(std::slice::from_ref(&self.code)) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("openpista eval: {error}");
                return Ok(Exit::Usage);
            }
        };
        match self.attach {
            true => block_on(in_daemon(code)),
            false => block_on(self.evaluate(flags, code)),
        }
    }

    async fn evaluate(&self, flags: Flags, code: String) -> anyhow::Result<Exit> {
        let stage = Stage::set(flags, &self.turn).await?;
        let script = stage.script();
        let output = stage.output.clone();
        let json = self.json;
        script
            .print_to(Arc::new(move |line| match json {
                true => to_stderr(&format!("{line}\n")),
                false => output.write(&format!("{line}\n")),
            }))
            .await?;
        let form = if json { Form::Json } else { Form::Readable };
        let stop = CancellationToken::new();
        let evaluated = async {
            tokio::select! {
                outcome = script.evaluate(code, form, UNLIMITED) => Some(outcome),
                // Dropping the evaluation stops the script.
                () = stop.cancelled() => None,
            }
        };
        let ending = stage.perform(evaluated, || stop.cancel()).await;
        let ending = match ending {
            // Shown before the tasks that it started are waited for.
            Ending::Done(Some(Outcome::Values(values))) => {
                values.into_iter().for_each(|values| stage.output.write(&format!("{values}\n")));
                let tasks = async {
                    tokio::select! {
                        () = script.evaluated_tasks() => Some(Outcome::Values(None)),
                        () = stop.cancelled() => None,
                    }
                };
                stage.perform(tasks, || stop.cancel()).await
            }
            ending => ending,
        };
        if matches!(ending, Ending::Interrupted) {
            tokio::time::sleep(CLOSING).await;
        }
        let output = stage.output.clone();
        Ok(stage
            .close(ending, |outcome| match outcome {
                Some(Outcome::Values(_)) if output.lost() => Exit::Failed,
                Some(Outcome::Values(_)) => Exit::Ok,
                Some(Outcome::Incomplete) => {
                    to_stderr("openpista eval: the code is incomplete: more has to follow\n");
                    Exit::Failed
                }
                Some(Outcome::Error(error)) => {
                    to_stderr(&format!("{error}\n"));
                    Exit::Failed
                }
                None => Exit::Interrupted,
            })
            .await)
    }
}

/// Evaluates in the daemon's live engine.
async fn in_daemon(code: String) -> anyhow::Result<Exit> {
    let link = Link::open(Box::new(Nearby::here()?)).await?;
    let unread = CancellationToken::new();
    let output = Output::new(unread.clone());
    let evaluated = tokio::select! {
        evaluated = link.evaluate(&code, |text| output.write(text)) => evaluated?,
        // Dropping the evaluation stops the script.
        () = app::interrupted() => return Ok(Exit::Interrupted),
        () = unread.cancelled() => return Ok(if output.lost() { Exit::Failed } else { Exit::Ok }),
    };
    link.close().await;
    if evaluated.incomplete {
        to_stderr("openpista eval: the code is incomplete: more has to follow\n");
        return Ok(Exit::Failed);
    }
    if let Some(error) = evaluated.error {
        to_stderr(&format!("{error}\n"));
        return Ok(Exit::Failed);
    }
    if let Some(values) = evaluated.values {
        output.write(&format!("{values}\n"));
    }
    Ok(if output.lost() { Exit::Failed } else { Exit::Ok })
}
