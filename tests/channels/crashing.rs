//! `kill -9`: nothing that was acknowledged is lost, and nothing is answered twice.

use crate::{
    Serving, awaits, phone, read, said, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};

const INTERRUPTED: &str = "This was interrupted";

#[test]
fn what_was_not_answered_is_answered_or_closed_once() {
    let fake = FakeOpenAi::answering(|request| match said(request) {
        "hang" => Reply::hang(),
        text => Reply::text(format!("Answer to {text}.")),
    });
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "hang");
    assert!(fake.saw_requests(1));
    say(&home, "b", "ada", "kitchen", "waits");
    awaits(&home, "receipts", "b accepted");
    serving.kill();
    assert_eq!(read(&home, "sent"), "");
    // The platform hands both in again.
    say(&home, "a", "ada", "kitchen", "hang");
    say(&home, "b", "ada", "kitchen", "waits");
    let serving = Serving::start(&home);
    awaits(&home, "sent", "kitchen: Answer to waits.");
    awaits(&home, "sent", INTERRUPTED);
    awaits(&home, "receipts", "a seen");
    awaits(&home, "receipts", "b seen");
    serving.end();
    let serving = Serving::start(&home);
    say(&home, "c", "ada", "kitchen", "/status");
    awaits(&home, "sent", "idle");
    serving.end();
    let sent = read(&home, "sent");
    assert_eq!((sent.matches("waits").count(), sent.matches(INTERRUPTED).count()), (1, 1), "{sent}");
}

#[test]
fn an_interrupted_message_is_taken_up_again() {
    let hang = std::sync::atomic::AtomicBool::new(true);
    let fake = FakeOpenAi::answering(move |request| {
        if hang.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Reply::hang();
        }
        Reply::text(format!("Answer to {}.", said(request)))
    });
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "big work");
    assert!(fake.saw_requests(1));
    serving.kill();
    let serving = Serving::start(&home);
    awaits(&home, "sent", INTERRUPTED);
    say(&home, "b", "ada", "kitchen", "/retry");
    awaits(&home, "sent", "kitchen: Answer to big work.");
    say(&home, "c", "ada", "kitchen", "/retry");
    awaits(&home, "sent", "There is nothing to retry.");
    serving.end();
}

#[test]
fn the_end_of_the_program_closes_what_was_under_way() {
    let fake = FakeOpenAi::answering(|_| Reply::hang());
    let home = Home::with(&fake);
    home.init(&phone(""));
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "hang");
    assert!(fake.saw_requests(1));
    serving.end();
    home.init(&phone("pista.hook('model', function() error('nobody is asked') end)"));
    let serving = Serving::start(&home);
    awaits(&home, "sent", INTERRUPTED);
    serving.end();
    assert_eq!(fake.requests().len(), 1);
}

#[test]
fn killed_again_and_again_each_message_has_one_end() {
    const MESSAGES: usize = 24;
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", said(request))));
    let home = Home::with(&fake);
    // Delivered under the message's number: a repetition writes the same file.
    home.init(&phone("").replace("sh('echo \"$1\" >> sent'", "sh('echo \"$1\" > out-' .. message.id"));
    for n in 0..MESSAGES {
        say(&home, &format!("m{n:02}"), "ada", &format!("room{}", n % 4), &format!("text{n}"));
    }
    let ends = || {
        let files = std::fs::read_dir(home.work()).expect("a directory").flatten();
        let outs = files.filter(|f| f.file_name().to_string_lossy().starts_with("out-"));
        outs.map(|f| std::fs::read_to_string(f.path()).unwrap_or_default()).collect::<Vec<_>>()
    };
    for round in 0..8 {
        let serving = Serving::start(&home);
        let before = ends().len();
        // Killed at another point each time: once after each of the first answers, else early on.
        assert!(until(|| ends().len() > before + round % 3 || ends().len() >= MESSAGES));
        serving.kill();
    }
    let serving = Serving::start(&home);
    assert!(until(|| ends().iter().filter(|text| !text.is_empty()).count() >= MESSAGES), "{:?}", ends());
    serving.end();
    let ends = ends();
    assert_eq!(ends.len(), MESSAGES, "{ends:?}");
    for n in 0..MESSAGES {
        let answers = ends.iter().filter(|end| end.contains(&format!("text{n}."))).count();
        assert!(answers <= 1, "text{n} was answered {answers} times: {ends:?}");
    }
    let answered = ends.iter().filter(|end| end.contains("Answer to")).count();
    let interrupted = ends.iter().filter(|end| end.contains(INTERRUPTED)).count();
    assert_eq!(answered + interrupted, MESSAGES, "{ends:?}");
}
