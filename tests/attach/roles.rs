//! What a device may do.

use crate::{
    address, pair,
    support::{
        daemon::Daemon,
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};

#[test]
fn a_user_talks_and_does_nothing_else() {
    let fake = FakeOpenAi::answering(|_| Reply::text("hi"));
    let (home, other) = (Home::with(&fake), Home::new());
    home.init("secret = 7\npista.command('greet', { help = 'greets' }, function() return 'hello' end)");
    let daemon = Daemon::start(&home);
    home.run(["run", "--session", "private", "-e", "nobody's business"]).ok();
    pair(&home, &other, "user", "").ok();

    let said = |line: &str| other.pipe(["connect", &address(&daemon)], format!("{line}\n"));
    for line in ["=secret", "/lua secret = 8", "/reload"] {
        let ran = said(line).code(1);
        assert!(ran.err.contains("role") && !ran.out.contains('7'), "{line}: {ran:?}");
    }
    assert_eq!(home.run(["eval", "--attach", "secret"]).ok().out, "7\n");
    assert_eq!(said("hello").ok().out, "hi\n");
    assert_eq!(said("/greet").ok().out, "hello\n");
    assert!(said("/tools").ok().out.contains("system.run"));
    // The conversations of others are not there.
    let sessions = said("/sessions").ok().out;
    assert_eq!(sessions.lines().count(), 1, "{sessions}");
    said("/resume private").code(1).complains(["no conversation"]);
    let status = said("/status").ok().out;
    assert!(status.contains("generation") && !status.contains("pid"), "{status}");
}

#[test]
fn a_worker_does_not_talk() {
    let (home, other) = (Home::new(), Home::new());
    let _daemon = Daemon::start(&home);
    pair(&home, &other, "worker", "").code(1).complains(["role"]);
}
