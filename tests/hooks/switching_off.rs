//! Hooks that fail where that changes nothing: three in a row, and they are off.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};

#[test]
fn a_hook_that_fails_three_times_in_a_row_is_switched_off() {
    let fake = FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())));
    for point in ["prompt", "model", "response", "finalize", "reply"] {
        let home = Home::with(&fake);
        home.init(&format!(
            "local count = 0
            pista.hook('{point}', function() count = count + 1 error('broken ' .. count) end)
            pista.command('count', {{ help = 'how often' }}, function() return 'called ' .. count end)"
        ));
        let ran = home.pipe(["repl"], "a\nb\nc\nd\ne\n/count\n").ok();
        let answers: String = ["a", "b", "c", "d", "e"].map(|m| format!("Answer to {m}.\n")).concat();
        assert_eq!(ran.out, format!("{answers}called 3\n"), "{point}");
        let notice = format!("the {point} hook at init.lua:2 failed 3 times in a row and is switched off");
        assert!(ran.err.contains(&notice), "{point}: {}", ran.err);
    }
}

#[test]
fn a_success_in_between_starts_the_count_anew() {
    let fake = FakeOpenAi::answering(|_| Reply::text("x"));
    let home = Home::with(&fake);
    home.init(
        "local count = 0
        pista.hook('reply', function(r)
            count = count + 1
            if count % 3 ~= 0 then error('broken') end
            return r.text .. count
        end)",
    );
    let ran = home.pipe(["repl"], "a\nb\nc\nd\ne\nf\n").ok();
    assert_eq!(ran.out, "x\nx\nx3\nx\nx\nx6\n");
    assert!(!ran.err.contains("switched off"), "{}", ran.err);
}
