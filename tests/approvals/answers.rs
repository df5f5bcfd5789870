//! Who may answer, where, when and how often.

use crate::{
    Serving, answers, awaits, phone, question, questions, read, say,
    support::program::{Home, until},
    touching,
};

#[test]
fn a_button_answers_and_does_so_once() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let id = question(&home, 1);
    say(&home, "b", "bob", "-", &format!("press {id} yes"));
    awaits(&home, "pressed", "bob: The question");
    assert!(read(&home, "pressed").contains("is not yours to answer"));
    say(&home, "c", "mallory", "-", &format!("press {id} yes"));
    awaits(&home, "pressed", "mallory: You may not answer here.");
    say(&home, "d", "ada", "-", "press qqqqqq yes");
    awaits(&home, "pressed", "ada: There is no question qqqqqq.");
    assert_eq!(read(&home, "made"), "");
    say(&home, "e", "ada", "-", &format!("press {id} yes"));
    awaits(&home, "sent", "kitchen: Results: exit code 0");
    for (n, word) in ["yes", "no"].into_iter().enumerate() {
        say(&home, &format!("f{n}"), "ada", "-", &format!("press {id} {word}"));
    }
    let over = "is over: it was answered, phone:ada said yes";
    assert!(until(|| read(&home, "pressed").matches(over).count() == 2), "{}", read(&home, "pressed"));
    assert_eq!(read(&home, "made"), "one\n");
    serving.end();
}

#[test]
fn an_answer_counts_where_the_question_was_asked() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let kitchen = question(&home, 1);
    say(&home, "b", "ada", "garden", "touch two");
    let garden = question(&home, 2);
    // By name in another conversation.
    say(&home, "c", "ada", "garden", &format!("yes {kitchen}"));
    awaits(&home, "sent", "garden: The question");
    assert!(read(&home, "sent").contains("was asked in another conversation: answer it there"));
    // Without a name it is the question that stands here, and no other.
    say(&home, "d", "ada", "garden", "no");
    awaits(&home, "sent", &format!("garden: No to {garden}"));
    awaits(&home, "sent", "garden: Results: denied: the user said no");
    assert_eq!(read(&home, "made"), "");
    // Where none stands it is a message.
    say(&home, "e", "ada", "cellar", "yes");
    awaits(&home, "sent", "cellar: You said \"yes\".");
    say(&home, "f", "ada", "kitchen", "yes");
    awaits(&home, "sent", "kitchen: Results: exit code 0");
    assert_eq!(read(&home, "made"), "one\n");
    serving.end();
}

#[test]
fn an_answer_to_one_question_decides_no_other() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one two");
    let first = question(&home, 1);
    say(&home, "b", "ada", "kitchen", &format!("yes {first}"));
    let second = question(&home, 2);
    // The yes to the first is not one to the second, however often it is said.
    say(&home, "c", "ada", "kitchen", &format!("yes {first}"));
    awaits(&home, "sent", &format!("The question {first} is over: it was answered, phone:ada said yes."));
    assert!(until(|| read(&home, "made") == "one\n"));
    say(&home, "d", "ada", "kitchen", &format!("no {second}"));
    awaits(&home, "sent", "kitchen: Results: ");
    assert_eq!(read(&home, "made"), "one\n");
    serving.end();
    let results = answers(&home, "kitchen").concat();
    assert!(results.contains("exit code 0") && results.contains("denied: the user said no"), "{results}");
}

#[test]
fn an_answer_that_comes_too_late_decides_nothing() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.hook('approval', function() return pista.ask { to = 'phone:ada', timeout = 0.5 } end)",
    ));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let id = question(&home, 1);
    let sent = awaits(&home, "sent", "kitchen: Results: denied");
    assert!(sent.contains("phone:ada was asked and did not answer within 0.5 s"), "{sent}");
    say(&home, "b", "ada", "kitchen", &format!("yes {id}"));
    awaits(&home, "sent", &format!("The question {id} is over: the answer took too long."));
    serving.end();
    assert_eq!(read(&home, "made"), "");
}

#[test]
fn a_turn_that_is_stopped_takes_its_question_along() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "touch one");
    let id = question(&home, 1);
    say(&home, "b", "ada", "kitchen", "/stop");
    awaits(&home, "sent", "kitchen: Stopped.");
    say(&home, "c", "ada", "kitchen", "/status");
    awaits(&home, "sent", ": idle");
    say(&home, "d", "ada", "-", &format!("press {id} yes"));
    awaits(&home, "pressed", "is over: nobody waits for its answer any more");
    serving.end();
    assert_eq!(read(&home, "made"), "");
    assert!(crate::listed(&home).is_empty());
}

#[test]
fn sixteen_questions_are_enough() {
    let fake = touching();
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    for n in 0..17 {
        say(&home, &format!("m{n:02}"), "ada", &format!("room{n:02}"), &format!("touch file{n}"));
    }
    let sent = awaits(&home, "sent", "Results: denied");
    assert!(sent.contains("phone:ada has 16 questions to answer already"), "{sent}");
    assert!(until(|| questions(&home).len() == 16), "{:?}", questions(&home));
    assert_eq!(crate::listed(&home).len(), 16);
    // Another person can be asked all the same.
    say(&home, "n", "bob", "bob", "touch bobs");
    let bobs = question(&home, 17);
    say(&home, "o", "bob", "bob", "yes");
    awaits(&home, "sent", &format!("bob: Yes to {bobs}"));
    awaits(&home, "made", "bobs");
    serving.end();
}
