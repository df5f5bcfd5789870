//! Which rule decides.

use crate::stand_ins::{by_name, by_words, call, run, run_spec, spec};
use openpista::{
    domain::{
        rules::{
            Access::{self, Allow, Ask, Deny},
            Autonomy, Rule,
        },
        tool::Effect,
    },
    policy::Policy,
};
use serde_json::json;

fn policy(rules: Vec<Rule>) -> Policy {
    Policy::new(rules, Autonomy::Ask)
}

#[test]
fn the_first_that_fits_decides() {
    let status = || run(json!({"argv": ["git", "status"]}));
    let table: Vec<(Vec<Rule>, Access, Option<usize>)> = vec![
        (vec![], Ask, None),
        (vec![by_name(Allow, "system.run")], Allow, Some(0)),
        (vec![by_name(Allow, "system.*")], Allow, Some(0)),
        (vec![by_name(Allow, "*")], Allow, Some(0)),
        (vec![by_name(Allow, "fs.*")], Ask, None),
        (vec![by_name(Allow, "*"), by_name(Ask, "system.run")], Ask, Some(1)),
        (vec![by_name(Ask, "*"), by_name(Allow, "system.run")], Ask, Some(0)),
        (vec![by_name(Ask, "system.run"), by_words(Allow, &["git", "status"])], Allow, Some(1)),
        (vec![by_words(Allow, &["git", "status"]), by_words(Ask, &["git", "status"])], Ask, Some(1)),
        (vec![by_name(Allow, "*"), by_words(Ask, &["git", "status"])], Ask, Some(1)),
        (vec![by_words(Allow, &["git", "status"]), by_name(Deny, "system.*")], Deny, Some(1)),
        (vec![by_name(Allow, "*"), by_words(Deny, &["git", "status"])], Deny, Some(1)),
        (vec![by_words(Allow, &["git", "push"]), by_name(Deny, "fs.*")], Ask, None),
    ];
    for (rules, access, decider) in table {
        let policy = policy(rules.clone());
        let decided = policy.decide(&status(), &run_spec());
        assert_eq!(decided.access, access, "{rules:?}");
        assert_eq!(decided.rule, decider.map(|index| &rules[index]), "{rules:?}");
    }
}

#[test]
fn the_default_goes_by_effect() {
    let none = policy(vec![]);
    let decide = |effect| none.decide(&call("a.b", json!({})), &spec("a.b", effect)).access;
    assert_eq!((decide(Effect::Read), decide(Effect::Act)), (Allow, Ask));
    let asks = policy(vec![by_name(Ask, "a.*")]);
    assert_eq!(asks.decide(&call("a.b", json!({})), &spec("a.b", Effect::Read)).access, Ask);
}

#[test]
fn what_is_to_be_opted_in_to_is_off_until_the_agent_names_it() {
    let spec = spec("lua.run", Effect::OptIn);
    for (agent, channel, access) in [
        (vec![], vec![], Deny),
        (vec![by_name(Allow, "*")], vec![], Deny),
        (vec![by_name(Ask, "*")], vec![by_name(Allow, "lua.run")], Deny),
        (vec![by_name(Allow, "lua.run")], vec![], Allow),
        (vec![by_name(Ask, "lua.*")], vec![], Ask),
        (vec![by_name(Allow, "*"), by_name(Ask, "lua.run")], vec![], Ask),
        (vec![by_name(Allow, "lua.run")], vec![by_name(Ask, "*")], Ask),
        (vec![by_name(Allow, "lua.run")], vec![by_name(Deny, "*")], Deny),
        (vec![by_name(Allow, "lua.run"), by_name(Deny, "lua.*")], vec![], Deny),
    ] {
        let policy = policy(agent.clone()).and(channel.clone());
        let decided = policy.decide(&call("lua.run", json!({})), &spec).access;
        assert_eq!(decided, access, "{agent:?} {channel:?}");
        assert_eq!(policy.offers(&spec), access != Deny, "{agent:?} {channel:?}");
    }
}

#[test]
fn of_several_sets_the_strictest_counts() {
    let decide = |agent: Vec<Rule>, channel: Vec<Rule>| {
        policy(agent).and(channel).decide(&run(json!({"argv": ["ls"]})), &run_spec()).access
    };
    let rule = |access| vec![by_name(access, "system.run")];
    assert_eq!(decide(rule(Allow), vec![]), Allow);
    assert_eq!(decide(rule(Allow), rule(Ask)), Ask);
    assert_eq!(decide(rule(Ask), rule(Allow)), Ask);
    assert_eq!(decide(rule(Deny), rule(Allow)), Deny);
    assert_eq!(decide(rule(Allow), rule(Deny)), Deny);
    assert_eq!(decide(vec![by_words(Allow, &["ls"])], rule(Ask)), Ask);
}

#[test]
fn restricting_rules_fit_whatever_else_is_given() {
    for access in [Ask, Deny] {
        let policy = policy(vec![by_name(Allow, "*"), by_words(access, &["git", "push"])]);
        for args in [
            json!({"argv": ["git", "push"]}),
            json!({"argv": ["git", "push"], "cwd": "elsewhere"}),
            json!({"argv": ["git", "push"], "env": {"A": "b"}, "stdin": "x"}),
            json!({"argv": ["git", "push"], "command": "true"}),
            json!({"argv": ["git", "push"], "unheard_of": 1}),
        ] {
            assert_eq!(policy.decide(&run(args.clone()), &run_spec()).access, access, "{args}");
        }
    }
}

#[test]
fn what_is_denied_by_name_is_not_offered() {
    let policy =
        policy(vec![by_name(Deny, "container.*"), by_words(Deny, &["rm"]), by_name(Ask, "fs.write")])
            .and(vec![by_name(Deny, "browser.open")]);
    let offers = |name: &str| policy.offers(&spec(name, Effect::Act));
    assert!(!offers("container.run") && !offers("browser.open"));
    assert!(offers("system.run") && offers("fs.write"));
}

#[test]
fn the_reason_names_the_rule_and_its_line() {
    let because = |rule| policy(vec![rule]).decide(&run(json!({"argv": ["ls"]})), &run_spec()).because();
    assert_eq!(because(by_name(Deny, "system.*")), "rule \"system.*\" denies (init.lua:7)");
    assert_eq!(because(by_words(Allow, &["ls"])), "rule system.run [\"ls\"] allows (init.lua:9)");
}
