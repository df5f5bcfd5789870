//! `message` hooks: rewriting, routing, answering, dropping; and `reply`.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::Home,
};

fn echo() -> FakeOpenAi {
    FakeOpenAi::answering(|request| Reply::text(format!("Answer to {}.", request.last_text())))
}

#[test]
fn a_message_is_rewritten_before_anyone_sees_it() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(
        "pista.hook('message', function(m) m.text = m.text:upper() return m end)
        pista.hook('message', function(m) m.text = m.text .. '!' end)
        pista.hook('message', function(m) m.text = m.text .. '?' return m end)",
    );
    assert_eq!(home.say("hello").ok().out, "Answer to HELLO?.\n");
    let shown = home.run(["sessions", "show", &session(&home)]).ok();
    assert!(shown.out.contains("HELLO?") && !shown.out.contains("hello"), "{}", shown.out);
}

fn session(home: &Home) -> String {
    let listed = home.run(["sessions", "list", "--json"]).ok();
    listed.json()[0]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_message_goes_to_another_agent_and_session() {
    let fake = FakeOpenAi::answering(|request| {
        let messages = request.messages();
        let system = messages[0]["content"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
        Reply::text(format!("{system} {}", messages.len()))
    });
    let home = Home::with(&fake);
    home.init(
        "pista.agent('other', { prompt = 'Other.' })
        pista.hook('message', function(m)
            if m.text:find('^other') then m.agent = 'other' m.session = 'shared' return m end
        end)",
    );
    assert_eq!(home.say("other one").ok().out, "Other. 2\n");
    assert_eq!(home.say("other two").ok().out, "Other. 4\n");
    assert!(!home.say("this").ok().out.contains("Other."));
}

#[test]
fn a_message_is_answered_or_dropped_without_a_model() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init(
        "pista.hook('message', function(m)
            if m.text == 'ping' then return pista.answer('pong ' .. m.channel .. ' ' .. m.user) end
            if m.text == 'spam' then return pista.drop('no adverts') end
        end)",
    );
    assert_eq!(home.say("ping").ok().out, "pong cli user\n");
    let ran = home.say("spam").ok();
    assert_eq!(ran.out, "");
    ran.complains(["no adverts", "init.lua:1"]);
    assert_eq!(fake.requests().len(), 0);
    assert_eq!(home.say("else").ok().out, "Answer to else.\n");
}

#[test]
fn a_message_hook_that_fails_leaves_the_message_unanswered() {
    let fake = echo();
    for (hook, words) in [
        ("error('broken')", "broken"),
        ("return 5", "returned a number"),
        ("m.text = {} return m", "whose text is a table"),
        ("return pista.allow()", "pista.allow()"),
        ("while true do end", "stopped"),
    ] {
        let home = Home::with(&fake);
        home.init(&format!(
            "pista.setup {{ hook_timeout = 0.3 }}\npista.hook('message', function(m) {hook} end)"
        ));
        let ran = home.say("hello").code(1);
        assert_eq!(ran.out, "");
        ran.complains(["error: the message hook at init.lua:2", words, "not answered"]);
        // It is not switched off either.
        let ran = home.pipe(["repl"], "a\nb\nc\nd\n").code(1);
        assert_eq!(ran.err.matches("the message hook at init.lua:2 failed").count(), 4, "{}", ran.err);
    }
    assert_eq!(fake.requests().len(), 0);
}

#[test]
fn an_answer_is_changed_on_its_way_to_the_person_alone() {
    let fake = echo();
    let home = Home::with(&fake);
    home.init("pista.hook('reply', function(r) return r.text:gsub('%d', '#') .. ' (checked)' end)");
    assert_eq!(home.say("room 101").ok().out, "Answer to room ###. (checked)\n");
    let ran = home.run(["run", "--json", "-e", "room 7"]).ok();
    assert!(!ran.out.contains("room 7") && ran.out.contains("room #. (checked)"), "{}", ran.out);
    let shown = home.run(["sessions", "show", &session(&home)]).ok();
    assert!(shown.out.contains("Answer to room"), "{}", shown.out);
    assert!(!shown.out.contains("checked"), "{}", shown.out);
}
