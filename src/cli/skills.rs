//! `openpista skills …`: what skills there are, and which of them are trusted.

use super::Exit;
use crate::{
    app::{Flags, Loaded, SkillDesk, block_on},
    front::{is_drawable, printable, say, to_stdout},
    skill::{Finding, Problem, Skill, Trust},
};
use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;
use std::io::{BufRead, Write};

#[derive(Debug, Args)]
pub(super) struct Skills {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the skills that were found, and whether each is trusted
    #[command(alias = "ls")]
    List {
        /// As JSON, one a line
        #[arg(long)]
        json: bool,
    },
    /// Show a skill as an agent reads it
    Show {
        /// The skill
        name: String,
    },
    /// Check every SKILL.md; exit code 1 when one is wrong
    Check {
        /// Exit code 1 also when one is odd
        #[arg(long)]
        strict: bool,
    },
    /// Make a folder with a skill to begin with, in the current directory
    New {
        /// Its name: small letters, digits and '-'
        name: String,
    },
    /// Look at a skill (every command, address and encoded block in it), and trust it as it is now
    Trust {
        /// The skill
        name: String,
        /// Trust it without being asked
        #[arg(long)]
        yes: bool,
        /// Trust it no longer
        #[arg(long, conflicts_with = "yes")]
        revoke: bool,
    },
    /// Run a skill's program, and print its result
    Run {
        /// The skill
        name: String,
        /// Its arguments, a JSON object
        args: Option<String>,
    },
}

impl Skills {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        block_on(async move {
            if let Command::New { name } = &self.command {
                let made = crate::skill::create(&std::env::current_dir()?, name)?;
                say(format_args!(
                    "made {}; edit SKILL.md and run.sh, then: openpista skills trust {name}",
                    made.display()
                ))?;
                return Ok(Exit::Ok);
            }
            let desk = SkillDesk::open(Loaded::load(flags).await?);
            let exit = self.command.main(&desk).await;
            desk.close().await;
            exit
        })
    }
}

impl Command {
    async fn main(self, desk: &SkillDesk) -> anyhow::Result<Exit> {
        match self {
            Self::List { json } => list(desk, json).await,
            Self::Show { name } => {
                let library = desk.shelf().library().await?;
                let skill = library.get(&name).ok_or_else(|| missing(&name, library.problems()))?;
                to_stdout(&shown(skill))?;
                Ok(Exit::Ok)
            }
            Self::Check { strict } => check(desk, strict).await,
            Self::New { .. } => Ok(Exit::Ok),
            Self::Trust { name, revoke: true, .. } => match desk.shelf().distrust(&name).await? {
                true => Ok(Exit::Ok),
                false => bail!("no skill {name:?} was trusted"),
            },
            Self::Trust { name, yes, .. } => trust(desk, &name, yes).await,
            Self::Run { name, args } => {
                let args = match args.as_deref().map(serde_json::from_str) {
                    None => crate::domain::JsonMap::new(),
                    Some(Ok(serde_json::Value::Object(args))) => args,
                    Some(Ok(_)) => {
                        bail!("the arguments must be a JSON object, such as '{{\"name\": \"Ada\"}}'")
                    }
                    Some(Err(error)) => bail!("the arguments are no JSON: {error}"),
                };
                let (ok, text) = desk.run(&name, args).await?;
                say(format_args!("{text}"))?;
                Ok(if ok { Exit::Ok } else { Exit::Failed })
            }
        }
    }
}

fn missing(name: &str, problems: &[Problem]) -> anyhow::Error {
    let hint = problems.iter().find(|problem| problem.folder.ends_with(name)).map_or_else(
        || "`openpista skills list` shows what there is".to_owned(),
        |problem| format!("{}: {}", problem.folder.display(), problem.messages.join("; ")),
    );
    anyhow::anyhow!("there is no skill {name:?}: {hint}")
}

fn state(trust: Trust) -> &'static str {
    match trust {
        Trust::Shipped => "shipped",
        Trust::Trusted => "trusted",
        Trust::New => "not trusted",
        Trust::Changed => "changed",
    }
}

async fn list(desk: &SkillDesk, json: bool) -> anyhow::Result<Exit> {
    let library = desk.shelf().library().await?;
    let mut out = std::io::stdout().lock();
    for skill in library.all() {
        let front = &skill.front;
        if json {
            let line = json!({
                "name": front.name, "description": front.description, "mode": front.mode, "trust": skill.trust,
                "from": skill.root, "folder": skill.folder, "fingerprint": skill.fingerprint,
                "by_hand": front.by_hand, "warnings": skill.remarks,
            });
            writeln!(out, "{line}")?;
        } else {
            let description = printable(&front.description);
            writeln!(out, "{:<20} {:<12} {:<13} {description}", front.name, state(skill.trust), skill.root)?;
        }
    }
    told(library.problems());
    Ok(Exit::Ok)
}

fn told(problems: &[Problem]) {
    for problem in problems {
        for message in &problem.messages {
            eprintln!("{}: {}", problem.folder.display(), printable(message));
        }
    }
}

async fn check(desk: &SkillDesk, strict: bool) -> anyhow::Result<Exit> {
    let library = desk.shelf().library().await?;
    let mut odd = 0;
    for skill in library.all().filter(|skill| !skill.remarks.is_empty()) {
        odd += 1;
        let place = skill
            .folder
            .as_ref()
            .map_or_else(|| skill.front.name.clone(), |folder| folder.display().to_string());
        for remark in &skill.remarks {
            eprintln!("{place}: warning: {}", printable(&remark.to_string()));
        }
    }
    told(library.problems());
    let right = library.all().count();
    let with = if odd > 0 { format!(" ({odd} with warnings)") } else { String::new() };
    say(format_args!("{right} skills are right{with}, {} are not", library.problems().len()))?;
    let fine = library.problems().is_empty() && !(strict && odd > 0);
    Ok(if fine { Exit::Ok } else { Exit::Failed })
}

fn shown(skill: &Skill) -> String {
    let front = &skill.front;
    let mut text = format!("{} ({})\n{}\n", front.name, state(skill.trust), printable(&front.description));
    text += &format!("mode      {}\n", json!(front.mode).as_str().unwrap_or_default());
    let place =
        skill.folder.as_ref().map_or_else(|| "comes with the program".into(), |f| f.display().to_string());
    text += &format!("from      {}: {place}\n", skill.root);
    let needs = &front.needs;
    let lists = [
        ("tools", &front.tools),
        ("requires", &needs.programs),
        ("one of", &needs.one_of),
        ("reads", &needs.variables),
    ];
    for (label, words) in lists {
        if !words.is_empty() {
            text += &format!("{label:<9} {}\n", printable(&words.join(", ")));
        }
    }
    if let Some(parameters) = &front.parameters {
        text += &format!("arguments {parameters}\n");
    }
    if front.by_hand {
        text += "used by   its user only (disable-model-invocation)\n";
    }
    for remark in &skill.remarks {
        text += &format!("warning   {}\n", printable(&remark.to_string()));
    }
    text + "\n" + &printable(&front.body) + "\n"
}

async fn trust(desk: &SkillDesk, name: &str, yes: bool) -> anyhow::Result<Exit> {
    let library = desk.shelf().library().await?;
    let skill = library.get(name).ok_or_else(|| missing(name, library.problems()))?;
    let Some(folder) = &skill.folder else {
        say(format_args!("{name} comes with the program; it needs no trust"))?;
        return Ok(Exit::Ok);
    };
    if skill.trust == Trust::Trusted {
        say(format_args!("{name} is trusted already, as it is"))?;
        return Ok(Exit::Ok);
    }
    say(format_args!("{name} in {}", folder.display()))?;
    let found = crate::skill::findings(folder)?;
    for Finding { file, line, kind, text } in &found {
        say(format_args!("  {:<8} {file}:{line}: {}", kind, printable(text)))?;
    }
    if found.is_empty() {
        say(format_args!("  no commands, addresses or encoded blocks were found in it"))?;
    }
    if !yes && !asked(name)? {
        eprintln!("not trusted");
        return Ok(Exit::Failed);
    }
    desk.shelf().trust(skill).await?;
    say(format_args!("trusted, as it is now; a change asks again"))?;
    Ok(Exit::Ok)
}

fn asked(name: &str) -> anyhow::Result<bool> {
    if !is_drawable() {
        bail!("nobody can be asked here: look at the list above, and give --yes");
    }
    eprint!("Trust {name}, so that agents may follow it and run it? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
