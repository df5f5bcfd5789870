//! Recorded conversations.

use super::{INIT, support::program::Home};
use serde_json::{Value, json};
use support::program::Ran;

use super::support;

fn trace() -> Value {
    json!({
        "model_name": "weather-in-seoul",
        "approve": "yes",
        "turns": [
            { "user_input": "Weather in Seoul?", "steps": [
                { "request_hint": { "last_user_message_contains": "Seoul" },
                  "response": { "type": "tool_calls", "input_tokens": 60, "output_tokens": 20, "tool_calls": [
                    { "id": "c1", "name": "weather", "arguments": { "city": "Seoul" } },
                    { "id": "c2", "type": "function",
                      "function": { "name": "system.run", "arguments": "{\"argv\":[\"date\"]}" } } ] } },
                { "expected_tool_results": [{ "tool_call_id": "c2", "name": "system.run", "content": "Wed" }],
                  "response": { "type": "text", "content": "Sunny on Wed.", "input_tokens": 90, "output_tokens": 5 } },
            ] },
            { "user_input": "As JSON", "steps": [
                { "response": { "type": "text", "content": "{\"days\":[{\"sky\":\"clear\"}]}" } } ],
              "expects": { "max_tool_calls": 0 } },
        ],
        "expects": {
            "response_contains": ["clear"],
            "final_contains": "days",
            "response_not_contains": ["rain"],
            "response_matches": ["^\\{.*\\}$"],
            "response_json": { "/days/0/sky": "clear" },
            "tools_used": ["weather"],
            "tools_not_used": ["fs.read"],
            "tools_order": ["weather", "system.run"],
            "tool_calls": [{ "name": "weather", "arguments": { "city": "Seoul" } }, "system.run"],
            "max_tool_calls": 2,
            "min_tool_calls": 2,
            "all_tools_succeeded": true,
            "tool_results_contain": { "weather": "sunny", "system.run": ["Wed"] },
            "min_responses": 2,
            "budget": { "max_llm_calls": 3, "max_output_tokens": 100 },
        },
    })
}

fn replay(trace: &Value) -> Ran {
    let home = Home::new();
    home.init(INIT);
    home.write(&home.config().join("spec/a_trace.json"), &trace.to_string());
    home.run(["test"])
}

#[test]
fn a_conversation_is_replayed() {
    let ran = replay(&trace()).ok();
    assert!(ran.out.contains("spec/a_trace.json › weather-in-seoul"), "{}", ran.out);
}

#[test]
fn each_expectation_can_fail() {
    for (key, value, words) in [
        ("response_contains", json!("rain"), "to contain \"rain\""),
        ("final_contains", json!(["rain"]), "to contain \"rain\""),
        ("response_not_contains", json!("clear"), "not to contain \"clear\""),
        ("response_matches", json!("^x"), "to match \"^x\""),
        ("response_matches", json!("("), "no regular expression"),
        ("response_json", json!({ "/days/0/sky": "grey" }), "to be \"grey\", got \"clear\""),
        ("tools_used", json!(["fs.read"]), "a call of fs.read; called: weather, system.run"),
        ("tools_not_used", json!("weather"), "no call of weather"),
        ("tools_order", json!(["system.run", "weather"]), "in the order system.run, weather"),
        ("tool_calls", json!(["weather"]), "1 tool calls, got 2"),
        ("tool_calls", json!(["weather", "weather"]), "call 2 to be weather"),
        (
            "tool_calls",
            json!([{ "name": "weather", "arguments": { "city": "Oslo" } }, "system.run"]),
            "the arguments of call 1",
        ),
        ("max_tool_calls", json!(1), "at most 1"),
        ("min_tool_calls", json!(3), "at least 3"),
        ("all_tools_succeeded", json!(false), "a tool that does not succeed"),
        ("tool_results_contain", json!({ "weather": "rain" }), "a result of weather to contain \"rain\""),
        ("min_responses", json!(3), "at least 3 responses"),
        ("budget", json!({ "max_llm_calls": 2 }), "max_llm_calls 2, got 3"),
    ] {
        let mut trace = trace();
        trace["expects"] = json!({ key: value });
        let ran = replay(&trace).code(1);
        assert!(ran.out.contains(words), "{key}: {words:?} in {}", ran.out);
    }
}

#[test]
fn the_conversation_itself_has_to_work() {
    let mut refused = trace();
    refused["approve"] = json!("no");
    let ran = replay(&refused).code(1);
    assert!(ran.out.contains("expected every tool to succeed; system.run: denied"), "{}", ran.out);
    let mut longer = trace();
    longer["turns"][1]["steps"] = json!([
        { "response": { "type": "text", "content": "{\"days\":[{\"sky\":\"clear\"}]}" } },
        { "response": { "type": "text", "content": "never said" } },
    ]);
    let ran = replay(&longer).code(1);
    assert!(ran.out.contains("turn 2: 1 of 2 steps were replayed"), "{}", ran.out);
    let mut shorter = trace();
    shorter["turns"][1]["steps"] = json!([]);
    assert!(replay(&shorter).code(1).out.contains("asked once more than model has answers (0)"));
    let mut unrecorded = trace();
    unrecorded["turns"][0]["steps"][1].as_object_mut().unwrap().remove("expected_tool_results");
    assert!(replay(&unrecorded).code(1).out.contains("system.run was called"));
}

#[test]
fn an_older_form_is_understood() {
    let said = json!({ "response": { "type": "user_input", "content": "Hello" } });
    let answer = json!({ "response": { "type": "text", "content": "Hi" } });
    replay(&json!({ "model_name": "flat", "steps": [said, answer, said, answer], "expects": { "min_responses": 2 } })).ok();
    replay(&json!({ "steps": [answer], "expects": { "response_contains": "Hi" } })).ok();
}

/// A conversation with one call of `called`, of whose tool `expected` is spoken in what is expected.
fn calling(called: &str, expected: &str) -> Value {
    let mut parts = json!({});
    parts[expected] = json!("sunny");
    json!({
        "turns": [{ "user_input": "x", "steps": [
            { "response": { "type": "tool_calls", "tool_calls": [
                { "id": "c", "name": called, "arguments": { "city": "Oslo" } }] } },
            { "response": { "type": "text", "content": "It is Sunny." } },
        ] }],
        "expects": {
            "tools_used": expected,
            "tools_order": [expected],
            "tool_calls": [{ "name": expected, "arguments": { "city": "Oslo" } }],
            "tools_not_used": ["fs_read"],
            "tool_results_contain": parts,
        },
    })
}

const DOTTED: &str = "pista.agent('main', { tools = { allow = { '*' } } }) \
    pista.tool { name = 'sky.now', description = 'd', parameters = { city = 'string' }, \
      run = function(args) return 'sunny in ' .. args.city end } \
    pista.tool { name = 'sky-now2', description = 'd', parameters = { city = 'string' }, \
      run = function(args) return 'sunny in ' .. args.city end }";

#[test]
fn tools_are_known_by_the_names_that_recordings_have() {
    let home = Home::new();
    home.init(DOTTED);
    let replay = |trace: &Value| {
        home.write(&home.config().join("spec/a_trace.json"), &trace.to_string());
        home.run(["test"])
    };
    for name in ["sky.now", "sky_now", "sky__now", "Sky_Now", "sky-now"] {
        replay(&calling(name, "sky.now")).ok();
        replay(&calling("sky.now", name)).ok();
    }
    for name in ["sky-now2", "sky_now2"] {
        replay(&calling(name, "sky-now2")).ok();
    }
    let wrong = replay(&calling("sky_now", "sky_now2")).code(1);
    assert!(wrong.out.contains("called: sky.now"), "{}", wrong.out);
    let none = replay(&calling("moon", "moon")).code(1);
    assert!(none.out.contains("moon"), "{}", none.out);
}

#[test]
fn parts_of_an_answer_are_found_in_any_case() {
    let with = |key: &str, part: &str| {
        let mut trace = calling("weather", "weather");
        trace["expects"] = json!({});
        trace["expects"][key] = json!([part]);
        replay(&trace)
    };
    with("response_contains", "sunny").ok();
    with("response_contains", "IT IS SUNNY.").ok();
    with("response_contains", "it is (sunny").code(1);
    with("response_not_contains", "SUNNY").code(1);
    with("response_not_contains", "s.nny").ok();
}

#[test]
fn several_conversations_stand_in_one_file() {
    let (one, two) = (
        calling("weather", "weather"),
        json!({ "id": "two", "steps": [
        { "response": { "type": "text", "content": "Hi" } }] }),
    );
    for several in [
        json!([one, two]),
        json!({ "conversations": [one, two], "version": 3 }),
        json!({ "traces": [one, two] }),
    ] {
        let ran = replay(&several).ok();
        assert!(ran.out.contains("a_trace.json 1") && ran.out.contains("› two"), "{}", ran.out);
        assert!(ran.out.contains("2 passed"), "{}", ran.out);
    }
    let mut wrong = two.clone();
    wrong["expects"] = json!({ "response_contains": "Bye" });
    assert!(replay(&json!([one, wrong])).code(1).out.contains("1 passed, 1 failed"));
    let mut slip = two;
    slip["stepps"] = json!([]);
    let told = replay(&json!([one, slip])).code(1).out;
    assert!(told.contains("[2]: unknown key \"stepps\" (did you mean \"steps\"?)"), "{told}");
    assert!(replay(&json!([])).code(1).out.contains("no conversation"));
}

#[test]
fn what_others_record_besides_is_passed_over_with_a_word() {
    let mut trace = calling("weather", "weather");
    trace["_comment"] = json!("recorded on Monday");
    trace["expects"]["_why"] = json!("…");
    trace["turns"][0]["_note"] = json!(1);
    trace["recorded_by"] = json!("another program");
    trace["setup"] = json!({ "x": 1 });
    trace["turns"][0]["steps"][0]["response"]["latency"] = json!(3);
    let ran = replay(&trace).ok();
    for words in [
        "recorded_by is passed over",
        "setup is passed over: the configuration is",
        "turns[1].steps[1].response.latency is passed over",
    ] {
        assert!(ran.err.contains(words), "{words:?} is not in {}", ran.err);
    }
    assert!(
        !ran.err.contains("_comment") && !ran.err.contains("_why") && !ran.err.contains("_note"),
        "{}",
        ran.err
    );
}

#[test]
fn what_models_cost_and_were_sent_is_read_in_its_forms() {
    for usage in [
        json!({ "input_tokens": 7, "output_tokens": 3 }),
        json!({ "usage": { "input_tokens": 7, "output_tokens": 3 } }),
        json!({ "usage": { "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10 } }),
        json!({ "usage": { "input": 7, "output": 3 } }),
    ] {
        let mut response = json!({ "type": "text", "content": "Hi" });
        response.as_object_mut().unwrap().extend(usage.as_object().unwrap().clone());
        let costing = |most: u64| {
            replay(&json!({ "turns": [{ "user_input": "x", "steps": [{ "response": response }] }],
                "expects": { "budget": { "max_input_tokens": most, "max_output_tokens": 3 } } }))
        };
        costing(7).ok();
        assert!(costing(6).code(1).out.contains("max_input_tokens 6, got 7"), "{usage}");
    }
    for key in ["min_messages", "min_message_count"] {
        let hinted = |least: u64, expected: &str| {
            let mut hint = json!({});
            hint[key] = least.into();
            replay(&json!({ "turns": [{ "user_input": "x", "steps": [{ "request_hint": hint,
                "response": { "type": "text", "content": "Hi" } }] }],
                "expects": { "response_contains": expected } }))
        };
        hinted(9, "Hi").ok();
        assert!(hinted(9, "Ho").code(1).out.contains("hints at 9 messages or more, and there are"), "{key}");
        assert!(!hinted(1, "Ho").code(1).out.contains("hints at"), "{key}");
    }
}

#[test]
fn a_replay_may_have_more_rounds_than_a_turn_usually_has() {
    let call = json!({ "response": { "type": "tool_calls", "tool_calls": [
        { "name": "weather", "arguments": { "city": "Oslo" } }] } });
    let mut steps = vec![call; 5];
    steps.push(json!({ "response": { "type": "text", "content": "Done." } }));
    let home = Home::new();
    home.init(&format!("{INIT}\npista.setup {{ max_tool_rounds = 2 }}"));
    let trace = json!({ "turns": [{ "user_input": "x", "steps": steps }] });
    home.write(&home.config().join("spec/a_trace.json"), &trace.to_string());
    let ran = home.run(["test"]).code(1);
    assert!(ran.out.contains("--rounds"), "{}", ran.out);
    home.run(["test", "--rounds", "5"]).ok();
}

#[test]
fn mistakes_are_told_where_they_are() {
    let step =
        |response: Value| json!({ "turns": [{ "user_input": "x", "steps": [{ "response": response }] }] });
    for (trace, words) in [
        (json!({ "trns": [] }), "unknown key \"trns\" (did you mean \"turns\"?)"),
        (json!({ "model_name": "x" }), "turns is missing"),
        (json!({ "turns": [] }), "nothing would be replayed"),
        (json!({ "turns": [{ "steps": [] }] }), "turns[1]: user_input is missing"),
        (step(json!({ "type": "txt", "content": "x" })), "\"txt\" is no type of a response"),
        (
            step(json!({ "type": "text", "contents": "x" })),
            "turns[1].steps[1].response: unknown key \"contents\"",
        ),
        (
            step(json!({ "type": "tool_calls", "tool_calls": [{ "name": "a", "arguments": "{" }] })),
            "arguments: not JSON",
        ),
        (
            json!({ "turns": [{ "user_input": "x", "steps": [] }], "expects": { "tool_used": ["a"] } }),
            "did you mean \"tools_used\"?",
        ),
        (
            json!({ "turns": [{ "user_input": "x", "steps": [] }], "expects": { "response_contains": [""] } }),
            "expects.response_contains",
        ),
        (
            json!({ "turns": [{ "user_input": "x", "steps": [] }], "expects": { "judge": [] } }),
            "cannot be checked here",
        ),
    ] {
        let ran = replay(&trace).code(1);
        assert!(ran.out.contains(words), "{words:?} in {}", ran.out);
    }
    let home = Home::new();
    home.init(INIT);
    home.write(&home.config().join("b_trace.json"), "{\n  oops");
    assert!(home.run(["test"]).code(1).out.contains("line 2 column"));
}
