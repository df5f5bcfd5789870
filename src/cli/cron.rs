//! `openpista cron …`.

use super::Exit;
use crate::{
    app::{App, Flags, JobReport, Loaded, block_on},
    domain::{
        approval::{Approver, Nobody},
        causes::causes,
        cron::{RunRecord, RunState},
        cut,
    },
    front::{AskOnTerminal, Colour, ago, printable},
};
use clap::{Args, Subcommand};
use serde_json::json;
use std::{
    cell::Cell,
    io::{IsTerminal, Write},
    sync::Arc,
};

/// Characters of an error or a text that a line shows.
const DETAIL_CHARS: usize = 60;

#[derive(Debug, Args)]
pub(super) struct Cron {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the jobs, when each is due, and how each ran last
    #[command(alias = "ls")]
    List {
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Run a job now, in this process, and print what it gives
    Run {
        /// The job
        name: String,
    },
    /// Put a job back that was set aside because its runs made the program panic; it makes up for missed
    /// times as declared
    Retry {
        /// The job
        name: String,
    },
    /// The same, without making up for missed times
    Drop {
        /// The job
        name: String,
    },
    /// Show what became of the runs of a job, or of all; the newest first
    History {
        /// The job
        name: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
}

impl Cron {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async move {
            match self.command {
                Command::List { json } => list(flags, json).await,
                Command::Run { name } => run(flags, &name).await,
                Command::Retry { name } => put_back(flags, &name, true).await,
                Command::Drop { name } => put_back(flags, &name, false).await,
                Command::History { name, limit, json } => history(flags, name.as_deref(), limit, json).await,
            }
        })
    }
}

async fn list(flags: Flags, json: bool) -> anyhow::Result<Exit> {
    let loaded = Loaded::load(flags).await?;
    let mut out = std::io::stdout().lock();
    let jobs = loaded.jobs().await?;
    for job in &jobs {
        if json {
            writeln!(out, "{}", as_json(job))?;
        } else {
            writeln!(out, "{}", line(job, Colour::stdout()))?;
        }
    }
    if jobs.is_empty() && !json {
        eprintln!("no jobs: pista.cron in init.lua declares them");
    }
    Ok(Exit::Ok)
}

fn as_json(job: &JobReport) -> serde_json::Value {
    let JobReport { spec, schedule, zone, next_ms, next, last, set_aside } = job;
    json!({
        "name": spec.name, "schedule": schedule, "zone": zone, "next_ms": next_ms, "next": next,
        "missed": spec.missed, "overlap": spec.overlap, "timeout": spec.timeout.as_secs_f64(),
        "to": spec.to, "location": spec.location, "last": last, "set_aside": set_aside,
    })
}

fn line(job: &JobReport, colour: Colour) -> String {
    let zone = job.zone.as_deref().map(|zone| format!(" {zone}")).unwrap_or_default();
    let next = job.next.as_deref().unwrap_or("never");
    let last = match &job.last {
        None => "never ran".into(),
        Some(run) => format!("last {} {}", outcome(run, colour), ago(when(run))),
    };
    let schedule = format!("{}{zone}", job.schedule);
    let mut line = format!("{:<16} {schedule:<32} next {next:<27} {last}", job.spec.name);
    if let Some(reason) = &job.set_aside {
        let name = &job.spec.name;
        line += &format!("\n{:<16} set aside: {reason} (`openpista cron retry {name}` puts it back)", "");
    }
    printable(&line)
}

async fn put_back(flags: Flags, name: &str, makes_up: bool) -> anyhow::Result<Exit> {
    let loaded = Loaded::load(flags).await?;
    if loaded.put_back(name, makes_up).await? {
        eprintln!("{name}: put back; a daemon that runs takes it up within some seconds");
        return Ok(Exit::Ok);
    }
    eprintln!("openpista: the job {name} is not set aside");
    Ok(Exit::Failed)
}

async fn history(flags: Flags, name: Option<&str>, limit: usize, json: bool) -> anyhow::Result<Exit> {
    let loaded = Loaded::load(flags).await?;
    let mut out = std::io::stdout().lock();
    let runs = loaded.job_runs(name, limit).await?;
    for run in &runs {
        if json {
            writeln!(out, "{}", serde_json::to_string(run)?)?;
            continue;
        }
        let time = loaded.local_time(run.scheduled_ms);
        let took = match (run.started_ms, run.ended_ms) {
            (Some(start), Some(end)) => format!("{:.1} s", (end - start).max(0) as f64 / 1_000.0),
            _ => String::new(),
        };
        let mut details = vec![];
        if run.manual {
            details.push("by hand".to_owned());
        }
        if run.attempt > 1 {
            details.push(format!("attempt {}", run.attempt));
        }
        if run.missed > 0 {
            details.push(format!("{} missed", run.missed));
        }
        details.extend(run.note.clone());
        details.extend(run.error.clone());
        details.extend(run.delivery_error.as_ref().map(|error| format!("undelivered: {error}")));
        details.extend(run.output.clone());
        let details = cut::title(&printable(&details.join("; ")).replace('\n', " "), DETAIL_CHARS);
        let state = outcome(run, Colour::stdout());
        writeln!(out, "{time}  {:<16} {state} {took:>8}  {details}", printable(&run.job))?;
    }
    if runs.is_empty() && !json {
        eprintln!("nothing has run yet");
    }
    Ok(Exit::Ok)
}

/// The state in a column, and in colour.
fn outcome(run: &RunRecord, colour: Colour) -> String {
    let style = match run.state {
        RunState::Ok => "32",
        RunState::Failed | RunState::Timeout | RunState::Interrupted => "31",
        _ => "2",
    };
    colour.paint(style, &format!("{:<11}", run.state.as_str()))
}

fn when(run: &RunRecord) -> i64 {
    run.ended_ms.or(run.started_ms).unwrap_or(run.scheduled_ms)
}

async fn run(flags: Flags, name: &str) -> anyhow::Result<Exit> {
    let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let approver: Arc<dyn Approver> =
        if asks { Arc::new(AskOnTerminal::new(None)) } else { Arc::new(Nobody) };
    let app = App::start(flags, approver).await?;
    let interrupted = Cell::new(false);
    let stop = async {
        crate::app::interrupted().await;
        interrupted.set(true);
    };
    let exit = match app.run_job(name, stop).await {
        Ok(text) => {
            if let Some(text) = text {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{}", text.trim_end_matches('\n'))?;
            }
            Exit::Ok
        }
        Err(_) if interrupted.get() => Exit::Interrupted,
        Err(error) => {
            eprintln!("openpista: {}", causes(error.as_ref()));
            Exit::Failed
        }
    };
    app.close().await;
    Ok(exit)
}
