//! The points within a turn: `model`, `response`, `tool_result`, `finalize`, `approval`, `compaction`.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};
use serde_json::json;

#[test]
fn the_model_is_chosen_for_each_call() {
    let fake = FakeOpenAi::start([
        Reply::call("fs_list", json!({"path": "."})),
        Reply::text("done"),
        Reply::text("done"),
    ]);
    let home = Home::with(&fake);
    home.init(
        "pista.hook('model', function(m)
            if m.round > 0 then return 'fake-large' end
            if m.channel ~= 'cli' or not m.tools or m.estimated_input < 10 then error('no') end
        end)",
    );
    home.say("look").ok();
    let models: Vec<_> = fake.requests().iter().map(|r| r.body["model"].clone()).collect();
    assert_eq!(models, ["fake-model", "fake-large"]);
}

#[test]
fn what_the_model_says_is_changed_before_it_is_stored_or_shown() {
    let fake = FakeOpenAi::start([Reply::text("The password is hunter2."), Reply::text("Nothing more.")]);
    let home = Home::with(&fake);
    home.init(
        "pista.hook('response', function(r) r.text = r.text:gsub('hunter2', '[redacted]') return r end)",
    );
    let ran = home.run(["run", "--json", "--session", "s", "-e", "tell"]).ok();
    assert!(!ran.out.contains("hunter2") && ran.out.contains("[redacted]"), "{}", ran.out);
    home.run(["run", "--session", "s", "-e", "more"]).ok();
    let sent = fake.requests()[1].body.to_string();
    assert!(!sent.contains("hunter2") && sent.contains("[redacted]"), "{sent}");
}

#[test]
fn a_result_is_changed_before_it_is_stored_or_read() {
    let fake = FakeOpenAi::start([Reply::call("fs_read", json!({"path": "card"})), Reply::text("done")]);
    let home = Home::with(&fake);
    home.write(&home.work().join("card"), "4111-1111");
    home.init(
        "pista.hook('tool_result', function(r)
            if r.name == 'fs.read' and r.args.path == 'card' and r.status == 'ok' then
                return (r.content:gsub('%d%d%d%d%-%d%d%d%d', '####'))
            end
        end)",
    );
    let ran = home.run(["run", "--json", "-e", "read it"]).ok();
    let told = fake.requests()[1].last_text().to_owned();
    assert!(told.contains("####") && !told.contains("4111"), "{told}");
    assert!(!ran.out.contains("4111"), "{}", ran.out);
}

#[test]
fn an_answer_goes_back_at_most_twice() {
    let fake = FakeOpenAi::answering(|request| {
        Reply::text(format!("{} messages, after {:?}", request.messages().len(), request.last_text()))
    });
    let home = Home::with(&fake);
    home.init(
        "pista.hook('finalize', function(a)
            if a.text:find('short') then return end
            return { retry = 'short, attempt ' .. a.attempt }
        end)",
    );
    let ran = home.say("hello").ok();
    // One return: the remark makes the second answer say "short".
    assert!(ran.out.contains("4 messages") && ran.out.contains("short, attempt 1"), "{}", ran.out);
    ran.complains(["sent back for another try: short, attempt 1"]);
    let never = Home::with(&fake);
    never.init("pista.hook('finalize', function(a) return { retry = 'again ' .. a.attempt } end)");
    let before = fake.requests().len();
    let ran = never.say("hello").ok();
    assert_eq!(fake.requests().len() - before, 3);
    assert!(ran.out.contains("again 2"), "{}", ran.out);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn an_approval_hook_decides_in_the_persons_place() {
    let call = || Reply::call("system_run", json!({"argv": ["touch", "made"]}));
    for (hook, made, words) in [
        ("return pista.allow()", true, "exit code 0"),
        ("return pista.deny('not ' .. q.name)", false, "not system.run (denied by the hook at init.lua:1)"),
        ("return nil", false, "nobody can be asked"),
        ("error('broken')", false, "nobody can be asked"),
        ("return pista.ask { to = 'phone:ada' }", false, "phone:ada"),
    ] {
        let fake = FakeOpenAi::start([call(), Reply::text("done")]);
        let home = Home::with(&fake);
        home.init(&format!("pista.hook('approval', function(q) {hook} end)"));
        home.say("make it").ok();
        let told = fake.requests()[1].last_text().to_owned();
        assert!(told.contains(words), "{hook}: {told}");
        assert_eq!(home.work().join("made").exists(), made, "{hook}");
    }
}

#[test]
fn a_summary_of_ones_own_stands_for_the_past() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("A{}", request.messages().len())));
    for (hook, words) in [
        ("return 'They spoke of ' .. #p.messages .. ' things'", Some("They spoke of ")),
        ("return { keep = true }", None),
    ] {
        let home = Home::with(&fake);
        home.init(&format!(
            "pista.provider('server', {{ base_url = pista.env('OPENPISTA_BASE_URL'), context_window = 4000 }})
            pista.hook('compaction', function(p) {hook} end)"
        ));
        let long = "word ".repeat(1_500);
        for _ in 0..3 {
            home.run(["run", "--session", "s", "--model", "server/fake-model", "-e", &long]).ok();
        }
        let sent = fake.requests().last().expect("requests").body.to_string();
        match words {
            Some(words) => assert!(sent.contains(words), "{sent}"),
            None => assert!(!sent.contains("Summary of the earlier"), "{sent}"),
        }
        assert!(!sent.contains("You keep the memory of an assistant"), "no model was asked to summarise");
    }
    let asked = fake.requests().iter().any(|r| r.body.to_string().contains("You keep the memory"));
    assert!(!asked, "the hook's word was enough");
}
