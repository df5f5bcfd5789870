//! The built program: jobs run while a REPL stays, and by hand.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, PROGRAM, until},
};
use serde_json::Value;
use std::process::{Child, ChildStdin, Stdio};

/// A REPL whose input stays open. Killed when dropped.
struct Repl {
    child: Child,
    input: Option<ChildStdin>,
}

impl Repl {
    fn start(home: &Home) -> Self {
        let mut command = home.command(["repl"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{PROGRAM}: {e}"));
        let input = child.stdin.take();
        Self { child, input }
    }

    /// Closes the input and waits for the end.
    fn leave(mut self) {
        self.input = None;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Repl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The history, the newest first.
fn history(home: &Home) -> Vec<Value> {
    home.run(["cron", "history", "--json"]).ok().json()
}

fn states(home: &Home) -> Vec<String> {
    history(home).iter().map(|run| run["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_job_runs_while_a_repl_stays() {
    let home = Home::new();
    home.init(
        "pista.cron('beat', { every = '1s' }, function(ctx)
           assert(ctx.job == 'beat' and ctx.attempt == 1 and not ctx.manual)
           assert(math.type(ctx.scheduled) == 'integer' and ctx.started >= ctx.scheduled)
           return 'beat ' .. ctx.missed
         end)",
    );
    let repl = Repl::start(&home);
    assert!(
        until(|| states(&home).iter().filter(|state| *state == "ok").count() >= 3),
        "{:?}",
        history(&home)
    );
    repl.leave();
    let runs = history(&home);
    let mut times: Vec<_> = runs.iter().map(|run| run["scheduled_ms"].as_i64().unwrap()).collect();
    times.dedup();
    assert_eq!(times.len(), runs.len(), "a time ran twice: {runs:#?}");
    assert!(runs.iter().any(|run| run["output"] == "beat 0"), "{runs:#?}");
    assert!(home.run(["cron", "list"]).ok().out.contains("last ok"));
    assert!(home.run(["cron", "history", "beat", "--limit", "1"]).ok().out.contains("beat 0"));
}

#[test]
fn a_run_that_is_killed_is_closed_as_interrupted_and_not_run_again() {
    let home = Home::new();
    let job = |missed: &str| {
        format!(
            "pista.cron('work', {{ every = '1s', missed = '{missed}' }}, function(ctx)
               if ctx.attempt > 1 then return 'again' end
               pista.sleep(600)
             end)"
        )
    };
    home.init(&job("skip"));
    let repl = Repl::start(&home);
    assert!(until(|| states(&home).iter().any(|state| state == "running")));
    drop(repl);
    // Seen as such before anybody has closed it.
    let first = history(&home).into_iter().rfind(|run| run["state"] == "interrupted").expect("interrupted");
    let repl = Repl::start(&home);
    assert!(until(|| states(&home).iter().any(|state| state == "running")));
    let same = |run: &Value| run["scheduled_ms"] == first["scheduled_ms"];
    let runs = history(&home);
    assert_eq!(runs.iter().filter(|run| same(run)).count(), 1, "{runs:#?}");
    let closed = runs.iter().find(|run| same(run)).unwrap();
    assert!(closed["error"].as_str().unwrap().contains("the program ended"), "{closed:#?}");
    drop(repl);
    // With another rule it is.
    home.init(&job("all"));
    let repl = Repl::start(&home);
    assert!(until(|| states(&home).iter().any(|state| state == "running")));
    drop(repl);
    let _repl = Repl::start(&home);
    assert!(until(|| history(&home).iter().any(|run| run["output"] == "again")), "{:#?}", history(&home));
}

#[test]
fn an_end_by_signal_stops_what_runs_and_notes_it() {
    let home = Home::new();
    home.init("pista.cron('work', { every = '1s' }, function() pista.sleep(600) end)");
    let mut repl = Repl::start(&home);
    assert!(until(|| states(&home).iter().any(|state| state == "running")));
    crate::support::program::signal("TERM", repl.child.id());
    repl.child.wait().unwrap();
    assert!(states(&home).iter().any(|state| state == "interrupted"));
    assert!(!states(&home).iter().any(|state| state == "running" || state == "queued"));
}

#[test]
fn a_job_can_be_run_by_hand() {
    let home = Home::new();
    home.init(
        "pista.cron('hello', { at = '0 0 1 1 *' }, function(ctx) assert(ctx.manual) return { a = 1 } end)
         pista.cron('bad', { at = '0 0 1 1 *' }, function() error('it broke') end)
         pista.cron('slow', { at = '0 0 1 1 *', timeout = 0.2 }, function() pista.sleep(60) end)
         pista.cron('busy', { at = '0 0 1 1 *', timeout = 0.2 }, function() while true do end end)
         pista.cron('refused', { at = '0 0 1 1 *' }, function() error('it ran') end)
         pista.cron('sent', { at = '0 0 1 1 *', to = 'repl:me' }, function() return 'for you' end)
         pista.cron('lost', { at = '0 0 1 1 *', to = 'telegramm:1' }, function() return 'for nobody' end)
         pista.cron('asks', { at = '0 0 1 1 *' }, function() return (pista.ask_agent('main', 'hello')) end)
         pista.cron('prompt', { at = '0 0 1 1 *', prompt = 'hello', agent = 'main' })
         pista.hook('cron', function(run) if run.job == 'refused' then return pista.deny('not today') end end)
         pista.hook('cron', function(run) if run.job == 'bad' then error('a hook that fails') end end)
         pista.on('cron.done', function(run)
           pista.log.warn('done', { job = run.job, outcome = run.outcome, error = run.error })
         end)",
    );
    let run = |name: &str| home.run(["cron", "run", name]);
    let hello = run("hello").ok();
    assert_eq!(hello.out, "{\"a\":1}\n");
    assert!(hello.err.contains("done") && hello.err.contains("\"outcome\":\"ok\""), "{}", hello.err);
    run("bad").code(1).complains(["the job bad failed", "init.lua:2", "it broke"]);
    run("slow").code(1).complains(["the job slow took too long"]);
    run("busy").code(1).complains(["the job busy took too long"]);
    run("refused").code(1).complains(["the job refused did not run", "init.lua:10", "not today"]);
    let sent = run("sent").ok();
    assert_eq!((sent.out.as_str(), sent.err.contains("for you")), ("for you\n", true), "{}", sent.err);
    run("lost").code(1).complains(["was not delivered", "there is no channel \"telegramm\""]);
    assert!(!run("asks").ok().out.is_empty());
    assert!(!run("prompt").ok().out.is_empty());
    run("helo").code(1).complains(["no job is called \"helo\"", "did you mean \"hello\"?"]);
    let runs = history(&home);
    let state =
        |job: &str| runs.iter().find(|run| run["job"] == job).map(|run| run["state"].clone()).unwrap();
    assert_eq!(
        ["hello", "bad", "slow", "busy", "refused", "sent", "lost"].map(state),
        ["ok", "failed", "timeout", "timeout", "skipped", "ok", "ok"]
    );
    assert!(runs.iter().all(|run| run["manual"] == true));
    // When it is due has not changed.
    assert!(home.run(["cron", "list"]).ok().out.lines().all(|line| line.contains("-01-01 00:00:00")));
}

#[test]
fn a_run_by_hand_can_be_stopped() {
    let home = Home::new();
    home.init("pista.cron('slow', { at = '@yearly' }, function() pista.sleep(600) end)");
    let run = home.start(["cron", "run", "slow"], "");
    assert!(until(|| states(&home) == ["running"]));
    run.signal("INT");
    run.wait().code(130);
    let stored: (String, String) = rusqlite::Connection::open(home.database())
        .and_then(|database| {
            database.query_row("SELECT state, error FROM cron_runs", [], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .unwrap();
    assert_eq!(stored, ("interrupted".into(), "it was stopped by hand".into()));
}

#[test]
fn saving_the_configuration_changes_the_jobs() {
    let home = Home::new();
    let job =
        |name: &str| format!("pista.cron('{name}', {{ every = '1s' }}, function() return '{name}' end)");
    home.init(&job("old"));
    let repl = Repl::start(&home);
    let ran =
        |job: &str| history(&home).iter().filter(|run| run["job"] == job && run["state"] == "ok").count();
    assert!(until(|| ran("old") > 0));
    home.init(&job("new"));
    assert!(until(|| ran("new") > 0));
    let old = ran("old");
    let new = ran("new");
    assert!(until(|| ran("new") > new + 1));
    assert_eq!(ran("old"), old);
    repl.leave();
}

#[test]
fn handlers_in_two_repls_run_each_time_once() {
    let home = Home::new();
    let file = home.work().join("ran");
    home.init(&format!(
        "pista.cron('beat', {{ every = '1s' }}, function(ctx)
           pista.system.run({{ 'sh', '-c', 'echo \"$0\" >> {}', tostring(ctx.scheduled) }})
         end)",
        file.display()
    ));
    let repls = [Repl::start(&home), Repl::start(&home)];
    let lines =
        || std::fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(until(|| lines().len() >= 5));
    repls.into_iter().for_each(Repl::leave);
    let mut ran = lines();
    let count = ran.len();
    ran.sort();
    ran.dedup();
    assert_eq!(ran.len(), count);
}

#[test]
fn the_runs_of_a_job_share_a_conversation_and_each_begins_anew() {
    let fake = FakeOpenAi::answering(|_| Reply::text("done"));
    let home = Home::with(&fake);
    home.init(
        "pista.cron('asks', { every = '1s', prompt = 'what is new?' })
         pista.cron('calls', { every = '1s' }, function()
           local both = {}
           for i = 1, 2 do both[i] = pista.spawn(function() return (pista.ask_agent('main', 'part ' .. i)) end) end
           return 'ok'
         end)",
    );
    let repl = Repl::start(&home);
    let ok =
        |job: &str| history(&home).iter().filter(|run| run["job"] == job && run["state"] == "ok").count();
    assert!(until(|| ok("asks") >= 3 && ok("calls") >= 3), "{:#?}", history(&home));
    repl.leave();
    let sessions = home.run(["sessions", "list", "--json"]).ok().json();
    let titled =
        |title: &str| sessions.iter().filter(|s| s["title"].as_str().unwrap().starts_with(title)).count();
    assert_eq!(titled("what is new?"), 1, "{sessions:#?}");
    let asked: Vec<_> =
        fake.requests().into_iter().filter(|r| r.last_text().ends_with("what is new?")).collect();
    assert!(asked.len() >= 3);
    for request in asked {
        // The prompt, a word that there was something before, the question; no answer of another run.
        assert!(
            request.messages().iter().all(|message| message["role"] != "assistant"),
            "{:?}",
            request.messages()
        );
        assert!(request.messages().len() <= 3);
    }
    // Whoever asks while another is in it has one of their own, and nobody fails.
    assert!(history(&home).iter().all(|run| run["state"] != "failed"), "{:#?}", history(&home));
    assert!(titled("part") >= 1);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn what_was_due_when_the_machine_moved_is_made_up_for() {
    let home = Home::new().env("TZ", "UTC");
    home.init("pista.cron('yearly', { at = '0 0 1 1 *', missed = 'once' }, function(ctx) return 'ran ' .. ctx.missed end)");
    Repl::start(&home).leave();
    let hour_ago = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
        as i64
        - 3_600_000;
    rusqlite::Connection::open(home.database())
        .unwrap()
        .execute("UPDATE cron_jobs SET next_ms = ?1", [hour_ago - hour_ago % 1_000])
        .unwrap();
    let home = home.env("TZ", "JST-9");
    let repl = Repl::start(&home);
    assert!(until(|| states(&home) == ["ok"]), "{:#?}", history(&home));
    repl.leave();
    let runs = history(&home);
    assert_eq!((&runs[0]["output"], &runs[0]["missed"]), (&"ran 1".into(), &1.into()));
    assert!(runs[0]["note"].as_str().unwrap().contains("by the zone UTC"), "{runs:#?}");
    assert!(home.run(["cron", "history"]).ok().out.contains("by the zone UTC"));
    assert!(home.run(["cron", "list"]).ok().out.contains("JST-9"));
}
