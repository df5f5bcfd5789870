//! `pista.command`, at the prompt and in chats.

use crate::{
    Serving, awaits, phone, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};

const DEPLOY: &str = "pista.command('deploy', { help = 'deploys to a place' }, function(ctx, args)
    if args[1] == 'nowhere' then error('there is no such place') end
    return ('%s/%s by %s on %s for %s'):format(args[1], args[2], ctx.user, ctx.channel, ctx.agent) .. args.text
end)\n";

#[test]
fn a_command_needs_no_model() {
    // Nothing listens there.
    let home = Home::new().env("OPENPISTA_BASE_URL", "http://127.0.0.1:9/v1").env("OPENPISTA_MODEL", "x");
    home.init(&format!("{DEPLOY}pista.command('/quiet', function() end)\npista.command('data', function() return {{ a = 1 }} end)"));
    let ran = home.pipe(["repl"], "/deploy staging  blue \n/quiet\n/data\n").ok();
    assert_eq!(ran.out, "staging/blue by user on repl for mainstaging  blue\n{\"a\":1}\n");
    assert_eq!(ran.err, "");
    let ran = home.pipe(["repl"], "/deploy nowhere\n/deploi\n").code(1);
    ran.complains(["init.lua:2: there is no such place", "no command /deploi, did you mean /deploy?"]);
    let ran = home.pipe(["repl"], "/help\n").ok();
    assert!(ran.out.contains("/deploy") && ran.out.contains("deploys to a place"), "{}", ran.out);
}

#[test]
fn a_command_is_completed() {
    let home = Home::new();
    home.init(DEPLOY);
    let mut terminal = Terminal::start(home.command(["repl"]));
    terminal.at("›");
    terminal.keys("/dep\t");
    terminal.until("the rest of the name", |screen| screen.text().ends_with("› /deploy"));
    terminal.keys("\x15\x04");
    assert_eq!(terminal.code(), Some(0));
}

#[test]
fn a_command_has_an_end() {
    let home = Home::new();
    home.init("pista.command('slow', { timeout = 0.2 }, function() pista.sleep(60) end)");
    home.pipe(["repl"], "/slow\n").code(1).complains(["stopped after 200 ms"]);
}

#[test]
fn what_is_wrong_with_a_declaration_is_told() {
    for (lua, words) in [
        ("pista.command('new', print)", "/new is one of the engine's own commands"),
        ("pista.command('/stop', print)", "/stop is one of the engine's own commands"),
        ("pista.command('a b', print)", "is no name"),
        ("pista.command('x', {})", "the last argument is a function"),
        ("pista.command('x', { hlep = '' }, print)", "did you mean \"help\"?"),
        ("pista.command('x', print)\npista.command('x', print)", "declared already, at init.lua:1"),
    ] {
        let home = Home::new();
        home.init(lua);
        home.pipe(["repl"], "").code(78).complains(["init.lua:", words]);
    }
}

#[test]
fn commands_in_a_chat_do_not_wait_behind_an_answer() {
    let fake = FakeOpenAi::answering(|request| match request.last_text() {
        "hang" => Reply::hang(),
        text => Reply::text(format!("Answer to {text}, {}.", request.messages().len())),
    });
    let home = Home::with(&fake);
    home.init(&phone(&format!(
        "{DEPLOY}pista.on('session.reset', function(e) sh('echo reset $1 >> events', e.channel .. e.user .. e.agent) end)"
    )));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "one");
    awaits(&home, "sent", "Answer to one, 2.");
    say(&home, "b", "ada", "kitchen", "hang");
    assert!(fake.saw_requests(2));
    say(&home, "c", "ada", "kitchen", "/deploy there now");
    awaits(&home, "sent", "kitchen: there/now by ada on phone for main");
    say(&home, "d", "ada", "kitchen", "/help");
    let help = awaits(&home, "sent", "/deploy  deploys to a place");
    assert!(help.contains("/stop  ") && help.contains("/new  "), "{help}");
    say(&home, "e", "ada", "kitchen", "/stpo");
    awaits(&home, "sent", "did you mean /stop?");
    say(&home, "f", "ada", "kitchen", "/stop");
    awaits(&home, "sent", "kitchen: Stopped.");
    say(&home, "g", "ada", "kitchen", "/new");
    awaits(&home, "sent", "A fresh session begins.");
    say(&home, "h", "ada", "kitchen", "two");
    awaits(&home, "sent", "Answer to two, 2.");
    say(&home, "i", "ada", "kitchen", "/etc/hosts is a path");
    awaits(&home, "sent", "Answer to /etc/hosts is a path, 4.");
    serving.end();
    assert_eq!(read(&home, "events"), "reset phoneadamain\n");
}
