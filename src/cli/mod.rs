//! The command line.

mod approvals;
mod backup;
mod check;
mod completions;
mod config;
mod confine;
mod connect;
mod cron;
mod daemon;
mod devices;
mod doctor;
mod eval;
mod exit;
mod grants;
mod here;
mod init;
mod input;
mod lua;
mod lua_worker;
mod pair;
mod policy;
mod queues;
mod repl;
mod route;
mod run;
mod sessions;
mod skills;
mod stage;
mod start;
mod test;
mod through;
mod tools;
mod worker;

pub use exit::Exit;

use crate::app::{ConfigError, Flags};
use crate::domain::causes::causes;
use clap::{
    Args, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use std::path::PathBuf;

/// A scriptable agent engine: it works on this computer through tools, under the rules of your
/// init.lua.
#[derive(Debug, Parser)]
#[command(name = "openpista", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "Try:  openpista run -e \"what is taking up space here?\"\n\
    Exit codes: 0 answered, 1 failed, 2 wrong usage, 78 wrong configuration, 130 interrupted.";

#[derive(Debug, Args)]
struct Global {
    /// The init.lua to use [env: OPENPISTA_CONFIG; default: $XDG_CONFIG_HOME/openpista/init.lua,
    /// else the built-in one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Log more: -v info, -vv debug, -vvv trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer one message and exit
    Run(run::Run),
    /// Talk to the agent, and evaluate Lua in the live engine
    #[command(alias = "chat")]
    Repl(repl::Repl),
    /// Talk to the agent of a daemon elsewhere
    Connect(connect::Connect),
    /// Let another device in: print a code for it, which is good once
    Pair(pair::Pair),
    /// List the devices that were let in, and shut one out
    Devices(devices::Devices),
    /// Stay, and answer devices, channels and jobs
    Start(start::Start),
    /// Tell how the daemon is: exit code 0 when one runs, 3 when none does
    Status(daemon::Status),
    /// End the daemon, and wait until it has ended
    Stop(daemon::Stop),
    /// Have the daemon load its configuration again
    Reload,
    /// Evaluate Lua in a fresh engine, and print the values
    Eval(eval::Eval),
    /// Run a Lua script as a program, with the whole API
    Lua(lua::Lua),
    /// Begin a configuration: an init.lua, and its types for editors
    Init(init::Init),
    /// Load the configuration, and say what is in it or what is wrong
    Check(check::Check),
    /// Explain what the policy says
    Policy(policy::Policy),
    /// List, show, search, name and remove conversations
    Sessions(sessions::Sessions),
    /// Copy the database, also while the daemon writes to it, and check the copy
    Backup(backup::Backup),
    /// Put a copy in the place of the database; the one that was there is kept
    Restore(backup::Restore),
    /// Show the configuration in force
    Config(config::Config),
    /// List the tools, and what the agent may do with each
    Tools(tools::Tools),
    /// Run the specs of your init.lua
    Test(test::Test),
    /// Check the set-up by using it, and tell what to do about what is wrong
    Doctor(doctor::Doctor),
    /// List, check, trust and run skills
    Skills(skills::Skills),
    /// List and run the jobs that run at times, and show what became of their runs
    #[command(visible_alias = "jobs")]
    Cron(cron::Cron),
    /// Messages of channels that could not be delivered
    Outbox(queues::Outbox),
    /// Messages of channels that ended without an answer
    Inbox(queues::Inbox),
    /// List and answer the questions that people were asked about calls
    Approvals(approvals::Approvals),
    /// List and revoke standing approvals ("always exactly this")
    Grants(grants::Grants),
    /// Limit this process, and become another program
    #[command(hide = true)]
    Confine(confine::Confine),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Run a program of the model's, for the engine
    #[command(hide = true)]
    LuaWorker(lua_worker::LuaWorker),
    /// Do one task in a container, for the engine
    #[command(hide = true)]
    Worker(worker::Worker),
}

/// What `run` and `repl` have in common.
#[derive(Debug, Args)]
struct TurnArgs {
    /// The model, as provider/model [env: OPENPISTA_MODEL]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// The agent that answers [default: the setting `agent`, else main]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Run what the policy would ask about (not what it denies)
    #[arg(long)]
    yes: bool,
}

impl Global {
    fn flags(&self) -> Flags {
        let log = match self.verbose {
            0 => None,
            1 => Some("info"),
            2 => Some("debug"),
            _ => Some("trace"),
        };
        let mut flags = Flags::new(self.config.clone());
        if let Some(level) = log {
            flags.set("log", "--verbose", level.into());
        }
        flags
    }
}

impl TurnArgs {
    fn add_to(&self, flags: &mut Flags) {
        if let Some(model) = &self.model {
            flags.set("model", "--model", model.as_str().into());
        }
        if let Some(agent) = &self.agent {
            flags.set("agent", "--agent", agent.as_str().into());
        }
        if self.yes {
            flags.set("autonomy", "--yes", "auto".into());
        }
    }
}

/// Reads the command line. Ends the program where it is wrong, or asks for help alone.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|mut error| {
        let unknown = matches!(error.get(ContextKind::InvalidSubcommand), Some(ContextValue::String(word))
            if std::env::args().nth(1).as_ref() == Some(word));
        // Whoever is a word away from a command is told which.
        if unknown && error.get(ContextKind::SuggestedSubcommand).is_none() {
            let tip = "to ask the agent something: openpista run \"…\"".into();
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        }
        error.exit()
    })
}

/// Runs a command line to its end.
pub fn main(cli: Cli) -> Exit {
    let Cli { global, command } = cli;
    let flags = global.flags();
    let result = match command {
        Command::Run(run) => run.main(flags),
        Command::Repl(repl) => repl.main(flags),
        Command::Pair(pair) => pair.main(),
        Command::Connect(connect) => connect.main(),
        Command::Devices(devices) => devices.main(flags),
        Command::Start(start) => start.main(flags),
        Command::Status(status) => status.main(),
        Command::Stop(stop) => stop.main(),
        Command::Reload => daemon::reload(),
        Command::Eval(eval) => eval.main(flags),
        Command::Lua(lua) => lua.main(flags, global.verbose > 0),
        Command::Init(init) => init.main(flags),
        Command::Check(check) => check.main(flags),
        Command::Policy(policy) => policy.main(flags),
        Command::Sessions(sessions) => sessions.main(flags),
        Command::Backup(backup) => backup.main(flags),
        Command::Restore(restore) => restore.main(flags),
        Command::Config(config) => config.main(flags),
        Command::Tools(tools) => tools.main(flags),
        Command::Test(test) => test.main(flags),
        Command::Cron(cron) => cron.main(flags),
        Command::Outbox(outbox) => outbox.main(flags),
        Command::Inbox(inbox) => inbox.main(flags),
        Command::Approvals(approvals) => approvals.main(flags),
        Command::Grants(grants) => grants.main(flags),
        Command::Doctor(doctor) => doctor.main(flags),
        Command::Skills(skills) => skills.main(flags),
        Command::Confine(confine) => confine.main(),
        Command::Completions(completions) => completions.main(),
        Command::LuaWorker(worker) => worker.main(),
        Command::Worker(worker) => worker.main(),
    };
    match result {
        Ok(exit) => exit,
        Err(error) => report(&error),
    }
}

/// Prints an error with its causes, and finds its exit code.
fn report(error: &anyhow::Error) -> Exit {
    if broken_pipe(error) {
        // Whoever read the output has seen enough.
        return Exit::Ok;
    }
    eprintln!("openpista: {}", causes(error.as_ref()));
    if error.downcast_ref::<ConfigError>().is_some() { Exit::Config } else { Exit::Failed }
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
