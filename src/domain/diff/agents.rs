//! Providers, agents and channels: what they may do, and what else is different about them.

use super::parts::{changed, named, same, same_or_none};
use crate::domain::{
    plan::{AgentSpec, ChannelKind, ChannelSpec, MAIN, Prompt, ProviderKind, ProviderSpec},
    rules::{Access, Match, Rule},
    sandbox::SandboxProfile,
};
use std::{borrow::Cow, collections::BTreeMap};

/// How many rules are named that an agent gained or lost at once.
const RULES: usize = 4;

pub(super) fn providers(
    old: &BTreeMap<String, ProviderSpec>,
    new: &BTreeMap<String, ProviderSpec>,
    out: &mut Vec<String>,
) {
    named("provider ", old, new, out, |what, old, new, out| {
        let mut parts = match (&old.kind, &new.kind) {
            (
                ProviderKind::OpenAi { base_url, api_key, dialect },
                ProviderKind::OpenAi { base_url: url, api_key: key, dialect: flags },
            ) => {
                vec![
                    ("base_url", base_url != url),
                    ("api_key", api_key != key),
                    ("dialect", dialect != flags),
                ]
            }
            (
                ProviderKind::Lua { handler, timeout },
                ProviderKind::Lua { handler: function, timeout: limit },
            ) => vec![("chat", !same(*handler, *function)), ("timeout", timeout != limit)],
            _ => vec![("what answers", true)],
        };
        parts.extend([
            ("model", old.model != new.model),
            ("fallback", old.fallback != new.fallback),
            ("context_window", old.context_window != new.context_window),
            ("price", old.price != new.price),
        ]);
        changed(what, &parts, out);
    });
}

pub(super) fn agents(
    old: &BTreeMap<String, AgentSpec>,
    new: &BTreeMap<String, AgentSpec>,
    out: &mut Vec<String>,
) {
    // There is always a main agent, declared or not.
    let (old, new) = (with_main(old), with_main(new));
    named("agent ", &old, &new, out, |what, old, new, out| {
        rules(what, &old.rules, &new.rules, out);
        if old.model != new.model {
            let name = |model: &Option<String>| model.clone().unwrap_or_else(|| "the default".into());
            out.push(format!("{what}: model {} → {}", name(&old.model), name(&new.model)));
        }
        let prompt = match (&old.prompt, &new.prompt) {
            (Prompt::Handler(old), Prompt::Handler(new)) => !same(*old, *new),
            (old, new) => old != new,
        };
        let parts =
            [("prompt", prompt), ("skills", old.skills != new.skills), ("budget", old.budget != new.budget)];
        changed(what, &parts, out);
    });
}

fn with_main(agents: &BTreeMap<String, AgentSpec>) -> Cow<'_, BTreeMap<String, AgentSpec>> {
    if agents.contains_key(MAIN) {
        return Cow::Borrowed(agents);
    }
    let mut all = agents.clone();
    all.insert(MAIN.to_owned(), AgentSpec::undeclared(MAIN));
    Cow::Owned(all)
}

pub(super) fn channels(
    old: &BTreeMap<String, ChannelSpec>,
    new: &BTreeMap<String, ChannelSpec>,
    out: &mut Vec<String>,
) {
    named("channel ", old, new, out, |what, old, new, out| {
        rules(what, &old.rules, &new.rules, out);
        let mut parts = match (&old.kind, &new.kind) {
            (ChannelKind::Lua { start, send }, ChannelKind::Lua { start: begin, send: deliver }) => {
                vec![("start", !same_or_none(*start, *begin)), ("send", !same(*send, *deliver))]
            }
            (ChannelKind::Telegram(old), ChannelKind::Telegram(new)) => vec![
                ("token", old.token != new.token),
                ("api", old.api != new.api),
                ("stream", old.stream != new.stream),
                ("typing", old.typing != new.typing),
                ("inbox", old.inbox != new.inbox),
                ("pairing", old.pairing != new.pairing),
                ("gather", old.gather != new.gather),
            ],
            (ChannelKind::Http(old), ChannelKind::Http(new)) => vec![
                ("listen", old.listen != new.listen),
                ("token", old.token != new.token),
                ("callback", old.callback != new.callback),
                ("signing", old.signing != new.signing),
            ],
            _ => vec![("kind", true)],
        };
        parts.extend([
            ("users", old.users != new.users),
            ("owners", old.owners() != new.owners()),
            ("agent", old.agent != new.agent),
            ("rates", old.rates != new.rates),
            ("steer", old.steer != new.steer),
        ]);
        changed(what, &parts, out);
    });
}

pub(super) fn sandboxes(
    old: &BTreeMap<String, SandboxProfile>,
    new: &BTreeMap<String, SandboxProfile>,
    out: &mut Vec<String>,
) {
    named("sandbox ", old, new, out, |what, old, new, out| {
        let parts = [
            ("image", old.image != new.image),
            ("memory", old.memory_bytes != new.memory_bytes),
            ("cpus", old.cpus != new.cpus),
            ("pids", old.pids != new.pids),
            ("network", old.network != new.network),
            ("workspace", old.workspace != new.workspace),
            ("mounts", old.mounts != new.mounts),
            ("user", old.user != new.user),
            ("env", old.env != new.env),
            ("timeout", old.timeout != new.timeout),
            ("fallback", old.fallback != new.fallback),
        ];
        changed(what, &parts, out);
    });
}

/// What one may do that it could not before, what no longer, and what is treated differently.
fn rules(what: &str, old: &[Rule], new: &[Rule], out: &mut Vec<String>) {
    let said = |rules: &[Rule], matches: &Match| -> Vec<Access> {
        let of = |access: Access| rules.iter().any(|r| r.access == access && r.matches == *matches);
        [Access::Allow, Access::Ask, Access::Deny].into_iter().filter(|access| of(*access)).collect()
    };
    let mut seen: Vec<&Match> = vec![];
    let (mut gained, mut lost) = (vec![], vec![]);
    for rule in old.iter().chain(new) {
        if seen.contains(&&rule.matches) {
            continue;
        }
        seen.push(&rule.matches);
        let (before, now) = (said(old, &rule.matches), said(new, &rule.matches));
        let shown = title(&rule.matches);
        match (before.is_empty(), now.is_empty()) {
            _ if before == now => {}
            (true, _) => gained.push(format!("{} {shown}", words(&now))),
            (_, true) => lost.push(format!("{} {shown}", words(&before))),
            _ => out.push(format!("{what}: {shown} {} → {}", words(&before), words(&now))),
        }
    }
    if !gained.is_empty() {
        out.push(format!("{what} gains {}", short(&gained)));
    }
    if !lost.is_empty() {
        out.push(format!("{what} loses {}", short(&lost)));
    }
}

/// The first of them, and how many more there are.
fn short(rules: &[String]) -> String {
    let listed = rules.iter().take(RULES).cloned().collect::<Vec<_>>().join(", ");
    match rules.len().saturating_sub(RULES) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

fn words(accesses: &[Access]) -> String {
    let word = |access: &Access| match access {
        Access::Allow => "allow",
        Access::Ask => "ask",
        Access::Deny => "deny",
    };
    accesses.iter().map(word).collect::<Vec<_>>().join("+")
}

fn title(matches: &Match) -> String {
    match matches {
        Match::Name(name) => name.clone(),
        Match::Argv { tool, argv } => format!("{tool} {:?}", argv.join(" ")),
    }
}
