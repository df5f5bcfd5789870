//! Arguments take their tool's shape before anything judges the call.

use crate::stand_ins::*;
use openpista::{
    domain::{
        approval::Approval,
        call::ToolCall,
        hook::{HookVerdict, NoHooks},
        rules::{Access::*, Autonomy, Rule},
        tool::{Effect, ToolSpec},
    },
    policy::{Outlook, Policy, Verdict},
};
use serde_json::{Value, json};
use std::sync::Arc;

fn rules(rules: Vec<Rule>) -> Policy {
    Policy::new(rules, Autonomy::Ask)
}

fn shaped() -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {
        "argv": {"type": "array", "items": {"type": "string"}},
        "timeout": {"type": "number"}, "limit": {"type": "integer"}, "content": {"type": "string"},
    }});
    ToolSpec { parameters: parameters.into(), ..spec("system.run", Effect::Act) }
}

fn judged(args: Value, policy: &Policy) -> Verdict {
    let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
    wait(gate.authorize(run(args), Some(&shaped()), policy, &context()))
}

#[test]
fn rules_that_allow_and_rules_that_deny_see_the_call_as_the_tool_will() {
    for args in [
        json!({"argv": ["uname", "-s"], "timeout": 5}),
        json!({"argv": "[\"uname\", \"-s\"]", "timeout": "5"}),
        json!({"argv": " [\"uname\",\"-s\"] "}),
    ] {
        let allow = Policy::new(vec![by_words(Allow, &["uname", "-s"])], Autonomy::Ask);
        let Verdict::Authorized { call, .. } = judged(args.clone(), &allow) else { panic!("{args}") };
        assert_eq!(call.get().args["argv"], json!(["uname", "-s"]));
        let deny = Policy::new(vec![by_name(Allow, "*"), by_words(Deny, &["uname", "-s"])], Autonomy::Auto);
        assert!(denial(judged(args.clone(), &deny)).starts_with("not allowed: rule"), "{args}");
    }
}

#[test]
fn hooks_and_people_see_it_too_and_the_advice_is_for_this_call() {
    let (hooks, person) = (Saying::new(HookVerdict::Pass), Person::saying(&[Approval::Yes]));
    let gate = gate(hooks.clone(), person.clone(), Arc::default());
    let call = run(json!({"argv": "[\"ls\"]", "limit": "3", "content": "[1,2]"}));
    wait(gate.authorize(call, Some(&shaped()), &rules(vec![]), &context()));
    let wanted = json!({"argv": ["ls"], "limit": 3, "content": "[1,2]"});
    assert_eq!(json!(hooks.seen.lock().unwrap()[0].args), wanted);
    assert_eq!(json!(person.asked.lock().unwrap()[0].call.args), wanted);
    let reason = denial(judged(json!({"argv": "[\"uname\",\"-s\"]"}), &rules(vec![])));
    assert!(reason.contains(r#"{ "system.run", argv = { "uname", "-s" } }"#), "{reason}");
    let reason = denial(judged(json!({"argv": ["ls"], "content": "x"}), &rules(vec![])));
    assert!(!reason.contains("allow = {"), "a rule would allow more than this call: {reason}");
}

#[test]
fn what_a_hook_puts_in_is_shaped_and_judged_again() {
    let rewritten = |args: Value| HookVerdict::Rewrite {
        args: args.as_object().cloned().expect("an object"),
        by: "init.lua:3".into(),
        then: Box::new(HookVerdict::Allow { by: "init.lua:3".into() }),
    };
    let deny = Policy::new(vec![by_words(Deny, &["rm"])], Autonomy::Auto);
    for (args, part) in
        [(json!({"argv": "[\"rm\"]"}), "not allowed: rule"), (json!({"argv": 7}), "init.lua:3")]
    {
        let gate = gate(Saying::new(rewritten(args)), Arc::default(), Arc::default());
        let verdict = wait(gate.authorize(run(json!({"argv": ["ls"]})), Some(&shaped()), &deny, &context()));
        assert!(denial(verdict).contains(part), "{part}");
    }
}

#[test]
fn the_shape_is_told_before_the_policy() {
    for policy in [rules(vec![]), rules(vec![by_name(Deny, "*")]), rules(vec![by_name(Allow, "*")])] {
        let reason = denial(judged(json!({"argv": "ls -la"}), &policy));
        assert!(reason.contains("system.run: the argument \"argv\" must be of type array"), "{reason}");
        let reason = denial(judged(json!({"argv": ["ls"], "limt": 3}), &policy));
        assert!(reason.contains("did you mean \"limit\"?"), "{reason}");
    }
}

#[test]
fn an_explanation_is_of_the_call_as_it_would_run() {
    let values = [json!("[\"ls\"]"), json!(["ls"]), json!("ls"), json!(7), json!("[1]"), Value::Null];
    let policies = [
        rules(vec![]),
        rules(vec![by_words(Allow, &["ls"])]),
        rules(vec![by_name(Allow, "*"), by_words(Deny, &["ls"])]),
    ];
    for value in values {
        for policy in &policies {
            let call: ToolCall = run(json!({"argv": value, "timeout": "1"}));
            let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
            let explained = wait(gate.explain(&call, Some(&shaped()), policy, &context(), Arc::new(NoHooks)));
            let verdict = wait(gate.authorize(call, Some(&shaped()), policy, &context()));
            let runs = matches!(verdict, Verdict::Authorized { .. });
            assert_eq!(explained.outlook == Outlook::Allow, runs, "{value} {policy:?}: {explained:?}");
        }
    }
}
