//! The program ends while a call waits for an answer: the next one takes the turn up again.

use crate::{
    Serving, answers, awaits, listed, phone, question, questions, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Piped, until},
    },
    touching,
};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const INTERRUPTED: &str = "This was interrupted";

/// Asks about the calls that note a word with "ask" in it; allows the others.
const SOME: &str = "pista.hook('tool_call', function(call)
    if call.name ~= 'system.run' then return end
    if call.args.argv[3]:find('ask', 1, true) then return pista.ask { to = 'phone:ada', timeout = 60 } end
    return pista.allow()
end)";

#[test]
fn killed_while_it_waits_it_goes_on_with_the_answer() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.on('turn.start', function(e) sh('echo \"$1\" >> events', tostring(e.resumed) .. ' ' .. e.text) end)
        pista.on('turn.end', function(e) sh('echo \"$1\" >> events', e.status .. ' ' .. e.rounds) end)",
    ));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let id = question(&home, 1);
    serving.kill();
    assert_eq!(listed(&home)[0]["id"], id.as_str());
    let serving = Serving::start(&home);
    say(&home, "b", "ada", "kitchen", "and then");
    awaits(&home, "receipts", "b accepted");
    say(&home, "c", "ada", "kitchen", &format!("yes {id}"));
    awaits(&home, "sent", "kitchen: You said");
    serving.end();
    let sent = read(&home, "sent");
    assert_eq!(answers(&home, "kitchen"), ["exit code 0"], "{sent}");
    assert_eq!(read(&home, "made"), "one\n");
    assert!(!sent.contains(INTERRUPTED), "{sent}");
    // It was asked once, and what came later was answered later.
    assert_eq!((questions(&home).len(), sent.matches("wants to run").count()), (1, 1), "{sent}");
    assert!(sent.find("Results").unwrap() < sent.find("You said").unwrap(), "{sent}");
    assert_eq!(read(&home, "events"), "nil touch one\ntrue touch one\ndone 1\nnil and then\ndone 0\n");
    assert_eq!(fake.requests().len(), 3);
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    // And nothing of it is left for another run.
    let serving = Serving::start(&home);
    say(&home, "d", "ada", "kitchen", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: it was answered, phone:ada said yes."));
    serving.end();
    assert_eq!(read(&home, "made"), "one\n");
}

#[test]
fn answered_while_no_program_runs() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    say(&home, "b", "bob", "garden", "touch two");
    let (first, second) = (question(&home, 1), question(&home, 2));
    serving.kill();
    let (adas, bobs) = if read(&home, "sent").find("kitchen: main") < read(&home, "sent").find("garden: main")
    {
        (first, second)
    } else {
        (second, first)
    };
    home.run(["approvals", "yes", &adas]).ok().complains(["it runs, this once", "echo one"]);
    home.run(["approvals", "no", &bobs]).ok().complains(["it does not run"]);
    home.run(["approvals", "no", &adas]).code(1).complains(["is over: cli:user said yes"]);
    assert_eq!(read(&home, "made"), "");
    let serving = Serving::start(&home);
    awaits(&home, "sent", "kitchen: Results: exit code 0");
    awaits(&home, "sent", "garden: Results: denied: the user said no");
    serving.end();
    assert_eq!(read(&home, "made"), "one\n");
    assert!(!read(&home, "sent").contains(INTERRUPTED));
}

#[test]
fn killed_at_any_moment_after_the_yes_it_runs_once_at_most() {
    const ROUNDS: u64 = 10;
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos() as u64;
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    for round in 0..ROUNDS {
        let serving = Serving::start(&home);
        let (place, word) = (format!("room{round}"), format!("word{round}."));
        say(&home, &format!("a{round}"), "ada", &place, &format!("touch {word}"));
        assert!(until(|| read(&home, "sent").contains(&format!("{place}: main wants"))));
        let id = questions(&home).pop().expect("a question");
        say(&home, &format!("b{round}"), "ada", &place, &format!("yes {id}"));
        awaits(&home, "receipts", &format!("b{round} accepted"));
        // The yes is stored: what of the rest is done by now differs.
        let wait = seed.wrapping_mul(6_364_136_223_846_793_005).rotate_left(round as u32 * 7) % 30;
        std::thread::sleep(Duration::from_millis(if round % 2 == 0 { 0 } else { wait }));
        serving.kill();
        let serving = Serving::start(&home);
        let ended = |place: &str| {
            answers(&home, place).len()
                + read(&home, "sent").matches(&format!("{place}: {INTERRUPTED}")).count()
        };
        let there = until(|| ended(&place) > 0);
        assert!(there, "seed {seed}, round {round}: {}", read(&home, "sent"));
        serving.end();
        let ran = read(&home, "made").matches(&word).count();
        assert!(ran <= 1, "seed {seed}: {word} ran {ran} times");
        assert_eq!(questions(&home).len() as u64, round + 1, "seed {seed}: it was asked again");
    }
    let sent = read(&home, "sent");
    for round in 0..ROUNDS {
        let place = format!("room{round}");
        let interrupted = sent.lines().filter(|l| l.starts_with(&format!("{place}: {INTERRUPTED}"))).count();
        let ran = read(&home, "made").contains(&format!("word{round}."));
        match (answers(&home, &place).len(), interrupted) {
            (1, 0) => assert!(ran, "seed {seed}: {place} was answered, and nothing ran: {sent}"),
            (0, 1) => {}
            ends => panic!("seed {seed}: {place} has {ends:?} ends: {sent}"),
        }
    }
}

#[test]
fn the_end_of_the_program_parks_what_waits_and_closes_the_rest() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(SOME));
    for command in ["repl", "start"] {
        let n = questions(&home).len();
        let serving = Serving::by(&home, command);
        let (a, b) = (format!("a{command}"), format!("b{command}"));
        say(&home, &a, "ada", "ada", &format!("touch ask{command}"));
        let id = question(&home, n + 1);
        say(&home, &b, "bob", "bob", "touch slow");
        assert!(until(|| read(&home, "made").matches("slow").count() == n + 1));
        serving.end();
        let serving = Serving::by(&home, command);
        assert!(until(|| read(&home, "sent").matches(&format!("bob: {INTERRUPTED}")).count() == n + 1));
        say(&home, &format!("c{command}"), "ada", "-", &format!("press {id} yes"));
        assert!(until(|| answers(&home, "ada").len() == n + 1), "{}", read(&home, "sent"));
        assert_eq!(read(&home, "made").matches(&format!("ask{command}")).count(), 1);
        serving.end();
    }
    let sent = read(&home, "sent");
    assert!(!sent.contains(&format!("ada: {INTERRUPTED}")), "{sent}");
    assert_eq!(questions(&home).len(), 2);
}

#[test]
fn calls_that_were_begun_are_not_begun_again() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(SOME));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "touch quick slow ask1 behind ask2");
    let first = question(&home, 1);
    assert!(until(|| ["quick", "slow"].iter().all(|word| read(&home, "made").contains(word))));
    // Its result is stored before the program is killed; the slow one's is not.
    let stored = || {
        let database = rusqlite::Connection::open(home.database()).expect("a database");
        let count =
            database.query_row("SELECT count(*) FROM messages WHERE role = 'tool'", [], |row| row.get(0));
        count.unwrap_or(0)
    };
    assert!(until(|| stored() == 1));
    serving.kill();
    let serving = Serving::start(&home);
    say(&home, "b", "ada", "-", &format!("press {first} yes"));
    let second = question(&home, 2);
    assert!(until(|| read(&home, "made").contains("behind")));
    say(&home, "c", "ada", "-", &format!("press {second} no"));
    awaits(&home, "sent", "ada: Results: ");
    serving.end();
    let mut made: Vec<_> = read(&home, "made").lines().map(str::to_owned).collect();
    made.sort();
    assert_eq!(made, ["ask1", "behind", "quick", "slow"]);
    let results = answers(&home, "ada").concat();
    for (words, times) in [("exit code 0", 3), ("interrupted: the program ended", 1), ("the user said no", 1)]
    {
        assert_eq!(results.matches(words).count(), times, "{words}: {results}");
    }
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

#[test]
fn a_question_expires_also_while_no_program_runs() {
    let fake = touching();
    let home = Home::with(&fake);
    let asks = |seconds: f64| {
        phone(&format!(
            "pista.hook('approval', function() return pista.ask {{ to = 'phone:ada', timeout = {seconds} }} end)"
        ))
    };
    for (n, seconds) in [0.4, 3.0].into_iter().enumerate() {
        home.init(&asks(seconds));
        let serving = Serving::start(&home);
        say(&home, &format!("a{n}"), "ada", "ada", &format!("touch one{n}"));
        let id = question(&home, n + 1);
        serving.kill();
        if n == 0 {
            assert!(until(|| listed(&home).is_empty()));
            home.run(["approvals", "yes", &id]).code(1).complains(["is over: the answer took too long"]);
        }
        let serving = Serving::start(&home);
        assert!(until(|| answers(&home, "ada").len() == n + 1), "{}", read(&home, "sent"));
        assert!(answers(&home, "ada")[n].contains("did not answer within"), "{:?}", answers(&home, "ada"));
        serving.end();
    }
    assert_eq!(read(&home, "made"), "");
    assert!(!read(&home, "sent").contains(INTERRUPTED));
}

#[test]
fn a_turn_that_was_taken_up_can_be_stopped() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "touch one");
    let id = question(&home, 1);
    serving.kill();
    let serving = Serving::start(&home);
    say(&home, "b", "ada", "ada", "/stop");
    awaits(&home, "sent", "ada: Stopped.");
    say(&home, "c", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: nobody waits"));
    say(&home, "d", "ada", "ada", "hello");
    awaits(&home, "sent", "ada: You said");
    serving.end();
    assert_eq!(read(&home, "made"), "");
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
}

#[test]
fn nobody_else_speaks_in_a_session_that_waits() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "touch one");
    let id = question(&home, 1);
    serving.kill();
    let listed = home.run(["sessions", "list", "--json"]).ok();
    let session = listed.json()[0]["id"].as_str().expect("an id").to_owned();
    let command = format!("openpista approvals no {id}");
    home.run(["run", "--session", &session, "-e", "hello"])
        .code(1)
        .complains(["waits for an answer", &command]);
    home.run(["sessions", "rm", &session]).code(1).complains(["waits for an answer", &command]);
    // Answered, it is only as busy as any turn of a dead program.
    home.run(["approvals", "no", &id]).ok();
    home.run(["run", "--session", &session, "-e", "hello"]).ok();
    home.run(["sessions", "rm", &session]).ok();
    let serving = Serving::start(&home);
    awaits(&home, "sent", &format!("ada: {INTERRUPTED}"));
    serving.end();
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn what_cannot_go_on_is_closed_and_its_question_with_it() {
    let fake = touching();
    let home = Home::with(&fake);
    // At the prompt: whoever typed it is gone.
    home.init(&phone(
        "pista.hook('tool_call', function(call)
            if call.name == 'system.run' then return pista.ask { to = 'phone:ada' } end
        end)",
    ));
    let mut repl = Piped::start(home.command(["repl"]));
    repl.line("touch one");
    let id = question(&home, 1);
    assert_eq!(listed(&home)[0]["resumable"], false);
    drop(repl);
    home.run(["approvals", "yes", &id]).code(1).complains(["nobody waits for its answer any more"]);
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "-", &format!("press {id} yes"));
    awaits(&home, "pressed", "nobody waits for its answer any more");
    serving.end();
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn a_call_within_a_call_ends_with_it() {
    let program = "return system.run { argv = { 'sh', '-c', 'echo nested >> made' } }";
    let fake =
        FakeOpenAi::start([Reply::call("lua_run", json!({ "code": program })), Reply::text("not reached")]);
    let home = Home::with(&fake);
    home.init(&phone("pista.agent('main', { tools = { allow = { 'lua.run' } } })"));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "go");
    let id = question(&home, 1);
    assert_eq!(listed(&home)[0]["resumable"], false);
    serving.kill();
    let serving = Serving::start(&home);
    awaits(&home, "sent", &format!("ada: {INTERRUPTED}"));
    say(&home, "b", "ada", "ada", &format!("yes {id}"));
    awaits(&home, "sent", "nobody waits for its answer any more");
    serving.end();
    assert_eq!(read(&home, "made"), "");
}
