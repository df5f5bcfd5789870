//! Turns that are under way while the configuration changes.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply, Request},
    program::Home,
};
use openpista::{
    app::{App, Cause, Flags},
    config::Environment,
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        envelope::Envelope,
        event::{Observer, TurnEvent},
        outcome::TurnEnd,
    },
    gateway::Delivery,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Short, for turns that are many.
const SETTLE: Duration = Duration::from_millis(5);

type Work = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// Says yes, and counts.
#[derive(Default)]
struct Person {
    asked: AtomicUsize,
    /// Done before the answer.
    first: Mutex<Option<Work>>,
}

impl Approver for Person {
    fn ask<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let first = self.first.lock().expect("what is first").take();
            if let Some(first) = first {
                first().await;
            }
            Some(Approval::Yes)
        })
    }
}

struct Unwatched;

impl Observer for Unwatched {
    fn observe(&self, _: &TurnEvent) {}
}

async fn start(home: &Home, fake: &FakeOpenAi, person: Arc<Person>) -> App {
    let text = |path: std::path::PathBuf| path.display().to_string();
    let environment = Environment::from_pairs([
        ("HOME", text(home.path())),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("OPENPISTA_BASE_URL", fake.url()),
        ("OPENPISTA_MODEL", "fake-model".into()),
        ("OPENPISTA_WORKSPACE", text(home.work())),
    ]);
    App::start(Flags::new(None).within(environment), person).await.expect("it starts")
}

async fn say(app: &App, text: &str) -> Result<String, String> {
    let session = app.new_session("test", None).await.expect("a session");
    let delivery = Delivery {
        envelope: Envelope { origin: app.origin("test"), agent: app.agent_of(&session), text: text.into() },
        session: session.id,
        model: None,
        depth: 0,
        observer: Arc::new(Unwatched),
        cancel: CancellationToken::new(),
    };
    match app.gateway().submit(delivery).await.end {
        TurnEnd::Answered(text) => Ok(text),
        other => Err(format!("{other:?}")),
    }
}

/// A server that asks for this call first, and then says what came of it.
fn calling(name: &'static str, args: Value) -> FakeOpenAi {
    FakeOpenAi::answering(move |request: &Request| {
        let last = request.messages().last().cloned().unwrap_or_default();
        match last["role"].as_str() {
            Some("tool") => Reply::text(last["content"].as_str().unwrap_or_default()),
            _ => Reply::call(name, args.clone()),
        }
    })
}

/// Lua whose tool `wait` waits until a file is there, and whose rules for `system.run` are these.
fn waiting(home: &Home, rules: &str) -> String {
    format!(
        "pista.tool {{ name = 'wait', description = 'waits', run = function()\n\
         \x20 pista.system.run {{ 'touch', '{0}/waits' }}\n\
         \x20 pista.system.run('while [ ! -e {0}/go ]; do sleep 0.01; done')\n\
         \x20 return 'waited'\n\
         end }}\n\
         pista.agent('main', {{ tools = {{ allow = {{ 'wait' }}, {rules} }} }})",
        home.work().display()
    )
}

/// A model that calls `wait`, and then touches `made`.
fn waits_then_makes() -> FakeOpenAi {
    FakeOpenAi::answering(|request: &Request| match request.messages().len() {
        0..=2 => Reply::call("wait", json!({})),
        3..=4 => Reply::call("system_run", json!({ "argv": ["touch", "made"] })),
        _ => Reply::text(request.last_text()),
    })
}

/// A turn that began under `before` makes its call under `after`; what came of it, and how often a
/// person was asked.
async fn under(before: &str, after: impl Fn(&Home) -> String) -> (bool, usize, String) {
    let (home, fake, person) = (Home::new(), waits_then_makes(), Arc::new(Person::default()));
    home.init(&waiting(&home, before));
    let app = start(&home, &fake, person.clone()).await;
    let turn = {
        let app = app.clone();
        tokio::spawn(async move { say(&app, "go on").await })
    };
    while !home.work().join("waits").exists() {
        assert!(!turn.is_finished(), "it did not wait: {:?}", turn.await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    home.init(&after(&home));
    app.reload(Cause::Command).await.expect("a good configuration");
    home.write(&home.work().join("go"), "");
    let answer = turn.await.expect("no panic").expect("an answer");
    app.close().await;
    assert_eq!(fake.refusals(), [""; 0]);
    (home.work().join("made").exists(), person.asked.load(Ordering::SeqCst), answer)
}

#[tokio::test]
async fn what_is_denied_now_is_denied_to_a_turn_that_began_before() {
    let (made, asked, answer) =
        under("allow = { 'wait', 'system.run' }", |home| waiting(home, "deny = { 'system.run' }")).await;
    assert!(!made && asked == 0, "{answer}");
    assert!(answer.contains("denied: not allowed: rule \"system.run\" denies (init.lua:"), "{answer}");
}

#[tokio::test]
async fn what_asks_now_asks_for_a_turn_that_began_before() {
    let (made, asked, answer) =
        under("allow = { 'wait', 'system.run' }", |home| waiting(home, "ask = { 'system.run' }")).await;
    assert!(made && asked == 1, "{answer}");
}

#[tokio::test]
async fn a_hook_that_denies_now_denies_to_a_turn_that_began_before() {
    let (made, _, answer) = under("allow = { 'wait', 'system.run' }", |home| {
        let hook = "\npista.hook('tool_call', function(c) if c.name == 'system.run' then return pista.deny('no more') end end)";
        waiting(home, "allow = { 'wait', 'system.run' }") + hook
    })
    .await;
    assert!(!made && answer.contains("no more (denied by the hook at init.lua:"), "{answer}");
}

#[tokio::test]
async fn a_tool_that_is_gone_is_gone_for_a_turn_that_began_before() {
    // It is called once more after the save.
    let (home, person) = (Home::new(), Arc::new(Person::default()));
    let fake = FakeOpenAi::answering(|request: &Request| match request.messages().len() {
        0..=4 => Reply::call("wait", json!({})),
        _ => Reply::text(request.last_text()),
    });
    home.init(&waiting(&home, ""));
    let app = start(&home, &fake, person).await;
    let turn = {
        let app = app.clone();
        tokio::spawn(async move { say(&app, "go on").await })
    };
    while !home.work().join("waits").exists() {
        assert!(!turn.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    home.init("-- nothing");
    app.reload(Cause::Command).await.expect("a good configuration");
    home.write(&home.work().join("go"), "");
    let answer = turn.await.expect("no panic").expect("an answer");
    assert!(answer.contains("there is no tool wait any more"), "{answer}");
    app.close().await;
}

#[tokio::test]
async fn what_is_allowed_now_is_not_allowed_to_a_turn_that_began_before() {
    let (made, asked, answer) =
        under("deny = { 'system.run' }", |home| waiting(home, "allow = { 'wait', 'system.run' }")).await;
    assert!(!made && asked == 0, "{answer}");
    let (made, asked, answer) =
        under("ask = { 'system.run' }", |home| waiting(home, "allow = { 'wait', 'system.run' }")).await;
    assert!(made && asked == 1, "{answer}");
}

#[tokio::test]
async fn a_hook_that_rewrites_the_same_way_as_before_is_no_stricter() {
    let hook = "\npista.hook('tool_call', function(c)\n\
                \x20 if c.name == 'system.run' then return { args = { argv = { 'touch', 'made' }, timeout = 20 } } end\n\
                end)";
    let (home, fake, person) = (Home::new(), waits_then_makes(), Arc::new(Person::default()));
    let lua = |remark: &str| waiting(&home, "allow = { 'wait', 'system.run' }") + hook + remark;
    home.init(&lua(""));
    let app = start(&home, &fake, person).await;
    let turn = {
        let app = app.clone();
        tokio::spawn(async move { say(&app, "go on").await })
    };
    while !home.work().join("waits").exists() {
        assert!(!turn.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    home.init(&lua("\n-- a remark"));
    app.reload(Cause::Command).await.expect("a good configuration");
    home.write(&home.work().join("go"), "");
    let answer = turn.await.expect("no panic").expect("an answer");
    assert!(home.work().join("made").exists(), "{answer}");
    app.close().await;
}

#[tokio::test]
async fn a_configuration_that_changes_while_a_person_thinks_counts() {
    let (home, person) = (Home::new(), Arc::new(Person::default()));
    let fake = calling("system_run", json!({ "argv": ["touch", "made"] }));
    home.init("pista.agent('main', { tools = { ask = { 'system.run' } } })");
    let app = start(&home, &fake, person.clone()).await;
    let (other, init) = (app.clone(), home.clone());
    *person.first.lock().expect("nothing yet") = Some(Box::new(move || {
        Box::pin(async move {
            init.init("pista.agent('main', { tools = { deny = { 'system.run' } } })");
            other.reload(Cause::Command).await.expect("a good configuration");
        })
    }));
    let answer = say(&app, "make it").await.expect("an answer");
    assert!(answer.contains("denied: not allowed") && !home.work().join("made").exists(), "{answer}");
    app.close().await;
}

/// Text of a length that is random, and always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// Saves while turns run.
const EDITS: usize = 1_000;
/// Turns at the same time.
const TALKERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_edits_under_load() {
    let fake = FakeOpenAi::answering(|request: &Request| {
        let system = request.messages()[0]["content"].as_str().unwrap_or_default().to_owned();
        Reply::text(format!("{} by {system}", request.last_text()))
    });
    let home = Home::new();
    let good = |number: usize| {
        format!(
            "local words = {{ 'one', 'two' }}\n\
             pista.hook('prompt', function(p) p.system = 'version-{number}-end' return p end)\n\
             pista.tool {{ name = 'weather', description = 'tells', parameters = {{ city = 'string' }},\n\
             \x20 run = function(args) return words[1] .. args.city end }}\n\
             pista.agent('main', {{ tools = {{ allow = {{ 'fs.*' }} }} }})\n"
        )
    };
    home.init(&good(0));
    let app = start(&home, &fake, Arc::new(Person::default())).await;
    let watching = app.watch(SETTLE);
    let (stop, asked) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let talkers: Vec<_> = (0..TALKERS)
        .map(|talker| {
            let (app, stop, asked) = (app.clone(), stop.clone(), asked.clone());
            tokio::spawn(async move {
                let mut answers = vec![];
                while !stop.is_cancelled() {
                    let text = format!("talker {talker} number {}", answers.len());
                    asked.fetch_add(1, Ordering::SeqCst);
                    let answer = say(&app, &text).await.expect("an answer");
                    // By which version, an edit may have made a riddle.
                    assert!(answer.starts_with(&format!("{text} by ")), "{answer}");
                    assert_eq!(answer.matches("talker").count(), 1, "{answer}");
                    answers.push(answer);
                }
                answers
            })
        })
        .collect();
    let mut dice = Dice(7);
    let (mut loaded, mut refused) = (0, 0);
    for edit in 1..=EDITS {
        let mut text = good(edit);
        match dice.roll(4) {
            // Whole.
            0 => {}
            // A part of it is gone, or stands there twice, or is something else.
            1 => text.truncate(dice.roll(text.len())),
            2 => {
                let at = dice.roll(text.len());
                text.insert_str(at, &good(edit)[..dice.roll(40)]);
            }
            _ => {
                let at = dice.roll(text.len());
                text.replace_range(at..=at, ["(", "end", "'", "\0", "]]"][dice.roll(5)]);
            }
        }
        home.init(&text);
        // The watcher reads it too, when it gets to it.
        match app.reload(Cause::Command).await {
            Ok(_) => loaded += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(loaded > EDITS / 5 && refused > EDITS / 5, "{loaded} loaded, {refused} refused");
    home.init(&good(EDITS + 1));
    let last = format!("version-{}-end", EDITS + 1);
    let end = tokio::time::Instant::now() + Duration::from_secs(30);
    while !say(&app, "which?").await.expect("an answer").contains(&last) {
        assert!(tokio::time::Instant::now() < end, "the last one is not live");
        tokio::time::sleep(SETTLE).await;
    }
    stop.cancel();
    let mut turns = 0;
    for talker in talkers {
        turns += talker.await.expect("no turn was lost or doubled").len();
    }
    drop(watching);
    assert_eq!(turns, asked.load(Ordering::SeqCst));
    let seen = fake.requests().iter().filter(|request| request.last_text().starts_with("talker")).count();
    assert_eq!(seen, turns, "each was sent once");
    assert_eq!(fake.refusals(), [""; 0]);
    println!("{EDITS} edits: {loaded} loaded, {refused} refused; {turns} turns answered meanwhile");
    app.close().await;
}
