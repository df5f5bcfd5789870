//! Log lines, and the line that is being typed.

use crate::{
    PROMPT, open,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
        terminal::Terminal,
    },
};

#[test]
fn log_lines_stand_above_the_line_that_is_being_typed() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())));
    let home = Home::with(&fake);
    let mut terminal = open(&home);
    terminal.line(
        "/lua pista.spawn(function() pista.sleep(1) \
           for i = 1, 3 do pista.log.warn('storm ' .. i) pista.sleep(0.1) end end)",
    );
    terminal.at(PROMPT);
    terminal.keys("half ty");
    terminal.sees("storm 3");
    let shown = terminal.at("› half ty");
    for line in shown.lines().filter(|line| line.contains("lua: storm")) {
        assert!(line.contains("WARN") && !line.contains("half"), "{shown}");
    }
    assert_eq!(shown.matches("half ty").count(), 1, "{shown}");
    terminal.keys("ped\r");
    terminal.sees("Answer to half typed.");
    terminal.at(PROMPT);
    end(terminal);
}

#[test]
fn log_lines_during_an_answer_do_not_cut_it() {
    let fake =
        FakeOpenAi::start([Reply::call("lua_say", serde_json::json!({})), Reply::text("All is said.")]);
    let home = Home::with(&fake);
    home.init(
        "pista.tool { name = 'lua.say', description = 'd', effect = 'read', \
           run = function() pista.log.warn('from within') return 'said' end }",
    );
    let mut terminal = open(&home);
    terminal.line("go");
    terminal.sees("All is said.");
    // The log has a writer of its own, which may be later.
    let shown = terminal.sees("from within");
    let line = shown.lines().find(|line| line.contains("from within")).expect("a line");
    assert!(line.contains("WARN"), "{shown}");
    terminal.at(PROMPT);
    end(terminal);
}

fn end(mut terminal: Terminal) {
    terminal.line("/quit");
    assert_eq!(terminal.code(), Some(0));
}
