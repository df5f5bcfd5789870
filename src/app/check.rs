//! What a configuration would declare, without anything being opened or started.

use super::{Flags, Loaded, assemble, reload, secrets_there, services::cron::zone_here};
use crate::{
    cron::{self, Clock, SystemClock, timing},
    domain::{
        plan::{AgentSpec, ChannelKind, CronSpec, Handler, Prompt, ProviderKind, Schedule},
        rules::Rule,
        tool::Effect,
    },
    policy::title,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// A configuration that was loaded and found sound.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The `init.lua` in use.
    pub init: String,
    /// `provider/model` that answers when none is named.
    pub model: String,
    /// Every file that was read to load it.
    pub files: Vec<String>,
    /// What is odd about it.
    pub warnings: Vec<String>,
    /// What it declares, by kind; the kinds in the order in which they are shown.
    pub plan: Vec<Kind>,
    /// What it would change about the configuration that was last in force, a line each; `None`: none
    /// was.
    pub changes: Option<Vec<String>>,
}

/// The things of one kind that a configuration declares.
#[derive(Clone, Debug, Serialize)]
pub struct Kind {
    /// `agent`, `tool`, …
    pub kind: &'static str,
    /// All of them.
    pub items: Vec<Item>,
}

/// One thing that a configuration declares.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its name; of hooks the point, of observers the event.
    pub name: String,
    /// `file:line`.
    pub location: String,
    /// What else there is to say, by name.
    pub facts: Vec<(&'static str, Value)>,
    /// Tool rules, of agents and channels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Line>,
}

/// A tool rule.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// `allow`, `ask` or `deny`.
    pub access: Value,
    /// Which calls.
    pub what: String,
    /// `file:line`.
    pub location: String,
}

/// Loads the configuration and checks it as a whole. None of its functions is called.
///
/// # Errors
/// What is wrong with it.
pub async fn check(flags: Flags) -> anyhow::Result<Report> {
    let loaded = Loaded::load(flags).await?;
    let checked = assemble::check(&loaded, false).await;
    loaded.refresh_types();
    let report = match checked {
        Ok(checked) => Ok(Report {
            init: match &loaded.located.init {
                Some(path) => path.display().to_string(),
                None => "the built-in init.lua".to_owned(),
            },
            model: checked
                .models
                .router
                .chain(&checked.models.default)
                .into_iter()
                .next()
                .unwrap_or_default(),
            files: loaded.inputs.texts().keys().map(|path| path.display().to_string()).collect(),
            warnings: [
                checked.warnings,
                checked.open_doors,
                checked.models.missing_keys,
                secrets_there::missing(&loaded).await,
            ]
            .concat(),
            plan: listing(&loaded),
            changes: changes(&loaded).await,
        }),
        Err(error) => Err(error),
    };
    loaded.script.shutdown().await;
    report
}

/// What is other than in the configuration that a program which stays had last, as a reload would tell
/// it; `None`: there was none.
async fn changes(loaded: &Loaded) -> Option<Vec<String>> {
    let kept = loaded.process().last_good()?;
    let old = Loaded::of(Arc::new(loaded.process().anew()), Some(Arc::new(kept))).await.ok()?;
    let reloaded = reload::difference(&old, loaded);
    old.script.shutdown().await;
    Some(reloaded.changes)
}

fn listing(loaded: &Loaded) -> Vec<Kind> {
    let plan = &loaded.plan;
    let (zone, now) = (zone_here(loaded).zone, SystemClock::default().now_ms());
    let kind = |kind, items: Vec<Item>| Kind { kind, items };
    vec![
        kind("agent", plan.agents.values().map(agent).collect()),
        kind(
            "tool",
            plan.tools
                .iter()
                .map(|tool| {
                    let effect = match tool.spec.effect {
                        Effect::Read => "read",
                        Effect::Act => "act",
                        Effect::OptIn => "opt_in",
                    };
                    let facts = vec![fact("effect", effect), fact("timeout", tool.timeout.as_secs_f64())];
                    item(&tool.spec.name, &tool.location, facts)
                })
                .collect(),
        ),
        kind("hook", plan.hooks.iter().map(handler).collect()),
        kind("observer", plan.observers.iter().map(handler).collect()),
        kind("provider", plan.providers.values().map(provider).collect()),
        kind("channel", plan.channels.values().map(channel).collect()),
        kind(
            "profile",
            plan.sandboxes
                .iter()
                .map(|(name, profile)| item(name, &profile.location, vec![fact("network", profile.network)]))
                .collect(),
        ),
        kind("job", plan.cron.values().map(|spec| job(spec, &zone, now)).collect()),
        kind(
            "command",
            plan.commands
                .values()
                .map(|command| item(&command.name, &command.location, vec![fact("help", &*command.help)]))
                .collect(),
        ),
    ]
}

fn item(name: &str, location: &str, facts: Vec<(&'static str, Value)>) -> Item {
    Item { name: name.to_owned(), location: location.to_owned(), facts, rules: vec![] }
}

fn fact(name: &'static str, value: impl Into<Value>) -> (&'static str, Value) {
    (name, value.into())
}

fn rules(rules: &[Rule]) -> Vec<Line> {
    let line = |rule: &Rule| Line {
        access: json!(rule.access),
        what: title(&rule.matches),
        location: rule.location.clone(),
    };
    rules.iter().map(line).collect()
}

fn agent(agent: &AgentSpec) -> Item {
    let mut facts = vec![];
    facts.extend(agent.model.as_deref().map(|model| fact("model", model)));
    facts.push(fact(
        "prompt",
        match agent.prompt {
            Prompt::Default => "default",
            Prompt::Text(_) => "text",
            Prompt::Handler(_) => "function",
        },
    ));
    facts.extend(agent.budget.tokens_per_turn.map(|tokens| fact("tokens_per_turn", tokens)));
    facts.extend(agent.budget.usd_per_day.map(|usd| fact("usd_per_day", usd)));
    Item { rules: rules(&agent.rules), ..item(&agent.name, &agent.location, facts) }
}

fn handler(handler: &Handler) -> Item {
    let facts = if handler.priority == 0 { vec![] } else { vec![fact("priority", handler.priority)] };
    item(&handler.point, &handler.location, facts)
}

fn provider(spec: &crate::domain::plan::ProviderSpec) -> Item {
    let mut facts = match &spec.kind {
        ProviderKind::OpenAi { base_url, .. } => vec![fact("base_url", &**base_url)],
        ProviderKind::Lua { timeout, .. } => {
            vec![fact("chat", "function"), fact("timeout", timeout.as_secs_f64())]
        }
    };
    facts.extend(spec.model.as_deref().map(|model| fact("model", model)));
    if !spec.fallback.is_empty() {
        facts.push(fact("fallback", spec.fallback.clone()));
    }
    item(&spec.name, &spec.location, facts)
}

fn channel(spec: &crate::domain::plan::ChannelSpec) -> Item {
    let mut facts = vec![];
    match &spec.kind {
        ChannelKind::Lua { .. } => facts.push(fact("kind", "lua")),
        ChannelKind::Telegram(telegram) => {
            facts.push(fact("kind", "telegram"));
            facts.push(fact("token", telegram.token.to_string()));
            facts.extend(telegram.api.as_deref().map(|api| fact("api", api)));
        }
        ChannelKind::Http(http) => {
            facts.extend([fact("kind", "http"), fact("listen", http.listen.to_string())]);
            facts.push(match &http.token {
                Some(place) => fact("token", place.to_string()),
                None => fact("token", false),
            });
            facts.extend(http.callback.as_deref().map(|url| fact("callback", url)));
        }
    }
    facts.extend(spec.agent.as_deref().map(|agent| fact("agent", agent)));
    facts.push(fact("users", spec.users.clone()));
    facts.push(fact("owners", spec.owners()));
    Item { rules: rules(&spec.rules), ..item(&spec.name, &spec.location, facts) }
}

fn job(spec: &CronSpec, zone: &cron::Zone, now: i64) -> Item {
    let mut facts = vec![match &spec.schedule {
        Schedule::Cron(expression) => fact("at", &**expression),
        Schedule::Every(time) => fact("every", time.as_secs_f64()),
    }];
    facts.extend(spec.tz.as_deref().map(|tz| fact("tz", tz)));
    facts.push(("missed", json!(spec.missed)));
    facts.push(("overlap", json!(spec.overlap)));
    // An interval counts from when the program began.
    if let (Schedule::Cron(_), Ok((timing, _))) = (&spec.schedule, timing(spec, zone, now)) {
        let there = spec.tz.as_deref().and_then(|tz| cron::zone(tz).ok());
        let there = there.as_ref().unwrap_or(zone);
        facts.extend(cron::shown_time(timing.next_after(now), there).map(|next| fact("next", next)));
    }
    item(&spec.name, &spec.location, facts)
}
