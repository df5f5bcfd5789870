//! What a configuration declares, as plain data: the result of running an `init.lua`.

use super::{
    id::HandlerId, rates::Rates, rules::Rule, sandbox::SandboxProfile, secret::SecretRef, tool::ToolSpec,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// Everything that one generation of `init.lua` declared. Validated as a whole before use.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Keys given to `pista.setup`, with where each was given (`file:line`).
    pub settings: Vec<(String, serde_json::Value, String)>,
    /// Declared providers by name.
    pub providers: BTreeMap<String, ProviderSpec>,
    /// Declared agents by name.
    pub agents: BTreeMap<String, AgentSpec>,
    /// Tools written in Lua, in order of declaration.
    pub tools: Vec<LuaTool>,
    /// Hooks, in the order in which they run.
    pub hooks: Vec<Handler>,
    /// Observers, in the order in which they are told.
    pub observers: Vec<Handler>,
    /// Declared channels by name.
    pub channels: BTreeMap<String, ChannelSpec>,
    /// Profiles of containers by name.
    pub sandboxes: BTreeMap<String, SandboxProfile>,
    /// Scheduled jobs by name.
    pub cron: BTreeMap<String, CronSpec>,
    /// Commands (`/deploy`) by name, without the slash.
    pub commands: BTreeMap<String, CommandSpec>,
    /// Secrets that were named while it loaded, with where (`file:line`).
    pub secrets: Vec<(SecretRef, String)>,
}

/// A way in and out for messages.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSpec {
    /// Its name, part of every address on it: `name:conversation`.
    pub name: String,
    /// What carries the messages.
    pub kind: ChannelKind,
    /// Who may speak on it. Empty: nobody.
    pub users: Vec<String>,
    /// Who may approve calls on it, besides speaking; `None`: the only user, if it is one person.
    pub owners: Option<Vec<String>>,
    /// The agent that answers; `None`: the default one.
    pub agent: Option<String>,
    /// What becomes of messages that come while one is answered.
    pub steer: Steer,
    /// Tool rules besides the agent's: the stricter counts.
    pub rules: Vec<Rule>,
    /// How often people may speak on it.
    pub rates: ChannelRates,
    /// `file:line` of the declaration.
    pub location: String,
}

impl ChannelSpec {
    /// Who may approve calls: those whom `owners` names, else the one person whom `users` names. Nobody, where
    /// anybody can say that they are somebody.
    pub fn owners(&self) -> Vec<String> {
        match (&self.owners, self.users.as_slice()) {
            _ if !self.authenticates() => vec![],
            (Some(owners), _) => owners.clone(),
            (None, [only]) if only != "*" => vec![only.clone()],
            (None, _) => vec![],
        }
    }

    /// Who may speak: users and owners.
    pub fn speakers(&self) -> Vec<String> {
        let owners = self.owners.iter().flatten().filter(|owner| !self.users.contains(owner));
        self.users.iter().chain(owners).cloned().collect()
    }

    /// Whether the channel knows who speaks: an HTTP channel without a token believes every program.
    pub fn authenticates(&self) -> bool {
        !matches!(&self.kind, ChannelKind::Http(http) if http.token.is_none())
    }

    /// How often people may speak on it, where the settings say `default`.
    pub fn rates(&self, default: Option<Rates>) -> Option<Rates> {
        match self.rates {
            ChannelRates::Setting => default,
            ChannelRates::Any => None,
            ChannelRates::Own(rates) => Some(rates),
        }
    }
}

/// How often people may speak on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelRates {
    /// As the settings say.
    #[default]
    Setting,
    /// As often as they like.
    Any,
    /// So often.
    Own(Rates),
}

/// Who speaks on a channel for programs that names nobody.
pub const CALLER: &str = "caller";

/// A channel for programs, by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSpec {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What lets programs in; `None`: all programs of this machine are let in.
    pub token: Option<SecretRef>,
    /// The URL that messages go to which are no answers.
    pub callback: Option<String>,
    /// Signs what is sent to URLs; `None`: the token does.
    pub signing: Option<SecretRef>,
}

/// What becomes of a message that comes while another of the same conversation is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steer {
    /// It waits, and is answered then.
    #[default]
    Wait,
    /// It joins the turn under way once the calls that run have their results, if it is the same
    /// person's; else it waits.
    Join,
}

/// What carries a channel's messages.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// Functions in Lua.
    Lua {
        /// Runs as long as the channel is up, and hands in what arrives.
        start: Option<HandlerId>,
        /// Delivers a message.
        send: HandlerId,
    },
    /// HTTP, for programs.
    Http(HttpSpec),
    /// A bot on Telegram.
    Telegram(TelegramSpec),
}

/// A bot on Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelegramSpec {
    /// Where the bot's token is kept.
    pub token: SecretRef,
    /// The server of the Bot API; `None`: Telegram's own.
    pub api: Option<String>,
    /// Shows an answer while it is written, by editing a message.
    pub stream: bool,
    /// Shows that it works, as "typing".
    pub typing: bool,
    /// Where files that are sent to it go, within the workspace; `None`: they are not fetched.
    pub inbox: Option<String>,
    /// Whether the first of the owners is told of strangers who write to it.
    pub pairing: bool,
    /// How long somebody has to be quiet until what they said is taken for one message; zero: what is
    /// said is taken message by message.
    pub gather: Duration,
}

/// A job that runs at times.
#[derive(Clone, Debug, PartialEq)]
pub struct CronSpec {
    /// Its name.
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// The IANA time zone that the schedule is read in; `None`: the machine's.
    pub tz: Option<String>,
    /// What becomes of times at which the program did not run.
    pub missed: Missed,
    /// What becomes of a time at which the job still runs.
    pub overlap: Overlap,
    /// How long one run may take.
    pub timeout: Duration,
    /// Where the text that a run gives goes, `channel:conversation`; `None`: nowhere.
    pub to: Option<String>,
    /// What a run does.
    pub work: CronWork,
    /// `file:line` of the declaration.
    pub location: String,
}

/// What a run of a job does.
#[derive(Clone, Debug, PartialEq)]
pub enum CronWork {
    /// Calls a function.
    Handler(HandlerId),
    /// Asks an agent.
    Prompt {
        /// The agent; `None`: the default one.
        agent: Option<String>,
        /// What is said to it.
        text: String,
    },
}

/// When a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// A cron expression of 5 or 6 fields (seconds first), or `@daily` and its like.
    Cron(String),
    /// Again and again after so long.
    Every(Duration),
}

/// What becomes of times at which the program did not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// Nothing; they are noted in the history.
    #[default]
    Skip,
    /// One run makes up for all of them.
    Once,
    /// Each is made up for, in order.
    All,
}

/// What becomes of a time at which the job still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// Nothing; it is noted in the history.
    #[default]
    Skip,
    /// It runs when the run before it has ended.
    Queue,
}

/// A command that needs no model.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandSpec {
    /// Its name, without the slash.
    pub name: String,
    /// What it does, for lists.
    pub help: String,
    /// How long it may take.
    pub timeout: Duration,
    /// The function.
    pub handler: HandlerId,
    /// `file:line` of the declaration.
    pub location: String,
}

/// A function attached to a hook point or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The hook point (`prompt`, `tool_call`) or the event (`turn.end`).
    pub point: String,
    /// The function.
    pub id: HandlerId,
    /// Higher runs first; equal ones run in order of declaration. Default 0.
    pub priority: i64,
    /// `file:line` of the function.
    pub location: String,
}

/// A tool whose work is a Lua function.
#[derive(Clone, Debug, PartialEq)]
pub struct LuaTool {
    /// What models see.
    pub spec: ToolSpec,
    /// The function.
    pub handler: HandlerId,
    /// How long it may take.
    pub timeout: Duration,
    /// `file:line` of the declaration.
    pub location: String,
}

/// The agent that is there without being declared.
pub const MAIN: &str = "main";

/// An agent: a model, a prompt, and what it may do.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentSpec {
    /// Its name.
    pub name: String,
    /// `provider/model`; `None`: the default model.
    pub model: Option<String>,
    /// The system prompt.
    pub prompt: Prompt,
    /// Tool rules, in order of declaration.
    pub rules: Vec<Rule>,
    /// Skills that it may use, by name or with `*` at the end; `None`: all.
    pub skills: Option<Vec<String>>,
    /// Limits of what it may spend.
    pub budget: Budget,
    /// `file:line` of the declaration.
    pub location: String,
}

impl AgentSpec {
    /// An agent that nothing was said about.
    pub fn undeclared(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            model: None,
            prompt: Prompt::Default,
            rules: vec![],
            skills: None,
            budget: Budget::default(),
            location: "built in".to_owned(),
        }
    }
}

/// Where a system prompt comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Prompt {
    /// The engine's own.
    #[default]
    Default,
    /// This text.
    Text(String),
    /// A Lua function that returns the text.
    Handler(HandlerId),
}

/// What an agent may spend. Checked before each model call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens, in and out, of one turn.
    pub tokens_per_turn: Option<u64>,
    /// US dollars in a day (UTC), over all sessions of the agent.
    pub usd_per_day: Option<f64>,
}

/// A declared provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderSpec {
    /// Its name: what stands before the slash in `provider/model`.
    pub name: String,
    /// What answers.
    pub kind: ProviderKind,
    /// Names of providers, or `provider/model`, to try when this one fails.
    pub fallback: Vec<String>,
    /// The model when none is named.
    pub model: Option<String>,
    /// The context window in tokens.
    pub context_window: Option<u32>,
    /// US dollars per million input and output tokens.
    pub price: Option<(f64, f64)>,
    /// `file:line` of the declaration; empty for built-in ones.
    pub location: String,
}

/// What answers for a provider.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderKind {
    /// A server that speaks the OpenAI chat completions protocol.
    OpenAi {
        /// The base URL, normally ending in `/v1`.
        base_url: String,
        /// Where the key comes from (`env:NAME`, `file:PATH`, `cmd:COMMAND`), if one is needed.
        api_key: Option<SecretRef>,
        /// Overrides of the dialect's flags, and `extra_body`.
        dialect: super::JsonMap,
    },
    /// A Lua function: `chat(request, emit)`.
    Lua {
        /// The function.
        handler: HandlerId,
        /// How long one answer may take.
        timeout: Duration,
    },
}
