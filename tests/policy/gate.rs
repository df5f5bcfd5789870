//! What becomes of a call.

use crate::stand_ins::{
    Person, Saying, Shelf, Silent, authorized, by_name, by_words, call, context, denial, gate, run, run_spec,
    spec, wait,
};
use openpista::{
    domain::{
        approval::Approval,
        call::ToolCall,
        hook::{HookVerdict, NoHooks},
        rules::{
            Access::{Allow, Ask, Deny},
            Autonomy, Rule,
        },
        tool::Effect,
    },
    policy::{Decider, Gate, Outlook, Policy, Verdict},
};
use serde_json::json;
use std::sync::Arc;

fn rules(rules: Vec<Rule>) -> Policy {
    Policy::new(rules, Autonomy::Ask)
}

fn auto() -> Policy {
    Policy::new(vec![], Autonomy::Auto)
}

fn ls() -> ToolCall {
    run(json!({"argv": ["ls"]}))
}

fn decide(gate: &Gate, call: ToolCall, policy: &Policy) -> Verdict {
    wait(gate.authorize(call, Some(&run_spec()), policy, &context()))
}

fn hooked(verdict: HookVerdict, person: &Arc<Person>) -> Gate {
    gate(Saying::new(verdict), person.clone(), Arc::default())
}

fn by() -> String {
    "init.lua:3".into()
}

fn rewrite(argv: &[&str], then: HookVerdict) -> HookVerdict {
    let call = run(json!({"argv": argv}));
    HookVerdict::Rewrite { args: call.args, by: by(), then: Box::new(then) }
}

#[test]
fn a_person_decides_what_the_rules_ask_about() {
    let person = Person::saying(&[Approval::Yes, Approval::No]);
    let gate = gate(Arc::new(NoHooks), person.clone(), Arc::default());
    let asked = ls();
    assert_eq!(authorized(decide(&gate, asked.clone(), &rules(vec![]))).0, asked);
    assert!(denial(decide(&gate, ls(), &rules(vec![]))).starts_with("the user said no"));
    let questions = person.asked.lock().unwrap();
    assert_eq!(questions[0].call, asked);
    assert_eq!(questions[0].context, context());
    assert_eq!(questions[0].reason, "tools that act ask by default");
}

#[test]
fn without_anybody_to_ask_the_answer_is_no_and_says_how_to_allow_it() {
    let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
    let reason = denial(decide(&gate, run(json!({"argv": ["git", "log", "-1\""]})), &rules(vec![])));
    let rule = r#"pista.agent("main", { tools = { allow = { { "system.run", argv = { "git", "log", "-1\"" } } } } })"#;
    assert!(reason.contains("--yes") && reason.contains(rule), "{reason}");
    let reason = denial(decide(&gate, run(json!({"command": "ls"})), &rules(vec![])));
    assert!(
        !reason.contains("allow = {") && reason.contains("openpista repl"),
        "no more than this: {reason}"
    );
}

#[test]
fn malformed_calls_are_denied_with_help() {
    let person = Person::saying(&[Approval::Yes]);
    let gate = gate(Arc::new(NoHooks), person.clone(), Arc::default());
    let policy = rules(vec![by_name(Allow, "*")]);
    let unknown = wait(gate.authorize(call("sytem.run", json!({})), None, &policy, &context()));
    assert!(denial(unknown).contains("there is no tool called \"sytem.run\""));
    let invalid = ToolCall { invalid: Some("{\"argv\": [".into()), ..run(json!({})) };
    let reason = denial(decide(&gate, invalid, &policy));
    assert!(reason.contains("must be one JSON object") && reason.contains("{\"argv\": ["), "{reason}");
    assert_eq!(person.questions(), 0);
}

#[test]
fn nothing_lifts_a_rule_that_denies() {
    let person = Person::saying(&[Approval::Always; 8]);
    let denies = Policy::new(vec![by_name(Allow, "*"), by_name(Deny, "system.*")], Autonomy::Auto);
    for verdict in [
        HookVerdict::Pass,
        HookVerdict::Allow { by: by() },
        HookVerdict::Ask { to: vec![], timeout: None, by: by() },
        HookVerdict::Answer { content: "x".into(), by: by() },
        rewrite(&["true"], HookVerdict::Allow { by: by() }),
    ] {
        let reason = denial(decide(&hooked(verdict, &person), ls(), &denies));
        assert_eq!(reason, "not allowed: rule \"system.*\" denies (init.lua:7)");
    }
    assert_eq!(person.questions(), 0);
}

#[test]
fn hooks_are_heard_also_where_rules_allow() {
    let person = Person::saying(&[Approval::No]);
    let allows = rules(vec![by_name(Allow, "system.run")]);
    // A hook that fails or is late says "deny", too.
    let failed = HookVerdict::Deny { reason: "the hook failed".into(), by: by() };
    let reason = denial(decide(&hooked(failed, &person), ls(), &allows));
    assert_eq!(reason, "the hook failed (denied by the hook at init.lua:3)");
    let answer = HookVerdict::Answer { content: "42".into(), by: by() };
    let answered = decide(&hooked(answer, &person), ls(), &allows);
    assert!(matches!(answered, Verdict::Answered { content, .. } if content == "42"));
    assert!(
        denial(decide(
            &hooked(HookVerdict::Ask { to: vec![], timeout: None, by: by() }, &person),
            ls(),
            &allows
        ))
        .contains("said no")
    );
    assert_eq!(person.questions(), 1);
}

#[test]
fn a_hook_allows_what_the_rules_ask_about() {
    let person = Arc::<Person>::default();
    let (_, because) =
        authorized(decide(&hooked(HookVerdict::Allow { by: by() }, &person), ls(), &rules(vec![])));
    assert_eq!(because, "the hook at init.lua:3 allows");
    assert_eq!(person.questions(), 0);
}

#[test]
fn autonomy_answers_for_rules_and_not_for_hooks() {
    let person = Arc::<Person>::default();
    let (_, because) = authorized(decide(&hooked(HookVerdict::Pass, &person), ls(), &auto()));
    assert!(because.ends_with("autonomy is \"auto\""), "{because}");
    assert_eq!(person.questions(), 0);
    let reason = denial(decide(
        &hooked(HookVerdict::Ask { to: vec![], timeout: None, by: by() }, &person),
        ls(),
        &auto(),
    ));
    assert!(reason.contains("nobody can be asked"), "{reason}");
    assert_eq!(person.questions(), 1);
}

#[test]
fn rewritten_arguments_go_through_the_rules_again() {
    let person = Person::saying(&[Approval::Yes]);
    let policy = rules(vec![by_words(Allow, &["ls"]), by_words(Deny, &["rm"]), by_words(Allow, &["id"])]);
    let go = |verdict| decide(&hooked(verdict, &person), ls(), &policy);
    // What is denied stays so, whatever the hooks say before or after.
    assert!(denial(go(rewrite(&["rm"], HookVerdict::Pass))).contains("denies"));
    assert!(denial(go(rewrite(&["rm"], HookVerdict::Allow { by: by() }))).contains("denies"));
    assert!(denial(go(rewrite(&["rm"], rewrite(&["id"], HookVerdict::Pass)))).contains("denies"));
    assert!(denial(go(rewrite(&["id"], rewrite(&["rm"], HookVerdict::Pass)))).contains("denies"));
    // What was allowed is no longer when the words are others.
    assert_eq!(authorized(go(rewrite(&["id"], HookVerdict::Pass))).0.args["argv"], json!(["id"]));
    assert_eq!(person.questions(), 0);
    assert_eq!(authorized(go(rewrite(&["ps"], HookVerdict::Pass))).0.args["argv"], json!(["ps"]));
    assert_eq!(
        person.asked.lock().unwrap()[0].call.args["argv"],
        json!(["ps"]),
        "asked about what would run"
    );
    // Later hooks are heard.
    let no = HookVerdict::Deny { reason: "not that".into(), by: by() };
    assert!(denial(go(rewrite(&["id"], no))).starts_with("not that"));
}

#[test]
fn endless_rewriting_ends() {
    let person = Arc::<Person>::default();
    let endless = (0..1000).fold(HookVerdict::Pass, |then, _| rewrite(&["id"], then));
    let policy = rules(vec![by_name(Allow, "*")]);
    assert!(denial(decide(&hooked(endless, &person), ls(), &policy)).contains("changed the arguments"));
}

#[test]
fn always_holds_for_exactly_this_call_of_this_agent_in_this_workspace() {
    let person = Person::saying(&[Approval::Always]);
    let shelf = Arc::<Shelf>::default();
    let asks = rules(vec![]);
    let at_work = gate(Arc::new(NoHooks), person.clone(), shelf.clone());
    authorized(decide(&at_work, ls(), &asks));
    let grant = shelf.grants.lock().unwrap()[0].clone();
    assert_eq!(
        (grant.agent.as_str(), grant.tool.as_str(), grant.workspace.as_str()),
        ("main", "system.run", "/work")
    );
    assert_eq!(grant.args, r#"{"argv":["ls"]}"#);
    assert!(grant.granted_ms > 1_600_000_000_000);
    let (_, because) = authorized(decide(&at_work, ls(), &asks));
    assert!(because.contains("standing approval"), "{because}");
    assert_eq!(person.questions(), 1);
    // Edited in any way, it is another call.
    for args in [
        json!({"argv": ["ls", "-l"]}),
        json!({"argv": ["ls"], "timeout": 5}),
        json!({"argv": ["ls"], "cwd": "/"}),
        json!({"argv": ["ls"], "env": {"A": "b"}}),
        json!({"command": "ls"}),
    ] {
        denial(decide(&at_work, run(args), &asks));
    }
    let mut other_agent = context();
    other_agent.agent = "other".into();
    denial(wait(at_work.authorize(ls(), Some(&run_spec()), &asks, &other_agent)));
    let elsewhere = Gate::new(Arc::new(NoHooks), person.clone(), shelf.clone(), "/elsewhere".into());
    denial(decide(&elsewhere, ls(), &asks));
    assert_eq!(person.questions(), 8);
    // Rules made stricter since are heard first, and a hook that asks is heard every time.
    denial(decide(&at_work, ls(), &rules(vec![by_name(Deny, "system.run")])));
    denial(decide(
        &gate(Saying::new(HookVerdict::Ask { to: vec![], timeout: None, by: by() }), person, shelf),
        ls(),
        &asks,
    ));
}

#[test]
fn a_turn_cancelled_while_asking_leaves_nothing_behind() {
    let (silent, shelf) = (Arc::new(Silent::default()), Arc::<Shelf>::default());
    let gate = Gate::new(Arc::new(NoHooks), silent.clone(), shelf.clone(), "/work".into());
    wait(async {
        let (spec, policy, context) = (run_spec(), rules(vec![]), context());
        tokio::select! {
            biased;
            verdict = gate.authorize(ls(), Some(&spec), &policy, &context) => panic!("{verdict:?}"),
            () = std::future::ready(()) => {}
        }
    });
    assert!(silent.was_asked() && shelf.grants.lock().unwrap().is_empty());
}

#[test]
fn an_approval_that_cannot_be_stored_holds_once() {
    let person = Person::saying(&[Approval::Always, Approval::No]);
    let shelf = Arc::new(Shelf { broken: true, ..Shelf::default() });
    let gate = gate(Arc::new(NoHooks), person.clone(), shelf);
    authorized(decide(&gate, ls(), &rules(vec![])));
    denial(decide(&gate, ls(), &rules(vec![])));
    assert_eq!(person.questions(), 2);
}

#[test]
fn the_floor_is_under_every_way_through() {
    let person = Person::saying(&[Approval::Always; 4]);
    let shelf = Arc::<Shelf>::default();
    let ways: [(HookVerdict, Policy); 6] = [
        (HookVerdict::Pass, rules(vec![by_name(Allow, "*")])),
        (HookVerdict::Pass, rules(vec![by_words(Allow, &["ls"])])),
        (HookVerdict::Pass, rules(vec![])),
        (HookVerdict::Pass, auto()),
        (HookVerdict::Allow { by: by() }, rules(vec![])),
        (HookVerdict::Ask { to: vec![], timeout: None, by: by() }, auto()),
    ];
    for (verdict, policy) in ways {
        let floor = Arc::new(|_: &ToolCall| Some("protected".to_owned()));
        let gate = gate(Saying::new(verdict), person.clone(), shelf.clone()).with_floor(floor);
        assert_eq!(denial(decide(&gate, ls(), &policy)), "protected");
    }
    assert_eq!(person.questions(), 0, "nobody is asked about what the floor refuses");
    assert!(shelf.grants.lock().unwrap().is_empty());
}

/// What a verdict of the gate is when it is explained.
fn outlook(verdict: &Verdict, asked: bool) -> Outlook {
    match verdict {
        Verdict::Authorized { .. } => Outlook::Allow,
        Verdict::Answered { .. } => Outlook::Answer,
        Verdict::Denied { .. } if asked => Outlook::Ask,
        Verdict::Denied { .. } => Outlook::Deny,
    }
}

#[test]
fn explaining_agrees_with_deciding_and_asks_nobody() {
    let rewrite = |then| rewrite(&["rm"], then);
    let deny = || HookVerdict::Deny { reason: "no".into(), by: by() };
    let answer = || HookVerdict::Answer { content: "42".into(), by: by() };
    let hooks = [
        (HookVerdict::Pass, None),
        (HookVerdict::Allow { by: by() }, Some(Decider::Hook)),
        (HookVerdict::Ask { to: vec![], timeout: None, by: by() }, Some(Decider::Hook)),
        (deny(), Some(Decider::Hook)),
        (answer(), Some(Decider::Hook)),
        (rewrite(HookVerdict::Pass), None),
        (rewrite(HookVerdict::Allow { by: by() }), Some(Decider::Hook)),
    ];
    let policies = [
        (rules(vec![]), Decider::Default),
        (rules(vec![by_name(Allow, "*")]), Decider::Rule),
        (rules(vec![by_name(Ask, "system.*")]), Decider::Rule),
        (rules(vec![by_words(Allow, &["ls"])]), Decider::Rule),
        (rules(vec![by_words(Deny, &["rm"])]), Decider::Default),
        (auto(), Decider::Autonomy),
    ];
    for (said, by_hook) in hooks {
        for (policy, otherwise) in &policies {
            for protected in [false, true] {
                let person = Person::saying(&[]);
                let hooks = Saying::new(said.clone());
                let mut gate = gate(hooks.clone(), person.clone(), Arc::default());
                if protected {
                    gate = gate.with_floor(Arc::new(|_: &ToolCall| Some("protected".to_owned())));
                }
                let explained =
                    wait(gate.explain(&ls(), Some(&run_spec()), policy, &context(), hooks.clone()));
                assert_eq!(person.questions(), 0, "nobody is asked while explaining");
                let verdict = decide(&gate, ls(), policy);
                let wanted = outlook(&verdict, person.questions() > 0);
                assert_eq!(explained.outlook, wanted, "{said:?} {policy:?} {explained:?}");
                let denied = verdict_denied_by_rule(&verdict);
                match by_hook {
                    _ if denied => assert_eq!(explained.by, Decider::Rule, "{explained:?}"),
                    Some(Decider::Hook) if !protected => {
                        assert_eq!((explained.by, explained.location), (Decider::Hook, Some(by())));
                    }
                    None if !protected && !matches!(said, HookVerdict::Rewrite { .. }) => {
                        assert_eq!(explained.by, *otherwise, "{explained:?}");
                    }
                    _ => {}
                }
            }
        }
    }
}

fn verdict_denied_by_rule(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Denied { reason, .. } if reason.starts_with("not allowed: rule"))
}

#[test]
fn an_explanation_names_what_decides() {
    let (person, shelf) = (Person::saying(&[Approval::Always]), Arc::<Shelf>::default());
    let gate = gate(Arc::new(NoHooks), person, shelf);
    let explain =
        |policy: &Policy| wait(gate.explain(&ls(), Some(&run_spec()), policy, &context(), Arc::new(NoHooks)));
    let denied = explain(&rules(vec![by_name(Deny, "system.*")]));
    assert_eq!(denied.rule.as_deref(), Some("\"system.*\""));
    assert_eq!(denied.location.as_deref(), Some("init.lua:7"));
    assert!(denied.steps.concat().contains("denies (init.lua:7)"), "{denied:?}");
    assert_eq!(explain(&rules(vec![])).outlook, Outlook::Ask);
    authorized(decide(&gate, ls(), &rules(vec![])));
    let granted = explain(&rules(vec![]));
    assert_eq!((granted.outlook, granted.by), (Outlook::Allow, Decider::Approval));
    let ask = rules(vec![by_name(Ask, "*")]);
    let unknown = wait(gate.explain(&call("nope", json!({})), None, &ask, &context(), Arc::new(NoHooks)));
    assert_eq!((unknown.outlook, unknown.by), (Outlook::Deny, Decider::Call));
}

#[test]
fn reading_is_not_asked_about() {
    let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
    let read = spec("fs.read", Effect::Read);
    authorized(wait(gate.authorize(
        call("fs.read", json!({"path": "x"})),
        Some(&read),
        &rules(vec![]),
        &context(),
    )));
}
