//! The slash commands. They need no model, and work without one.

use super::{Repl, signals::Signal};
use crate::{
    domain::{causes::causes, nearest::nearest},
    front::{is_drawable, session_line, tail},
};
use anyhow::{anyhow, bail};

/// How many sessions `/sessions` lists.
const LISTED: usize = 20;
/// How many messages `/resume` shows of what was said last.
const RESUMED: usize = 6;

/// What the REPL does after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    Quit,
    /// A signal said so.
    Stop,
}

/// A command as `/help` lists it.
pub(super) struct SlashCommand {
    pub(super) name: &'static str,
    pub(super) args: &'static str,
    pub(super) help: &'static str,
}

const fn command(name: &'static str, args: &'static str, help: &'static str) -> SlashCommand {
    SlashCommand { name, args, help }
}

/// All commands.
pub(super) const COMMANDS: &[SlashCommand] = &[
    command("/help", "", "this list"),
    command("/new", "[NAME]", "begin a fresh session"),
    command("/sessions", "", "list the sessions"),
    command("/resume", "SESSION", "go on with a session, by name or id"),
    command("/tools", "", "list the tools, and what the agent may do with each"),
    command("/model", "[MODEL]", "show or choose the model, as provider/model"),
    command("/reload", "", "load the configuration again; saving a file does it too"),
    command("/status", "", "tell how the engine is"),
    command("/lua", "CODE", "run Lua in the live engine; =EXPR prints a value"),
    command("/login", "", "how to give openpista a key"),
    command("/retry", "", "say again what was not answered"),
    command("/clear", "", "clear the screen"),
    command("/quit", "", "leave (also /exit and Ctrl-D)"),
    command("/exit", "", "leave"),
];

/// What people type to leave other programs, or to be helped by them.
const HABITS: &[(&str, &[&str])] = &[
    (
        "/quit",
        &[
            "exit", "exit()", "quit", "quit()", "logout", ":q", ":q!", ":qa", ":qa!", ":quit", ":exit", ":x",
            ":wq",
        ],
    ),
    ("/help", &["help", "help()", "?", ":help", ":h", "--help", "-h"]),
];

/// The command that a line means, where it is one of other programs'; else the line.
pub(super) fn meant(line: &str) -> &str {
    let typed = |habit: &&str| line.eq_ignore_ascii_case(habit);
    HABITS.iter().find(|(_, habits)| habits.iter().any(&typed)).map_or(line, |(name, _)| name)
}

/// Whether a line is a command, and no text that begins with a path.
pub(super) fn is_command(line: &str) -> bool {
    let name = line.split(char::is_whitespace).next().unwrap_or_default();
    name.strip_prefix('/').is_some_and(|rest| !rest.contains('/'))
}

impl Repl {
    /// Runs a line that begins with a slash.
    pub(super) async fn command(&mut self, line: &str) -> Next {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let result = match name {
            "/quit" | "/exit" => return Next::Quit,
            "/help" => Ok(help(&self.engine.commands().await)),
            "/new" => self.new_session(rest).await,
            "/sessions" => self.sessions().await,
            "/resume" => self.resume(rest).await,
            "/reload" => self.engine.reload().await.map(|reloaded| format!("{reloaded}\n")),
            "/status" => self.engine.status().await,
            "/tools" => self.engine.tools(&self.session, self.colour).await,
            "/model" => self.choose_model(rest).await,
            "/lua" => Err(anyhow!("give the code: /lua print(pista.version)")),
            "/login" => Ok(LOGIN.to_owned()),
            "/retry" => return self.retry().await,
            "/clear" => Ok(if is_drawable() { CLEAR.to_owned() } else { String::new() }),
            _ => match self.own_command(&name[1..], rest).await {
                Ok(result) => result,
                Err(next) => return next,
            },
        };
        match result {
            Ok(text) => self.show(&text),
            Err(error) => {
                self.complain(&format!("error: {}", causes(error.as_ref())));
                Next::GoOn
            }
        }
    }

    /// Runs a command of the user's own. `Err`: what to do when a signal ended it.
    async fn own_command(&mut self, name: &str, typed: &str) -> Result<anyhow::Result<String>, Next> {
        let quiet = self.tty.as_ref().map(|tty| tty.quiet());
        let result = tokio::select! {
            result = self.engine.run_command(name, typed, &self.session) => result,
            // Dropping the command stops the script.
            signal = self.signals.stop(&*self.engine) => {
                drop(quiet);
                self.complain("interrupted");
                let goes_on = self.interactive && signal == Signal::Interrupt;
                return Err(if goes_on { Next::GoOn } else { Next::Stop });
            }
        };
        Ok(match result {
            None => Err(unknown(&format!("/{name}"), &self.engine.commands().await)),
            Some(Err(error)) => Err(anyhow!(error)),
            Some(Ok(text)) if text.is_empty() => Ok(text),
            Some(Ok(text)) => Ok(format!("{}\n", text.trim_end_matches('\n'))),
        })
    }

    async fn new_session(&mut self, name: &str) -> anyhow::Result<String> {
        let name = (!name.is_empty()).then_some(name);
        self.session = self.engine.begin(name, &self.session).await?;
        self.unanswered = None;
        Ok(format!("session {}\n", tail(self.session.id.as_str())))
    }

    async fn sessions(&self) -> anyhow::Result<String> {
        let sessions = self.engine.sessions(LISTED).await?;
        Ok(sessions
            .iter()
            .map(|session| {
                let mark = if session.id == self.session.id { "*" } else { " " };
                format!("{mark} {}\n", session_line(session, self.colour))
            })
            .collect())
    }

    async fn resume(&mut self, wanted: &str) -> anyhow::Result<String> {
        if wanted.is_empty() {
            bail!("give a name or an id: /sessions lists them");
        }
        let (session, last) = self.engine.resume(wanted, RESUMED, self.colour).await?;
        let text = format!("{}\n{last}", session_line(&session, self.colour));
        self.session = session;
        self.unanswered = None;
        Ok(text)
    }

    async fn choose_model(&mut self, name: &str) -> anyhow::Result<String> {
        let chosen = if name.is_empty() { self.model.clone() } else { Some(name.to_owned()) };
        let full_name = self.engine.model(&self.session, chosen.as_deref()).await?;
        self.model = chosen;
        Ok(format!("model {full_name}\n"))
    }
}

/// The whole screen, and the cursor to its top.
const CLEAR: &str = "\x1b[2J\x1b[H";

const LOGIN: &str = "There is nothing to log in to yet: give openpista a key in the environment, for example\n\
    \x20 export OPENAI_API_KEY=…        (or OPENROUTER_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, …)\n\
    or run a local server (Ollama, llama.cpp, LM Studio, vLLM), which is found by itself.\n\
    `openpista config show --origin` shows what is in force.\n";

fn help(own: &[(String, String)]) -> String {
    let mut out: String =
        COMMANDS.iter().map(|c| format!("  {:<22}{}\n", format!("{} {}", c.name, c.args), c.help)).collect();
    out.extend(own.iter().map(|(name, help)| format!("  {:<22}{help}\n", format!("/{name}"))));
    out.push_str(
        "  =EXPR                 evaluate Lua in the live engine; open blocks go on in the next line\n",
    );
    out.push_str("  Ctrl-C                stop the turn; anything else goes to the agent\n");
    out
}

fn unknown(name: &str, own: &[(String, String)]) -> anyhow::Error {
    let own: Vec<String> = own.iter().map(|(name, _)| format!("/{name}")).collect();
    let names = COMMANDS.iter().map(|c| c.name).chain(own.iter().map(String::as_str));
    let hint = nearest(name, names).map(|n| format!(", did you mean {n}?")).unwrap_or_default();
    anyhow!("there is no command {name}{hint} (/help lists them)")
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;
    use crate::domain::command::BUILT_IN;

    #[test]
    fn no_command_of_the_users_own_can_hide_one_of_these() {
        for command in COMMANDS {
            assert!(BUILT_IN.contains(&&command.name[1..]), "{}", command.name);
        }
    }
}
