//! Ways around rules that allow exact words. None may work.

use crate::stand_ins::{by_name, by_words, call, gate, run, run_spec, spec, wait};
use openpista::{
    domain::{
        call::ToolCall,
        hook::NoHooks,
        rules::{Access, Autonomy},
        tool::Effect,
    },
    policy::{Policy, Verdict},
};
use serde_json::{Value, json};
use std::sync::Arc;

const ALLOWED: &[&[&str]] = &[
    &["git", "status"],
    &["sort", "file"],
    &["time", "ls"],
    &["env"],
    &["find", ".", "-name", "x"],
    &["tar", "-tf", "a.tar"],
];

fn policy() -> Policy {
    Policy::new(ALLOWED.iter().map(|words| by_words(Access::Allow, words)).collect(), Autonomy::Ask)
}

/// Whether the call runs without anybody having been asked.
fn runs_unasked(call: ToolCall) -> bool {
    let spec = spec(&call.name, Effect::Act);
    let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
    let context = crate::stand_ins::context();
    matches!(wait(gate.authorize(call, Some(&spec), &policy(), &context)), Verdict::Authorized { .. })
}

#[test]
fn exact_words_run() {
    for words in ALLOWED {
        for extra in
            [json!({}), json!({"timeout": 5}), json!({"cwd": "."}), json!({"command": null, "env": null})]
        {
            let mut args = extra;
            args["argv"] = json!(words);
            assert!(runs_unasked(run(args.clone())), "{args}");
        }
    }
}

#[test]
fn known_bypasses_do_not_run() {
    let bypasses = [
        // A newline, or any shell text, in place of words.
        json!({"command": "git status"}),
        json!({"command": "git status\nrm -rf ~"}),
        json!({"command": "git status && rm -rf ~"}),
        json!({"command": "git status; rm -rf ~", "argv": null}),
        json!({"argv": ["git status\nrm -rf ~"]}),
        json!({"argv": ["git", "status\nrm -rf ~"]}),
        json!({"argv": ["git", "status"], "command": "rm -rf ~"}),
        json!({"argv": ["git", "status"], "command": ""}),
        json!({"argv": ["git", "status", "&&", "rm", "-rf", "~"]}),
        json!({"argv": ["git", "status", ";rm"]}),
        // Options that run programs, also abbreviated.
        json!({"argv": ["sort", "--compress-program=sh", "file"]}),
        json!({"argv": ["sort", "--compress-prog", "sh", "file"]}),
        json!({"argv": ["sort", "--comp=sh", "file"]}),
        json!({"argv": ["sort", "file", "-o", "/etc/passwd"]}),
        json!({"argv": ["find", ".", "-name", "x", "-exec", "sh", ";"]}),
        json!({"argv": ["find", ".", "-name", "x", "-delete"]}),
        json!({"argv": ["tar", "-tf", "a.tar", "--to-command=sh"]}),
        json!({"argv": ["tar", "-tf", "a.tar", "--to-com=sh"]}),
        json!({"argv": ["git", "-c", "core.pager=sh", "status"]}),
        json!({"argv": ["git", "-c", "alias.status=!sh", "status"]}),
        // Programs that run programs.
        json!({"argv": ["env", "sh", "-c", "rm -rf ~"]}),
        json!({"argv": ["env", "-S", "sh -c id"]}),
        json!({"argv": ["time", "-p", "rm", "-rf", "x"]}),
        json!({"argv": ["time", "rm", "-rf", "x"]}),
        json!({"argv": ["time", "-o", "/etc/passwd", "ls"]}),
        // More, fewer or other words.
        json!({"argv": ["git", "status", ""]}),
        json!({"argv": ["git", "status", null]}),
        json!({"argv": ["git"]}),
        json!({"argv": []}),
        json!({"argv": ["", "git", "status"]}),
        json!({"argv": ["status", "git"]}),
        json!({"argv": ["git", "Status"]}),
        json!({"argv": ["/tmp/git", "status"]}),
        json!({"argv": ["./git", "status"]}),
        // Bytes that look like nothing, or like others.
        json!({"argv": ["git ", "status"]}),
        json!({"argv": ["git", "status "]}),
        json!({"argv": ["git", "status\u{0}"]}),
        json!({"argv": ["git\u{0}", "status"]}),
        json!({"argv": ["git", "status\r"]}),
        json!({"argv": ["gіt", "status"]}),
        json!({"argv": ["git", "ѕtatus"]}),
        json!({"argv": ["git", "status\u{200b}"]}),
        json!({"argv": ["ｇｉｔ", "status"]}),
        // Another type.
        json!({"argv": "git status"}),
        json!({"argv": "[\"git\", \"status\"]"}),
        json!({"argv": [["git", "status"]]}),
        json!({"argv": [["git"], ["status"]]}),
        json!({"argv": {"0": "git", "1": "status"}}),
        json!({"argv": ["env", {}]}),
        json!({"argv": [true]}),
        json!({"Argv": ["git", "status"]}),
        json!({"args": ["git", "status"]}),
        json!({}),
        // The same words in other surroundings.
        json!({"argv": ["git", "status"], "env": {"LD_PRELOAD": "/tmp/x.so"}}),
        json!({"argv": ["git", "status"], "env": {"PATH": "/tmp"}}),
        json!({"argv": ["git", "status"], "env": {}}),
        json!({"argv": ["git", "status"], "env": [["LD_PRELOAD", "x"]]}),
        json!({"argv": ["git", "status"], "cwd": "/tmp/evil"}),
        json!({"argv": ["git", "status"], "cwd": "sub"}),
        json!({"argv": ["git", "status"], "cwd": ".."}),
        json!({"argv": ["git", "status"], "cwd": "./sub"}),
        json!({"argv": ["git", "status"], "cwd": ""}),
        json!({"argv": ["git", "status"], "cwd": ["."]}),
        json!({"argv": ["git", "status"], "stdin": "x"}),
        json!({"argv": ["git", "status"], "stdin": ""}),
        json!({"argv": ["git", "status"], "timeout": "5; rm"}),
        json!({"argv": ["git", "status"], "timeout": {"a": 1}}),
        json!({"argv": ["git", "status"], "shell": true}),
        json!({"argv": ["git", "status"], "user": "root"}),
    ];
    for args in bypasses {
        assert!(!runs_unasked(run(args.clone())), "{args}");
    }
}

#[test]
fn variants_of_the_name_do_not_run() {
    let gate = gate(Arc::new(NoHooks), Arc::default(), Arc::default());
    let policy = policy().and(vec![by_name(Access::Allow, "system.run")]);
    let context = crate::stand_ins::context();
    for name in
        ["System.run", "system.run ", " system.run", "system_run", "system.run\u{0}", "systеm.run", ""]
    {
        let odd = call(name, json!({"argv": ["git", "status"]}));
        // A tool of that name, if there were one, is another tool.
        assert!(!runs_unasked(odd.clone()), "{name:?}");
        // Nor does it run as the real one, should somebody look it up carelessly.
        for spec in [None, Some(&run_spec())] {
            let verdict = wait(gate.authorize(odd.clone(), spec, &policy, &context));
            assert!(matches!(verdict, Verdict::Denied { .. }), "{name:?}");
        }
    }
}

/// A generator of numbers that is the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const WORDS: &[&str] = &[
    "git",
    "status",
    "sort",
    "file",
    "time",
    "ls",
    "env",
    "sh",
    "-c",
    "rm",
    "-rf",
    "",
    " ",
    "\n",
    "&&",
    ";",
    "|",
    "$(id)",
    "`id`",
    "--compress-program=sh",
    "-exec",
    "LD_PRELOAD=x",
    "\u{0}",
    "gіt",
    "../git",
    "GIT",
];

fn mutate(args: &mut Value, dice: &mut Dice) {
    let word = *dice.pick(WORDS);
    let argv = args["argv"].as_array().cloned().unwrap_or_default();
    let at = dice.below(argv.len() + 1);
    let mut words = argv.clone();
    match dice.below(12) {
        0 => words.insert(at, json!(word)),
        1 if !words.is_empty() => _ = words.remove(at.min(argv.len() - 1)),
        2 if !words.is_empty() => words[at.min(argv.len() - 1)] = json!(word),
        3 if !words.is_empty() => {
            let slot = &mut words[at.min(argv.len() - 1)];
            *slot = json!(format!("{}{word}", slot.as_str().unwrap_or_default()));
        }
        4 => words = vec![json!(words)],
        5 => words.push(dice.pick(&[json!(null), json!(1), json!([]), json!({}), json!(true)]).clone()),
        6 => return args["argv"] = json!(word),
        7 => args["command"] = dice.pick(&[json!(null), json!(word), json!("git status")]).clone(),
        8 => args["env"] = dice.pick(&[json!(null), json!({"PATH": word}), json!({})]).clone(),
        9 => args["stdin"] = dice.pick(&[json!(null), json!(word)]).clone(),
        10 => args["cwd"] = dice.pick(&[json!("."), json!(null), json!(word), json!("/tmp")]).clone(),
        _ => args["timeout"] = dice.pick(&[json!(5), json!(null), json!(word), json!([])]).clone(),
    }
    args["argv"] = Value::Array(words);
}

/// Says independently of the policy whether a call is one of the allowed ones.
fn is_exact(args: &Value) -> bool {
    let harmless: &[(&str, &[Value])] = &[
        ("command", &[Value::Null]),
        ("env", &[Value::Null]),
        ("stdin", &[Value::Null]),
        ("cwd", &[Value::Null, json!(".")]),
        ("timeout", &[Value::Null, json!(5)]),
    ];
    ALLOWED.iter().any(|words| args["argv"] == json!(words))
        && harmless.iter().all(|(name, values)| args.get(name).is_none_or(|value| values.contains(value)))
}

#[test]
fn no_mutated_call_runs_unless_it_is_exactly_an_allowed_one() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let policy = policy();
    let (mut exact, mut other) = (0, 0);
    for _ in 0..50_000 {
        let mut args = json!({"argv": dice.pick(ALLOWED)});
        for _ in 0..=dice.below(3) {
            mutate(&mut args, &mut dice);
        }
        let allowed = policy.decide(&run(args.clone()), &run_spec()).access == Access::Allow;
        assert_eq!(allowed, is_exact(&args), "{args}");
        if allowed { exact += 1 } else { other += 1 }
    }
    assert!(exact > 500 && other > 10_000, "the loop saw both kinds: {exact}, {other}");
}
