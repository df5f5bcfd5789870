//! `openpista test [FILES]`: specs of one's own init.lua.

mod junit;
mod lines;
mod tap;
mod tree;

use super::Exit;
use crate::{
    app::{
        Flags, Loaded, block_on, interrupted,
        specs::{self, CASE_LIMIT, Case, End, Options, Summary},
    },
    front::{self, is_drawable},
};
use clap::{Args, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// Seconds that one `it` may be given, at most.
const MOST_SECONDS: f64 = 3600.0;

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Spec files (*_spec.lua), recorded conversations (*.json) or directories of them [default: those
    /// beside init.lua, and in spec/ and tests/ there]
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Run only specs whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Stop at the first failure
    #[arg(long)]
    bail: bool,
    /// Seconds that one spec may take [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Rounds of tool calls that a turn may have [default: the setting max_tool_rounds]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: Option<u32>,
    /// How the results are written [default: a tree on a terminal, lines in a pipe]
    #[arg(long, value_name = "FORM")]
    format: Option<Format>,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Tree,
    /// One line for each spec
    Lines,
    /// One JSON object a line
    Json,
    /// Test Anything Protocol, version 14
    Tap,
    /// JUnit XML
    Junit,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    if seconds > 0.0 && seconds <= MOST_SECONDS {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(format!("must be seconds, more than 0 and at most {MOST_SECONDS}"))
}

/// Writes down what becomes of specs. Each gives text for standard output.
trait Report: Send {
    fn begin(&mut self) -> String {
        String::new()
    }
    fn case(&mut self, case: &Case) -> String;
    fn end(&mut self, cases: &[Case], summary: &Summary) -> String;
}

impl Test {
    pub(super) fn main(self, mut flags: Flags) -> anyhow::Result<Exit> {
        if let Some(rounds) = self.rounds {
            flags.set("max_tool_rounds", "--rounds", rounds.into());
        }
        block_on(self.run(flags))
    }

    async fn run(self, flags: Flags) -> anyhow::Result<Exit> {
        let loaded = Loaded::load(flags).await?;
        let exit = tokio::select! {
            // From the first file on that is written, a signal removes it.
            biased;
            () = interrupted() => Ok(Exit::Interrupted),
            exit = self.specs(&loaded) => exit,
        };
        loaded.close().await;
        exit
    }

    async fn specs(self, loaded: &Loaded) -> anyhow::Result<Exit> {
        let beside = loaded.located.directory(&loaded.dirs);
        let files = match specs::find(&self.files, beside) {
            Ok(files) => files,
            Err(error) => {
                eprintln!("openpista test: {error}");
                return Ok(Exit::Usage);
            }
        };
        if files.is_empty() {
            eprintln!(
                "openpista test: there are no specs: no *_spec.lua in {}, nor in spec/ or tests/ there",
                beside.display()
            );
            return Ok(Exit::Failed);
        }
        let mut report = self.report();
        let options = Options {
            files,
            filter: self.filter,
            bail: self.bail,
            timeout: self.timeout.unwrap_or(CASE_LIMIT),
        };
        front::to_stdout(&report.begin())?;
        let mut cases: Vec<Case> = vec![];
        let mut lost = None;
        let summary = specs::run(loaded, &options, &mut |case| {
            let written = front::to_stdout(&report.case(case));
            lost = lost.take().or(written.err());
            cases.push(case.clone());
        })
        .await?;
        if let Some(error) = lost {
            return Err(error.into());
        }
        front::to_stdout(&report.end(&cases, &summary))?;
        if summary.is_empty() {
            match &options.filter {
                Some(part) => eprintln!("openpista test: no spec has {part:?} in its name"),
                None => eprintln!(
                    "openpista test: the spec files hold no specs: write it(\"…\", function() … end)"
                ),
            }
            return Ok(Exit::Failed);
        }
        Ok(if summary.failed == 0 { Exit::Ok } else { Exit::Failed })
    }

    fn report(&self) -> Box<dyn Report> {
        let format = match (self.format, self.json) {
            (Some(format), _) => format,
            (None, true) => Format::Json,
            (None, false) if is_drawable() => Format::Tree,
            (None, false) => Format::Lines,
        };
        match format {
            Format::Tree => Box::new(tree::Tree::new()),
            Format::Lines => Box::new(lines::Lines),
            Format::Json => Box::new(lines::Json),
            Format::Tap => Box::new(tap::Tap::default()),
            Format::Junit => Box::new(junit::Junit),
        }
    }
}

/// The name of a case: `group › case`. Of a file that did not load, the file's.
fn name(case: &Case) -> String {
    if case.names.is_empty() { case.file.clone() } else { case.names.join(" › ") }
}

/// A time for a person: `3 ms`, `1.20 s`.
fn time(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.2} s", took.as_secs_f64())
    }
}

/// The failures, each with its place and what it says.
fn failures(cases: &[Case], paint: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    let failed = cases.iter().filter_map(|case| match &case.end {
        End::Failed { message, location, .. } => Some((case, message, location)),
        _ => None,
    });
    for (number, (case, message, location)) in failed.enumerate() {
        let title = format!("{}) {}", number + 1, name(case));
        out += &format!("\n{}\n   {}\n", paint("1;31", &front::printable(&title)), paint("2", location));
        for line in front::printable(message).lines() {
            out += &format!("     {line}\n");
        }
        for line in &case.printed {
            out += &format!("     {} {}\n", paint("2", "|"), front::printable(line));
        }
    }
    out
}
