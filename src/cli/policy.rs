//! `openpista policy …`.

use super::Exit;
use crate::{
    app::{Arguments, Explained, Flags, Question, block_on, explain},
    domain::envelope::Origin,
    front::{Colour, printable},
    policy::{Decider, Outlook},
};
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what would become of a tool call, and why: nothing runs, nobody is asked
    #[command(after_help = EXPLAIN_HELP)]
    Explain(Explain),
}

const EXPLAIN_HELP: &str = "Examples:\n  \
    openpista policy explain system.run git push --as telegram:123456\n  \
    openpista policy explain system.run git push -- --force\n  \
    openpista policy explain system.run 'git push | tee log'\n  \
    openpista policy explain fs.write '{\"path\": \"notes.txt\", \"content\": \"\"}'\n\n\
    With --quiet the exit code tells: 0 it would run (or a hook answers in its place), 10 a person would be\n\
    asked, 11 it would be refused, 12 a hook decides that cannot be told without running it.";

#[derive(Debug, Args)]
struct Explain {
    /// The tool
    tool: String,
    /// Its arguments: a JSON object; or words, which no shell reads; or one text, a line for the shell (or
    /// the first argument that the tool needs)
    args: Vec<String>,
    /// Who would have it made, on which channel [default: you, on cli]
    #[arg(long = "as", value_name = "CHANNEL:USER", value_parser = origin)]
    origin: Option<Origin>,
    /// The agent [default: the channel's, else the setting `agent`, else main]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Print nothing: the exit code tells
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
    /// Words as above, also where they begin with a hyphen
    #[arg(last = true, value_name = "WORD")]
    argv: Vec<String>,
}

fn origin(text: &str) -> Result<Origin, String> {
    match text.split_once(':') {
        Some((channel, user)) if !channel.is_empty() && !user.is_empty() => {
            Ok(Origin { channel: channel.to_owned(), user: user.to_owned() })
        }
        _ => Err("expected a channel and a user, such as telegram:123456".to_owned()),
    }
}

impl Policy {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let Command::Explain(explain) = self.command;
        explain.main(flags)
    }
}

impl Explain {
    fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let args = match arguments(self.args, self.argv) {
            Ok(args) => args,
            Err(error) => {
                eprintln!("openpista policy explain: {error}");
                return Ok(Exit::Usage);
            }
        };
        let question = Question { tool: self.tool, args, agent: self.agent, origin: self.origin };
        let explained = block_on(explain(flags, question))?;
        if self.quiet {
            return Ok(Exit::Code(match explained.explanation.outlook {
                Outlook::Allow | Outlook::Answer => 0,
                Outlook::Ask => 10,
                Outlook::Deny => 11,
                Outlook::Unclear => 12,
            }));
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&explained)?)?;
        } else {
            write!(out, "{}", shown(&explained, Colour::stdout())?)?;
        }
        Ok(Exit::Ok)
    }
}

fn arguments(mut texts: Vec<String>, argv: Vec<String>) -> Result<Arguments, String> {
    if !argv.is_empty() {
        texts.extend(argv);
        return Ok(Arguments::Words(texts));
    }
    match &texts[..] {
        [] => Ok(Arguments::Named(Default::default())),
        [text] if text.trim_start().starts_with('{') => match serde_json::from_str(text) {
            Ok(map) => Ok(Arguments::Named(map)),
            Err(error) => Err(format!("the arguments are no JSON object: {error}")),
        },
        [text] => Ok(Arguments::Text(text.clone())),
        words => Ok(Arguments::Words(words.to_vec())),
    }
}

/// An outlook's colour and word.
fn named(outlook: Outlook) -> (&'static str, &'static str) {
    match outlook {
        Outlook::Allow => ("32", "allow"),
        Outlook::Ask => ("33", "ask"),
        Outlook::Deny => ("31", "deny"),
        Outlook::Answer => ("33", "answered by a hook"),
        Outlook::Unclear => ("33", "unclear"),
    }
}

fn shown(explained: &Explained, colour: Colour) -> anyhow::Result<String> {
    let Explained { tool, args, agent, channel, user, explanation, .. } = explained;
    let (style, word) = named(explanation.outlook);
    let by = match explanation.by {
        Decider::Rule => format!("rule {}", explanation.rule.as_deref().unwrap_or_default()),
        Decider::Default => "no rule: the default".to_owned(),
        Decider::Hook => "a tool_call hook".to_owned(),
        Decider::Approval => "a standing approval".to_owned(),
        Decider::Autonomy => "autonomy".to_owned(),
        Decider::Floor => "what nothing lifts".to_owned(),
        Decider::Call => "no such call".to_owned(),
        Decider::Person => "who asks".to_owned(),
    };
    let at = explanation.location.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
    let call = printable(&format!("{tool} {}", serde_json::to_string(args)?));
    let mut text = format!("{}: {by}{at}\n  {call}\n", colour.paint(style, word));
    text.push_str(&printable(&format!("  by agent {agent}, for {channel}:{user}\n")));
    if let Some(outlook) = explained.as_words {
        let word = named(outlook).1;
        text.push_str(&format!("  as words (-- …), which no shell reads, it is another call: {word}\n"));
    }
    for (number, step) in (1..).zip(&explanation.steps) {
        text.push_str(&printable(&format!("  {number}. {step}\n")));
    }
    Ok(text)
}
