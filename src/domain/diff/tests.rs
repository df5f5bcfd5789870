use super::*;
use crate::domain::{
    id::HandlerId,
    plan::{
        AgentSpec, Budget, ChannelKind, ChannelSpec, CommandSpec, CronSpec, CronWork, Handler, LuaTool, MAIN,
        Missed, Overlap, Prompt, ProviderKind, ProviderSpec, Schedule,
    },
    rules::{Access, Match, Rule},
    secret::SecretRef,
    tool::{Effect, ToolSpec},
};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A function of this text, at whatever place.
fn function(source: u64) -> HandlerId {
    use std::sync::atomic::{AtomicU32, Ordering};
    static INDEX: AtomicU32 = AtomicU32::new(0);
    HandlerId { index: INDEX.fetch_add(1, Ordering::Relaxed), source }
}

fn place() -> String {
    format!("init.lua:{}", function(0).index)
}

fn rule(access: Access, name: &str) -> Rule {
    Rule { access, matches: Match::Name(name.into()), location: place() }
}

fn agent(rules: Vec<Rule>) -> AgentSpec {
    AgentSpec { rules, location: place(), ..AgentSpec::undeclared(MAIN) }
}

fn with_agent(agent: AgentSpec) -> Plan {
    Plan { agents: [(agent.name.clone(), agent)].into(), ..Plan::default() }
}

fn hook(point: &str, source: u64) -> Handler {
    Handler { point: point.into(), id: function(source), priority: 0, location: place() }
}

fn hooks(handlers: Vec<Handler>) -> Plan {
    Plan { hooks: handlers, ..Plan::default() }
}

fn job(schedule: Schedule) -> CronSpec {
    CronSpec {
        name: "digest".into(),
        schedule,
        tz: None,
        missed: Missed::Skip,
        overlap: Overlap::Skip,
        timeout: MINUTE,
        to: None,
        work: CronWork::Handler(function(1)),
        location: place(),
    }
}

fn cron(job: CronSpec) -> Plan {
    Plan { cron: [(job.name.clone(), job)].into(), ..Plan::default() }
}

fn tool(name: &str, source: u64) -> LuaTool {
    let spec = ToolSpec {
        name: name.into(),
        description: "d".into(),
        parameters: json!({}).into(),
        effect: Effect::Act,
    };
    LuaTool { spec, handler: function(source), timeout: MINUTE, location: place() }
}

fn provider(base_url: &str) -> Plan {
    let spec = ProviderSpec {
        name: "x".into(),
        kind: ProviderKind::OpenAi {
            base_url: base_url.into(),
            api_key: Some(SecretRef::Env("KEY".into())),
            dialect: Default::default(),
        },
        fallback: vec![],
        model: None,
        context_window: None,
        price: None,
        location: place(),
    };
    Plan { providers: [("x".into(), spec)].into(), ..Plan::default() }
}

#[track_caller]
fn tells(old: &Plan, new: &Plan, changes: &[&str]) {
    assert_eq!(Diff::between(old, new, &[]).changes, changes);
}

#[test]
fn places_and_numbers_of_functions_do_not_count() {
    let plan = || Plan {
        observers: vec![hook("turn.end", 3)],
        tools: vec![tool("weather", 4)],
        commands: [("deploy".into(), command(5))].into(),
        channels: [("page".into(), channel(vec![]))].into(),
        hooks: vec![hook("prompt", 1), hook("tool_call", 2)],
        agents: [(MAIN.into(), AgentSpec { prompt: Prompt::Handler(function(9)), ..agent(vec![]) })].into(),
        ..cron(job(Schedule::Every(MINUTE)))
    };
    let diff = Diff::between(&plan(), &plan(), &[]);
    assert!(diff.is_empty(), "{diff}");
    // Nor does it whether the agent that is there anyway was written down.
    tells(&Plan::default(), &with_agent(agent(vec![])), &[]);
}

#[test]
fn rules_are_gained_lost_and_changed() {
    let old = with_agent(agent(vec![rule(Access::Allow, "fs.*"), rule(Access::Allow, "memory.*")]));
    let argv = Rule {
        access: Access::Allow,
        matches: Match::Argv { tool: "system.run".into(), argv: vec!["git".into(), "status".into()] },
        location: place(),
    };
    let new = with_agent(agent(vec![argv, rule(Access::Ask, "system.run"), rule(Access::Deny, "fs.*")]));
    tells(
        &old,
        &new,
        &[
            "agent main: fs.* allow → deny",
            "agent main gains allow system.run \"git status\", ask system.run",
            "agent main loses allow memory.*",
        ],
    );
    let many = with_agent(agent(["a", "b", "c", "d", "e", "f"].map(|name| rule(Access::Allow, name)).into()));
    tells(&Plan::default(), &many, &["agent main gains allow a, allow b, allow c, allow d and 2 more"]);
    tells(
        &Plan::default(),
        &with_agent(agent(vec![rule(Access::Ask, "system.run")])),
        &["agent main gains ask system.run"],
    );
    tells(&with_agent(agent(vec![rule(Access::Deny, "*")])), &Plan::default(), &["agent main loses deny *"]);
}

#[test]
fn agents_come_go_and_change() {
    let helper = AgentSpec { name: "helper".into(), ..agent(vec![]) };
    tells(&Plan::default(), &with_agent(helper.clone()), &["agent helper added"]);
    tells(&with_agent(helper.clone()), &Plan::default(), &["agent helper removed"]);
    let changed = AgentSpec {
        model: Some("a/b".into()),
        prompt: Prompt::Text("Be brief.".into()),
        budget: Budget { tokens_per_turn: Some(5), ..Budget::default() },
        ..helper.clone()
    };
    tells(
        &with_agent(helper),
        &with_agent(changed),
        &["agent helper: model the default → a/b", "agent helper: prompt, budget changed"],
    );
    let prompt =
        |source| with_agent(AgentSpec { prompt: Prompt::Handler(function(source)), ..agent(vec![]) });
    tells(&prompt(1), &prompt(2), &["agent main: prompt changed"]);
}

#[test]
fn hooks_are_replaced_added_removed_and_moved() {
    let both = || hooks(vec![hook("prompt", 1), hook("tool_call", 2)]);
    tells(
        &both(),
        &hooks(vec![hook("prompt", 3), hook("tool_call", 4)]),
        &["2 hooks replaced (prompt, tool_call)"],
    );
    tells(&both(), &hooks(vec![hook("prompt", 1)]), &["1 hook removed (tool_call)"]);
    tells(&hooks(vec![]), &both(), &["2 hooks added (prompt, tool_call)"]);
    // The same function twice is two hooks.
    tells(
        &hooks(vec![hook("prompt", 1)]),
        &hooks(vec![hook("prompt", 1), hook("prompt", 1)]),
        &["1 hook added (prompt)"],
    );
    let turned = |first, second| hooks(vec![hook("prompt", first), hook("prompt", second)]);
    tells(&turned(1, 2), &turned(2, 1), &["hooks in another order (prompt)"]);
    let urgent = hooks(vec![Handler { priority: 5, ..hook("prompt", 1) }]);
    tells(&hooks(vec![hook("prompt", 1)]), &urgent, &["1 hook replaced (prompt)"]);
    let observing = |source| Plan { observers: vec![hook("turn.end", source)], ..Plan::default() };
    tells(&observing(1), &observing(2), &["1 observer replaced (turn.end)"]);
}

#[test]
fn schedules_are_told_as_short_as_can_be() {
    let at = |expression: &str| cron(job(Schedule::Cron(expression.into())));
    let every = |seconds| cron(job(Schedule::Every(Duration::from_secs(seconds))));
    tells(&at("0 7 * * 1-5"), &at("0 8 * * 1-5"), &["cron digest 07:00 → 08:00"]);
    tells(&at("0 7 * * *"), &at("0 7 * * 1"), &["cron digest \"0 7 * * *\" → \"0 7 * * 1\""]);
    tells(&at("@daily"), &every(600), &["cron digest \"@daily\" → every 10m"]);
    tells(&every(90), &every(7200), &["cron digest every 90s → every 2h"]);
    let other = CronSpec {
        tz: Some("Asia/Seoul".into()),
        missed: Missed::Once,
        work: CronWork::Handler(function(2)),
        ..job(Schedule::Every(MINUTE))
    };
    tells(
        &cron(job(Schedule::Every(MINUTE))),
        &cron(other),
        &["cron digest: local time → Asia/Seoul", "cron digest: work, missed changed"],
    );
    tells(&Plan::default(), &every(1), &["cron digest added"]);
}

fn command(source: u64) -> CommandSpec {
    CommandSpec {
        name: "deploy".into(),
        help: "h".into(),
        timeout: MINUTE,
        handler: function(source),
        location: place(),
    }
}

fn channel(rules: Vec<Rule>) -> ChannelSpec {
    ChannelSpec {
        steer: Default::default(),
        name: "page".into(),
        kind: ChannelKind::Lua { start: Some(function(1)), send: function(2) },
        users: vec!["ada".into()],
        owners: None,
        agent: None,
        rules,
        rates: Default::default(),
        location: place(),
    }
}

#[test]
fn tools_commands_channels_and_providers() {
    let tools = |tools| Plan { tools, ..Plan::default() };
    tells(&tools(vec![]), &tools(vec![tool("weather", 1)]), &["tool weather added"]);
    tells(&tools(vec![tool("weather", 1)]), &tools(vec![tool("weather", 2)]), &["tool weather: run changed"]);
    let mut reading = tool("weather", 1);
    (reading.spec.effect, reading.spec.description) = (Effect::Read, "other".into());
    tells(
        &tools(vec![tool("weather", 1)]),
        &tools(vec![reading]),
        &["tool weather: description, effect changed"],
    );
    let commands = |source| Plan { commands: [("deploy".into(), command(source))].into(), ..Plan::default() };
    tells(&Plan::default(), &commands(1), &["command /deploy added"]);
    tells(&commands(1), &commands(2), &["command /deploy: function changed"]);
    let channels = |channel| Plan { channels: [("page".into(), channel)].into(), ..Plan::default() };
    tells(&channels(channel(vec![])), &Plan::default(), &["channel page removed"]);
    let stricter = ChannelSpec { users: vec![], ..channel(vec![rule(Access::Deny, "fs.*")]) };
    tells(
        &channels(channel(vec![])),
        &channels(stricter),
        &["channel page gains deny fs.*", "channel page: users, owners changed"],
    );
    tells(&provider("http://a/v1"), &provider("http://me:pw@b/v1"), &["provider x: base_url changed"]);
}

#[test]
fn settings_are_shown_unless_they_are_long_or_hidden() {
    let change = |old, new| SettingChange { key: "max_tool_rounds".into(), old, new };
    let told =
        |change: SettingChange| Diff::between(&Plan::default(), &Plan::default(), &[change]).to_string();
    assert_eq!(told(change(json!(10), json!(20))), "setting max_tool_rounds 10 → 20");
    assert_eq!(told(change(json!(null), json!("a/b"))), "setting max_tool_rounds (none) → a/b");
    assert_eq!(told(change(json!([]), json!("x".repeat(80)))), "setting max_tool_rounds changed");
    // Two values that are shown alike because what differs is hidden.
    assert_eq!(told(change(json!("[hidden]"), json!("[hidden]"))), "setting max_tool_rounds changed");
}

#[test]
fn a_line_stays_readable() {
    let changes = (0..11).map(|n| format!("change {n}")).collect();
    let diff = Diff { changes, restart: vec!["database".into(), "history".into()] };
    let line = diff.to_string();
    assert!(line.ends_with("change 7; and 3 more; needs a restart: database, history"), "{line}");
    assert_eq!(Diff::default().to_string(), "");
}
