//! Conversations, from Lua.

use crate::{
    fails, shows,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};
use serde_json::json;

#[test]
fn conversations_are_listed_and_read() {
    let fake = FakeOpenAi::start([Reply::call("fs_list", json!({"path": "."})), Reply::text("Empty.")]);
    let home = Home::with(&fake);
    home.run(["run", "--session", "tidy", "-e", "What is here?"]).ok();
    let shown = shows(
        &home,
        [
            "(function() local s = pista.session.get('tidy') return s.title, s.channel, s.agent, s.messages end)()",
            "(function() local t = {} for _, m in ipairs(pista.session.messages('tidy')) do t[#t + 1] = m.role end \
             return table.concat(t, ' ') end)()",
            "(function() local m = pista.session.messages('tidy', { limit = 2 }) \
             return #m, m[1].name, m[1].status, m[2].content, m[2].at > 1.7e9 end)()",
            "pista.session.messages('tidy')[2].tool_calls[1].arguments.path",
            "pista.session.get(pista.session.get('tidy').id).name, pista.session.get('none'), pista.session.current()",
        ],
    );
    assert_eq!(
        shown,
        [
            "\"What is here?\", \"cli\", \"main\", 4",
            "\"user assistant tool assistant\"",
            "2, \"fs.list\", \"ok\", \"Empty.\", true",
            "\".\"",
            "\"tidy\", nil, nil",
        ]
    );
}

#[test]
fn conversations_are_made_named_and_removed() {
    let home = Home::new();
    let ran = home.pipe(
        ["repl"],
        "=s = pista.session.new { name = 'a' }\n=s.name, s.agent\n=pista.session.name(s.id, 'b')\n\
         =pista.session.get('a'), pista.session.get('b').id == s.id\n=pista.session.name('b')\n\
         =pista.session.get(s.id).name\n=pista.session.remove(s.id)\n=pista.session.get(s.id)\n",
    );
    assert_eq!(ran.ok().out, "\"a\", \"main\"\nnil, true\nnil\nnil\n");
    for (code, kind, word) in [
        ("pista.session.messages('none')", "not_found", "none"),
        ("pista.session.remove('none')", "not_found", "none"),
        ("pista.session.new { name = ' ' }", "usage", "empty"),
        ("pista.session.new { name = 'a\\nb' }", "usage", "one line"),
        ("pista.session.new { agent = 'nobody' }", "not_found", "nobody"),
        ("{ pista.session.new { name = 'x' }, pista.session.new { name = 'x' } }", "usage", "unique"),
    ] {
        let (found, message) = fails(&home, code);
        assert_eq!(found, kind, "{code}: {message}");
        assert!(message.contains(word) && message.starts_with("pista.session."), "{code}: {message}");
    }
}

#[test]
fn a_turn_does_not_remove_the_ground_it_stands_on() {
    let fake = FakeOpenAi::start([Reply::call("forget", json!({})), Reply::text("ok")]);
    let home = Home::with(&fake);
    home.init(
        "pista.tool { name = 'forget', description = 'x', effect = 'read', run = function(_, ctx)
            return pista.session.remove(ctx.session)
        end }",
    );
    home.say("go").ok();
    assert!(
        fake.requests()[1].last_text().contains("runs in that session"),
        "{:?}",
        fake.requests()[1].last_text()
    );
}
