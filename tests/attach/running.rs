//! `run` with a daemon: as without one.

use crate::support::{
    daemon::Daemon,
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, Ran, is_alive, until},
};
use serde_json::{Value, json};
use std::fs;

/// Reads a file, then answers at length.
fn reading() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.messages().last().map(|m| &m["role"]) {
        Some(role) if role == "tool" => Reply::text("The file says hello.\n\nThat is all."),
        _ => Reply::text_and_calls("Let me look.", [("fs_read", json!({"path": "note.txt"}))]),
    })
}

fn delta(event: &Value) -> &str {
    event["delta"].as_str().expect("a text")
}

/// Events without what differs from turn to turn, text in one piece.
fn told(ran: &Ran) -> Vec<Value> {
    let mut events: Vec<Value> = vec![];
    for mut event in ran.json() {
        let fields = event.as_object_mut().expect("an object");
        for name in ["session", "turn", "id", "duration_ms"] {
            fields.remove(name);
        }
        if let Some(meta) = fields.get_mut("meta").and_then(Value::as_object_mut) {
            meta.remove("duration_ms");
        }
        match events.last_mut().filter(|last| last["type"] == "text" && event["type"] == "text") {
            Some(last) => {
                last["delta"] = format!("{}{}", delta(last), delta(&event)).into();
            }
            None => events.push(event),
        }
    }
    events
}

#[test]
fn output_events_and_codes_are_the_same() {
    let fake = reading();
    let home = Home::with(&fake);
    home.write(&home.work().join("note.txt"), "hello\n");
    let _daemon = Daemon::start(&home);
    for args in [
        &["-e", "read it"][..],
        &["--json", "-e", "read it"],
        &["--agent", "nobody", "-e", "read it"],
        &["--model", "nowhere/nothing", "-e", "read it"],
        &["--session", "", "-e", "read it"],
        &["--session", "01", "--session", "02", "-e", "x"],
        &["-e", ""],
    ] {
        let through = home.run([&["run"], args].concat());
        let local = home.run([&["run", "--local"], args].concat());
        assert_eq!(through.code, local.code, "{args:?}: {through:?} {local:?}");
        if args.contains(&"--json") {
            assert_eq!(told(&through), told(&local));
        } else {
            assert_eq!(through.out, local.out, "{args:?}");
            // How long a tool took differs.
            let timeless = |text: &str| {
                text.split(" s)")
                    .next()
                    .map(|text| text.rsplit_once(", ").map_or(text.to_owned(), |(a, _)| a.to_owned()))
            };
            assert_eq!(timeless(&through.err), timeless(&local.err), "{args:?}");
        }
    }
}

#[test]
fn a_session_goes_on_whoever_answers() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("{} messages", request.messages().len())));
    let home = Home::with(&fake);
    let run = |args: &[&str]| home.run([&["run", "--session", "s", "-e", "x"], args].concat()).ok();
    let daemon = Daemon::start(&home);
    assert_eq!(run(&[]).complains(["note: new session \"s\""]).out, "2 messages\n");
    assert_eq!(run(&["--local"]).out, "4 messages\n");
    let third = run(&["--attach"]);
    assert_eq!((third.out.as_str(), third.err.as_str()), ("6 messages\n", ""));
    daemon.stop().ok();
    assert_eq!(run(&[]).out, "8 messages\n");
    home.run(["run", "--attach", "-e", "x"]).code(1).complains(["no daemon runs here", "openpista start"]);
}

#[test]
fn it_is_the_daemon_that_answers() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let home = Home::with(&fake);
    home.init("turns = 0\npista.on('turn.end', function() turns = turns + 1 end)");
    let _daemon = Daemon::start(&home);
    home.run(["run", "-e", "hi"]).ok();
    home.run(["run", "--local", "-e", "hi"]).ok();
    assert!(until(|| home.run(["eval", "--attach", "turns"]).ok().out == "1\n"));
}

#[test]
fn what_would_be_different_is_done_without_the_daemon() {
    let fake = FakeOpenAi::answering(|request| {
        Reply::text(request.body["model"].as_str().unwrap_or("?").to_owned())
    });
    let home = Home::with(&fake);
    home.init("where = 'daemon'\npista.hook('message', function(m) m.text = m.text .. where return m end)");
    let _daemon = Daemon::start(&home);
    home.run(["eval", "--attach", "where = 'live'"]).ok();
    let asked = |ran: Ran| {
        ran.ok();
        fake.requests().pop().expect("a request").last_text().to_owned()
    };
    assert_eq!(asked(home.run(["run", "-e", "x"])), "xlive");
    // Another variable, another directory, another configuration.
    assert_eq!(asked(home.clone().env("OPENPISTA_MAX_TOKENS", "77").run(["run", "-e", "x"])), "xdaemon");
    let elsewhere = home.work().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a directory");
    let mut command = home.command(["run", "-e", "x"]);
    command.current_dir(&elsewhere);
    assert_eq!(asked(crate::support::program::Running::start(command, b"").wait()), "xdaemon");
    let copy = home.write(
        &home.work().join("copy.lua"),
        "pista.hook('message', function(m) m.text = m.text .. 'copy' return m end)",
    );
    assert_eq!(asked(home.run(["run", "--config", copy.to_str().expect("UTF-8"), "-e", "x"])), "xcopy");
    assert_eq!(
        asked(home.run(["run", "--attach", "--config", copy.to_str().expect("UTF-8"), "-e", "x"])),
        "xlive"
    );
    // A model of this run's own is the daemon's to ask.
    assert_eq!(home.run(["run", "--model", "server/other", "-e", "x"]).ok().out, "other\n");
    assert_eq!(asked(home.run(["run", "--model", "server/other", "-e", "x"])), "xlive");
}

#[test]
fn a_workspace_that_is_written_down_is_the_same_everywhere() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let home = Home::with(&fake);
    home.init(
        "turns = 0\npista.setup{ workspace = '~' }\npista.on('turn.end', function() turns = turns + 1 end)",
    );
    let mut start = home.command(["start", "--listen", "127.0.0.1:0"]);
    start.env_remove("OPENPISTA_WORKSPACE");
    let _daemon = Daemon::run(&home, start);
    let mut command = home.command(["run", "-e", "x"]);
    command.current_dir(home.path());
    crate::support::program::Running::start(command, b"").wait().ok();
    assert!(until(|| home.run(["eval", "--attach", "turns"]).ok().out == "1\n"));
}

#[test]
fn ctrl_c_stops_the_turn_in_the_daemon() {
    let command = json!({"command": "echo $$ > pid.new; mv pid.new pid; exec sleep 601"});
    let fake = FakeOpenAi::start([Reply::call("system_run", command), Reply::text("we go on")]);
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    let turn = home.start(["run", "--yes", "--session", "s", "--json", "-e", "sleep"], "");
    let file = home.work().join("pid");
    assert!(until(|| file.exists()), "the command never ran");
    let pid = fs::read_to_string(&file).expect("a file").trim().parse().expect("a pid");
    turn.signal("INT");
    let ran = turn.wait().code(130);
    assert!(until(|| !is_alive(pid)), "the command was left running");
    let last = ran.json().pop().expect("events");
    assert_eq!((&last["type"], &last["kind"]), (&json!("failed"), &json!("cancelled")));
    assert!(is_alive(daemon.id()));
    assert_eq!(home.run(["run", "--session", "s", "-e", "and now?"]).ok().out, "we go on\n");
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn one_that_waits_in_line_leaves_without_stopping_the_other() {
    let fake = FakeOpenAi::answering(|request| match request.last_text() {
        "hang" => Reply::hang(),
        _ => Reply::text("hi"),
    });
    let home = Home::with(&fake);
    let daemon = Daemon::start(&home);
    home.run(["run", "--session", "s", "-e", "hello"]).ok();
    let first = home.start(["run", "--session", "s", "-e", "hang"], "");
    assert!(fake.saw_requests(2));
    let second = home.start(["run", "--session", "s", "-e", "and I?"], "");
    // Both, and the one that asks.
    assert!(until(|| daemon.status()["requests"].as_u64() >= Some(3)));
    second.signal("INT");
    second.wait().code(130);
    assert_eq!(daemon.status()["turns"].as_object().map(serde_json::Map::len), Some(1), "the first goes on");
    first.signal("INT");
    first.wait().code(130);
    assert_eq!(home.run(["run", "--session", "s", "-e", "hello"]).ok().out, "hi\n");
}

#[test]
fn lua_that_hangs_in_the_daemon_is_stopped_from_outside() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let eval = home.start(["eval", "--attach", "while true do end"], "");
    assert!(until(|| daemon.status()["requests"].as_u64() >= Some(2)));
    eval.signal("INT");
    eval.wait().code(130);
    let ran = home.run(["eval", "--attach", "print('one') x = (x or 0) + 1 return x, 'two'"]).ok();
    assert_eq!(ran.out, "one\n1, \"two\"\n");
    home.run(["eval", "--attach", "error('no way')"]).code(1).complains(["no way"]);
    home.run(["eval", "--attach", "for i = 1,"]).code(1).complains(["incomplete"]);
    home.run(["eval", "--attach", "--json", "1"]).code(2);
    daemon.stop().ok();
    home.run(["eval", "--attach", "1"]).code(1).complains(["no daemon runs here"]);
}

#[test]
fn what_is_piped_in_may_be_as_long_as_without_a_daemon() {
    let fake =
        FakeOpenAi::answering(|request| Reply::text(format!("{} bytes", request.last_text().trim().len())));
    let home = Home::with(&fake).env("OPENPISTA_CONTEXT_WINDOW", "10000000");
    let daemon = Daemon::start(&home);
    let line = "all work and no play\n";
    for length in [300_000, 900_000] {
        let text = line.repeat(length / line.len());
        let wanted = format!("{} bytes\n", text.trim().len());
        assert_eq!(home.pipe(["run", "--local"], &text).ok().out, wanted);
        assert_eq!(home.pipe(["run"], &text).ok().out, wanted);
    }
    assert_eq!(fake.refusals(), [""; 0]);
    let text = line.repeat((16 << 20) / line.len() + 1);
    let alone = home.pipe(["run", "--local"], &text).code(2);
    let through = home.pipe(["run"], &text).code(2);
    assert!(alone.err.contains("longer than 16 MiB"), "{alone:?}");
    assert_eq!(alone.err, through.err);
    daemon.stop().ok();
}
