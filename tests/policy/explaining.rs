//! An explanation and the call itself come to the same: with any tool, arguments, rules, hooks, people.

use super::stand_ins::{Shelf, wait};
use openpista::{
    domain::{
        BoxFuture, JsonMap,
        approval::{Approval, ApprovalRequest, Approver, Ruling},
        call::{ToolCall, ToolStatus},
        envelope::Origin,
        hook::{HookVerdict, Hooks, PromptDraft, TurnContext},
        id::{SessionId, TurnId},
        points::{Ending, Point, Threaded},
        rules::{Access, Autonomy, Match, Rule},
    },
    net,
    policy::{Executor, Floor, Gate, NoNested, Objection, Outlook, Policy, Scope, Verdict},
    tool::{Options, ToolRegistry, builtin},
};
use serde_json::{Value, json};
use std::{
    fs,
    future::ready,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How many calls are tried.
const CASES: u64 = 4_000;

/// Numbers that are the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

fn workspace(dir: &Path) {
    let work = dir.join("work");
    for path in ["work/src", "work/.ssh", "work/.git", "outside"] {
        fs::create_dir_all(dir.join(path)).unwrap();
    }
    for path in ["notes.txt", "src/a.rs", ".env", ".ssh/id", ".git/config", "init.lua"] {
        fs::write(work.join(path), "one\ntwo\n").unwrap();
    }
    fs::write(dir.join("outside/secret"), "x").unwrap();
    std::os::unix::fs::symlink("../outside", work.join("out")).unwrap();
    std::os::unix::fs::symlink(".env", work.join("alias")).unwrap();
    std::os::unix::fs::symlink("src/a.rs", work.join("inside")).unwrap();
}

const PATHS: &[&str] = &[
    "notes.txt",
    "src/a.rs",
    "src",
    ".",
    "",
    "missing",
    "new/dir/file",
    ".env",
    ".env.local",
    ".ssh/id",
    ".ssh/missing",
    "../outside/secret",
    "out/secret",
    "alias",
    "inside",
    ".git/config",
    ".git/new",
    "/etc/passwd",
    "init.lua",
    "./src/../.env",
    "src/",
    "/proc/self/environ",
    "a\u{0}b",
];

const HARMLESS: &[&str] = &["notes.txt", "src/a.rs", "missing", "new/dir/file", "inside"];

/// Some arguments, of which many are wrong.
fn arguments(dice: &mut Dice, tool: &str) -> Value {
    let paths = if dice.roll(2) == 0 { HARMLESS } else { PATHS };
    let path = *dice.one(paths);
    let odd =
        [json!(7), json!(null), json!(["x"]), json!({}), json!("text"), json!("10"), json!(1.5), json!(true)];
    let mut args = match tool {
        "fs.write" => json!({ "path": path, "content": "x" }),
        "fs.edit" => json!({ "path": path, "old": dice.one(&["one", "", "three"]), "new": "one" }),
        "system.run" => match dice.roll(5) {
            0 => json!({ "argv": ["true"] }),
            1 => {
                json!({ "argv": ["false", "x"], "timeout": dice.one(&[json!(1), json!(0), json!(1e9), json!("5")]) })
            }
            2 => json!({ "command": "true" }),
            3 => json!({ "argv": ["true"], "command": "true" }),
            _ => json!({}),
        },
        "http.get" => {
            json!({ "url": dice.one(&["http://127.0.0.1:1/", "ftp://x/", "nonsense", "http://[::1]:1/", "http://u:p@10.0.0.1/"]) })
        }
        "fs.search" => json!({ "path": path, "pattern": "o" }),
        _ => json!({ "path": path }),
    };
    let map = args.as_object_mut().unwrap();
    match dice.roll(12) {
        0 => {
            let keys: Vec<String> = map.keys().cloned().collect();
            if !keys.is_empty() {
                map.remove(dice.one(&keys));
            }
        }
        1 => drop(map.insert("surplus".into(), dice.one(&odd).clone())),
        2 => drop(map.insert("path".into(), dice.one(&odd).clone())),
        3 => drop(map.insert("limit".into(), dice.one(&odd).clone())),
        _ => {}
    }
    args
}

fn rules(dice: &mut Dice) -> Vec<Rule> {
    (0..dice.roll(4))
        .map(|number| {
            let access = *dice.one(&[Access::Allow, Access::Allow, Access::Ask, Access::Deny]);
            let matches = match dice.roll(4) {
                0 => Match::Argv { tool: "system.run".into(), argv: vec!["true".into()] },
                1 => Match::Name("*".into()),
                2 => Match::Name("fs.*".into()),
                _ => Match::Name(dice.one(TOOLS).to_string()),
            };
            Rule { access, matches, location: format!("init.lua:{number}") }
        })
        .collect()
}

const TOOLS: &[&str] =
    &["fs.read", "fs.list", "fs.search", "fs.write", "fs.edit", "system.run", "http.get", "no.tool"];

/// What the user's functions say.
struct Functions {
    verdict: HookVerdict,
    ending: Option<Ending>,
    hooked: bool,
}

impl Functions {
    fn any(dice: &mut Dice) -> Arc<Self> {
        let verdict = verdict(dice, 2);
        let by = || "init.lua:9".to_owned();
        let ending = match dice.roll(5) {
            0 => Some(Ending::Allow { by: by() }),
            1 => Some(Ending::Deny { reason: "no".into(), by: by() }),
            2 => Some(Ending::Ask { to: vec!["phone:ada".into()], timeout: None, by: by() }),
            _ => None,
        };
        Arc::new(Self { verdict, hooked: ending.is_some(), ending })
    }
}

fn verdict(dice: &mut Dice, deep: usize) -> HookVerdict {
    let by = "init.lua:7".to_owned();
    match dice.roll(9) {
        0 => HookVerdict::Allow { by },
        1 => HookVerdict::Ask { to: vec![], timeout: None, by },
        2 => HookVerdict::Ask { to: vec!["phone:bob".into()], timeout: None, by },
        3 => HookVerdict::Deny { reason: "not now".into(), by },
        4 => HookVerdict::Answer { content: "done".into(), by },
        5 if deep > 0 => {
            let tool = *dice.one(TOOLS);
            let Value::Object(args) = arguments(dice, tool) else { unreachable!() };
            HookVerdict::Rewrite { args, by, then: Box::new(verdict(dice, deep - 1)) }
        }
        _ => HookVerdict::Pass,
    }
}

impl Hooks for Functions {
    fn prompt<'a>(&'a self, draft: PromptDraft, _: &'a TurnContext) -> BoxFuture<'a, PromptDraft> {
        Box::pin(ready(draft))
    }

    fn tool_call<'a>(&'a self, _: &'a ToolCall, _: &'a TurnContext) -> BoxFuture<'a, HookVerdict> {
        Box::pin(ready(self.verdict.clone()))
    }

    fn hooked(&self, point: Point) -> bool {
        point == Point::Approval && self.hooked
    }

    fn thread<'a>(&'a self, _: Point, value: JsonMap, _: &'a TurnContext) -> BoxFuture<'a, Threaded> {
        Box::pin(ready(Threaded { value, ending: self.ending.clone() }))
    }

    fn emit(&self, _: &'static str, _: Value) {}

    fn observes(&self, _: &str) -> bool {
        false
    }
}

/// Everybody who is asked says this.
struct People {
    says: Option<Approval>,
    asked: AtomicUsize,
}

impl People {
    fn saying(says: Option<Approval>) -> Arc<Self> {
        Arc::new(Self { says, asked: AtomicUsize::new(0) })
    }
}

impl Approver for People {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(ready(self.says))
    }

    fn refer<'a>(
        &'a self,
        _: &'a ApprovalRequest,
        _: &'a [String],
        _: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(ready(self.says.map(Ruling::from).ok_or_else(|| "nobody is there".to_owned())))
    }
}

#[derive(Debug, PartialEq)]
enum Came {
    Ran,
    Answered,
    Refused,
}

/// What becomes of a call: at the gate, and then at the tool.
async fn made(
    gate: &Gate,
    registry: &ToolRegistry,
    call: &ToolCall,
    policy: &Policy,
    context: &TurnContext,
) -> Came {
    let spec = registry.specs().iter().find(|spec| spec.name == call.name);
    match gate.authorize(call.clone(), spec, policy, context).await {
        Verdict::Denied { .. } => Came::Refused,
        Verdict::Answered { .. } => Came::Answered,
        Verdict::Authorized { call, .. } => {
            let result = registry.execute(call, Scope { context, nested: &NoNested }).await;
            let kind = result.data.as_ref().and_then(|data| data["kind"].as_str());
            let malformed = [
                "argument",
                "arguments",
                "argv",
                "timeout must be",
                "the path is empty",
                "zero byte",
                "old ",
                "a URL",
                "is no URL",
                "wrong arguments",
            ];
            let misfit = result.status == ToolStatus::Error
                && kind != Some("not_found")
                && malformed.iter().any(|words| result.content.contains(words))
                // What is wrong with a file's text is not wrong with the call.
                && !result.content.contains("old is not there")
                && !result.content.contains("has only");
            match result.status {
                ToolStatus::Denied => Came::Refused,
                _ if kind == Some("denied") || misfit => Came::Refused,
                _ => Came::Ran,
            }
        }
    }
}

#[test]
fn an_explanation_is_what_becomes_of_the_call() {
    let dir = tempfile::tempdir().unwrap();
    workspace(dir.path());
    let work = dir.path().join("work").canonicalize().unwrap();
    let mut options = Options::new(&work, dir.path().join("spill"));
    options.web = Some(net::Client::default());
    options.max_timeout = Duration::from_secs(60);
    let registry = Arc::new(builtin(options));
    let floor = Floor::new([work.join("init.lua")])
        .guarding(work.clone(), &[("fs.write", "path"), ("fs.edit", "path")]);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut outlooks = [0; 4];
    for number in 0..CASES {
        let tool = *dice.one(TOOLS);
        let Value::Object(args) = arguments(&mut dice, tool) else { unreachable!() };
        let call = ToolCall::new(tool, args);
        let autonomy = if dice.roll(5) == 0 { Autonomy::Auto } else { Autonomy::Ask };
        let mut policy = Policy::new(rules(&mut dice), autonomy);
        if dice.roll(2) == 0 {
            policy = policy.and(rules(&mut dice));
        }
        let user = dice.one(&["ada", "bob"]).to_string();
        let channel = dice.one(&["cli", "phone"]).to_string();
        let context = TurnContext {
            session: SessionId::from("s"),
            turn: TurnId::from("t"),
            agent: "main".into(),
            origin: Origin { channel, user },
            depth: 0,
        };
        let hooks = Functions::any(&mut dice);
        let shelf = Arc::new(Shelf { grants: Mutex::default(), broken: dice.roll(20) == 0 });
        let gate = |people: &Arc<People>| {
            let theirs = Arc::clone(&registry);
            Gate::new(hooks.clone(), people.clone(), shelf.clone(), work.clone())
                .with_floor(floor.clone())
                .with_objections(Arc::new(move |call| theirs.objection(call)))
        };
        let spec = registry.specs().iter().find(|spec| spec.name == call.name);
        wait(async {
            // Sometimes this very call was approved for good.
            if dice.roll(4) == 0 {
                let always = People::saying(Some(Approval::Always));
                let _ = gate(&always).authorize(call.clone(), spec, &policy, &context).await;
            }
            let nobody = People::saying(None);
            let explained = gate(&nobody).explain(&call, spec, &policy, &context, hooks.clone()).await;
            assert_eq!(nobody.asked.load(Ordering::Relaxed), 0, "an explanation asks nobody");
            let yes = People::saying(Some(Approval::Yes));
            let came = made(&gate(&yes), &registry, &call, &policy, &context).await;
            let asked = yes.asked.load(Ordering::Relaxed);
            let (expected, asks) = match explained.outlook {
                Outlook::Allow => (Came::Ran, 0),
                Outlook::Deny => (Came::Refused, 0),
                Outlook::Answer => (Came::Answered, 0),
                Outlook::Ask => (Came::Ran, 1),
                Outlook::Unclear => panic!("these hooks have no effects"),
            };
            let seen =
                || format!("case {number}: {call:?}\n{policy:#?}\n{:?}\n{explained:#?}", hooks.verdict);
            assert_eq!((&came, asked), (&expected, asks), "{}", seen());
            if explained.outlook == Outlook::Ask {
                for says in [None, Some(Approval::No)] {
                    let came = made(&gate(&People::saying(says)), &registry, &call, &policy, &context).await;
                    assert_eq!(came, Came::Refused, "{}", seen());
                }
            }
            outlooks[explained.outlook as usize] += 1;
        });
    }
    assert!(outlooks.iter().all(|count| *count > 200), "{outlooks:?}: each has to come up");
}

#[test]
fn the_tools_of_another_place_are_not_asked_here() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let yes = People::saying(Some(Approval::Yes));
    let shelf = Arc::new(Shelf { grants: Mutex::default(), broken: false });
    let hooks = Arc::new(Functions { verdict: HookVerdict::Pass, ending: None, hooked: false });
    let here = Gate::new(hooks, yes.clone(), shelf, "/here".into()).with_objections(Arc::new(move |_| {
        counting.fetch_add(1, Ordering::Relaxed);
        Some(Objection::Refused("protected".into()))
    }));
    let context = TurnContext {
        session: SessionId::from("s"),
        turn: TurnId::from("t"),
        agent: "main".into(),
        origin: Origin { channel: "cli".into(), user: "ada".into() },
        depth: 0,
    };
    let registry = builtin(Options::new(Path::new("/here"), Path::new("/here/spill")));
    let spec = registry.specs().iter().find(|spec| spec.name == "fs.write");
    let policy = Policy::new(vec![], Autonomy::Ask);
    let Value::Object(args) = json!({ "path": "/workspace/a", "content": "x" }) else { unreachable!() };
    let call = || ToolCall::new("fs.write", args.clone());
    let verdict = wait(here.authorize(call(), spec, &policy, &context));
    assert!(matches!(verdict, Verdict::Denied { .. }));
    assert_eq!((asked.load(Ordering::Relaxed), yes.asked.load(Ordering::Relaxed)), (1, 0));
    let verdict = wait(here.elsewhere("a container").authorize(call(), spec, &policy, &context));
    assert!(matches!(verdict, Verdict::Authorized { .. }));
    assert_eq!((asked.load(Ordering::Relaxed), yes.asked.load(Ordering::Relaxed)), (1, 1));
}
