//! Several people are asked: the first answer counts.

use crate::{
    Serving, answers, awaits, phone, question, questions, read, say, support::program::Home, touching,
};

const ASKS: &str = "pista.hook('tool_call', function(call)
    if call.name == 'system.run' then return pista.ask { to = { 'phone:ada', 'phone:bob' }, timeout = 20 } end
end)
pista.on('approval.asked', function(e) sh('echo \"$1\" >> events', 'asked ' .. table.concat(e.to, ' ')) end)
pista.on('approval.decided', function(e) sh('echo \"$1\" >> events', 'decided ' .. e.by) end)";

#[test]
fn any_of_those_named_may_answer() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(ASKS));
    let serving = Serving::start(&home);
    say(&home, "a", "eve", "eve", "touch one");
    let id = question(&home, 1);
    awaits(&home, "sent", "ada: main wants to run");
    awaits(&home, "sent", "bob: main wants to run");
    // She began it, and is not among them.
    say(&home, "b", "eve", "eve", &format!("yes {id}"));
    awaits(&home, "sent", "eve: The question");
    assert_eq!(read(&home, "made"), "");
    say(&home, "c", "bob", "bob", "yes");
    awaits(&home, "sent", "eve: Results: exit code 0");
    awaits(&home, "sent", &format!("ada: The question {id} is over: phone:bob said yes."));
    say(&home, "d", "ada", "ada", &format!("no {id}"));
    awaits(&home, "sent", &format!("ada: The question {id} is over: it was answered, phone:bob said yes."));
    awaits(&home, "events", "decided phone:bob");
    serving.end();
    assert_eq!(questions(&home).len(), 1);
    assert_eq!(read(&home, "events"), "asked phone:ada phone:bob\ndecided phone:bob\n");
}

#[test]
fn of_two_who_answer_at_the_same_time_one_is_heard() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(ASKS));
    let serving = Serving::start(&home);
    for round in 0..6 {
        say(&home, &format!("a{round}"), "eve", "eve", &format!("touch one{round}"));
        let id = question(&home, round + 1);
        say(&home, &format!("b{round}"), "ada", "ada", &format!("yes {id}"));
        say(&home, &format!("c{round}"), "bob", "bob", &format!("no {id}"));
        assert!(crate::support::program::until(|| answers(&home, "eve").len() == round + 1));
        let (yes, no) = (format!("ada: Yes to {id}"), format!("bob: No to {id}"));
        awaits(&home, "sent", &format!("The question {id} is over: it was answered"));
        let sent = read(&home, "sent");
        assert!(sent.contains(&yes) != sent.contains(&no), "{sent}");
        let ran = read(&home, "made").contains(&format!("one{round}\n"));
        assert_eq!(ran, sent.contains(&yes), "{sent}");
    }
    serving.end();
}

#[test]
fn what_is_no_address_is_told_where_it_stands() {
    for (to, words) in [
        ("{}", "the list is empty"),
        ("{ 'ada' }", "an address is"),
        ("{ 'phone:ada', 3 }", "an address is"),
        ("3", "an address is"),
    ] {
        let home = Home::new();
        home.init(&format!("pista.ask {{ to = {to} }}"));
        home.run(["check"]).code(78).complains(["init.lua:1: pista.ask: to: ", words]);
    }
}
