//! The whole engine, ready to answer.

use super::{
    Flags, Loaded, facts,
    models::{self, Models},
    roster, table, toolset,
};
use crate::{
    agent::{Agent, Parts, TurnLimits},
    config::Redactor,
    domain::{
        approval::Approver,
        envelope::Origin,
        store::{Session, StoreError},
    },
    front::Colour,
    gateway::Gateway,
    memory::{Memory, NewSession},
    policy::{Executor, Gate},
    script::{HookLimits, ScriptHandle, ScriptHooks},
    tool::ToolRegistry,
};
use anyhow::bail;
use std::{path::PathBuf, sync::Arc};

/// The engine.
pub struct App {
    loaded: Loaded,
    registry: Arc<ToolRegistry>,
    gateway: Gateway,
    models: Models,
}

impl App {
    /// Loads the configuration and builds everything on it. `approver` is asked where the policy asks.
    pub async fn start(flags: Flags, approver: Arc<dyn Approver>) -> anyhow::Result<Self> {
        let loaded = Loaded::load(flags).await?;
        let workspace = loaded.workspace();
        if !workspace.is_dir() {
            let text = format!("the workspace {} is not a directory", workspace.display());
            return Err(super::ConfigError::new(text).into());
        }
        let memory = loaded.memory()?.clone();
        let models = models::build(&loaded).await?;
        let registry = Arc::new(toolset::registry(&loaded)?);
        let hooks = Arc::new(ScriptHooks::new(
            loaded.script.clone(),
            &loaded.plan,
            HookLimits { each: loaded.settings.hook_timeout },
        ));
        let gate = Gate::new(hooks.clone(), approver, Arc::new(memory.clone()), loaded.workspace())
            .with_floor(toolset::floor(&loaded));
        for (session, turn) in memory.recover().await? {
            tracing::info!(%session, %turn, "closed a turn that an earlier run left open");
        }
        let agent = Agent::new(Parts {
            llm: Arc::new(models.router.clone()),
            store: Arc::new(memory),
            executor: registry.clone(),
            gate: Arc::new(gate),
            hooks,
        });
        let limits = TurnLimits {
            max_tool_rounds: loaded.settings.max_tool_rounds,
            max_tokens: loaded.settings.max_tokens,
        };
        let roster = roster::build(&loaded, &models.default);
        if let Err(error) = roster.get(&loaded.settings.agent) {
            return Err(super::ConfigError::new(error).into());
        }
        let gateway = Gateway::new(agent, roster, limits);
        Ok(Self { loaded, registry, gateway, models })
    }

    /// The door to the agents.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The memory.
    pub fn memory(&self) -> anyhow::Result<&Memory> {
        self.loaded.memory()
    }

    /// The live Lua engine.
    pub fn script(&self) -> ScriptHandle {
        self.loaded.script.clone()
    }

    /// The runtime that the engine works on.
    pub fn runtime(&self) -> tokio::runtime::Handle {
        tokio::runtime::Handle::current()
    }

    /// Says of a line whether it holds no secret that is known.
    pub fn secret_free(&self) -> Box<dyn Fn(&str) -> bool + Send> {
        let redactor: Redactor = self.loaded.secrets.redactor().clone();
        Box::new(move |line| redactor.redact(line) == line)
    }

    /// Where the line editor's history is kept.
    pub fn history_file(&self) -> PathBuf {
        self.loaded.settings.history.clone()
    }

    /// The person at this terminal.
    pub fn origin(&self, channel: &str) -> Origin {
        Origin { channel: channel.to_owned(), user: facts::user(&self.loaded.environment) }
    }

    /// The agent that answers in a session: the one asked for by flag or setting, else the session's.
    pub fn agent_of(&self, session: &Session) -> String {
        let setting = &self.loaded.settings.agent;
        if self.loaded.chosen("agent") || self.gateway.roster().get(&session.agent).is_err() {
            setting.clone()
        } else {
            session.agent.clone()
        }
    }

    /// The model that answers in a session unless another is chosen.
    pub fn model_of(&self, session: &Session) -> String {
        let entry = self.gateway.roster().get(&self.agent_of(session));
        entry.map_or_else(|_| self.models.default.clone(), |entry| entry.model.clone())
    }

    /// What a model's name means here: the provider and the model that would be asked.
    pub fn resolved(&self, model: &str) -> String {
        self.models.router.chain(model).into_iter().next().unwrap_or_else(|| model.to_owned())
    }

    /// Begins a conversation.
    pub async fn new_session(&self, channel: &str, name: Option<&str>) -> anyhow::Result<Session> {
        if let Some(name) = name {
            check_name(name)?;
        }
        let new = NewSession {
            name: name.map(str::to_owned),
            channel: channel.to_owned(),
            agent: self.loaded.settings.agent.clone(),
            workspace: self.loaded.workspace().display().to_string(),
        };
        Ok(self.memory()?.create_session(new).await?)
    }

    /// The conversation of that name or id; one that isn't there begins under that name.
    pub async fn session_called(&self, wanted: &str, channel: &str) -> anyhow::Result<Session> {
        match self.memory()?.find_session(wanted).await {
            Ok(session) => Ok(session),
            Err(StoreError::NoSession(_)) => {
                eprintln!("note: new session {wanted:?}");
                self.new_session(channel, Some(wanted)).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The tools, and what the agent of `session` may do with each.
    pub fn tool_table(&self, session: &Session, colour: Colour) -> String {
        match self.gateway.roster().get(&self.agent_of(session)) {
            Ok(entry) => table::tools(self.registry.specs(), &entry.policy, colour),
            Err(error) => format!("{error}\n"),
        }
    }

    /// Writes what is queued and ends the script's thread.
    pub async fn close(&self) {
        self.loaded.close().await;
    }
}

/// Characters of a session's name, at most.
const NAME_CHARS: usize = 80;

/// Whether a session may be called so: names are shown one a line.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    if name.trim().is_empty() {
        bail!("the name of the session is empty");
    }
    if name.chars().count() > NAME_CHARS || name.contains(char::is_control) {
        bail!("a session's name has at most {NAME_CHARS} characters, on one line");
    }
    Ok(())
}
