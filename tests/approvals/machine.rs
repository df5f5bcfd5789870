//! The owner, at the machine.

use crate::{Serving, awaits, listed, phone, question, read, say, support::program::Home, touching};

#[test]
fn the_owner_sees_and_answers_what_is_open() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    home.run(["approvals", "list"]).ok().complains(["no question waits for an answer"]);
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let id = question(&home, 1);
    let open = listed(&home);
    assert_eq!(open.len(), 1);
    let shown = &open[0];
    assert_eq!(shown["id"], id.as_str());
    assert_eq!(shown["state"], "open");
    assert_eq!(shown["resumable"], true);
    assert_eq!(shown["people"][0]["user"], "ada");
    assert_eq!(shown["people"][0]["conversation"], "kitchen");
    assert_eq!(shown["request"]["call"]["name"], "system.run");
    assert_eq!(shown["request"]["context"]["user"], "ada");
    let listed = home.run(["approvals", "list"]).ok();
    assert!(listed.out.contains(&id) && listed.out.contains("phone:ada"), "{}", listed.out);
    // The program that runs notices.
    home.run(["approvals", "yes", &id]).ok().complains(["it runs, this once"]);
    awaits(&home, "sent", "kitchen: Results: exit code 0");
    say(&home, "b", "ada", "kitchen", &format!("no {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: it was answered, cli:user said yes."));
    home.run(["approvals", "yes", &id]).code(1).complains(["is over: cli:user said yes"]);
    home.run(["approvals", "yes", "qqqqqq"]).code(1).complains(["there is no question \"qqqqqq\""]);
    serving.end();
    assert_eq!(read(&home, "made"), "one\n");
}
