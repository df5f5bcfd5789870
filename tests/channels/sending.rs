//! `pista.send` and delivery: what is sent is kept, goes through `outbound`, and is tried again.

use crate::{
    PHONE, Serving, awaits, phone, read, say,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, until},
    },
};

#[test]
fn a_script_sends_by_a_channel_and_to_the_prompt() {
    let home = Home::new();
    home.init(&phone(
        "pista.command('tell', function(_, args) pista.send('phone:' .. args[1], args.text) end)
        pista.command('note', function() pista.send('repl', 'look here') end)
        pista.command('wrong', function(_, args)
            local ok, err = pcall(pista.send, args[1], args[2] or '')
            return err.kind .. ' ' .. err.message
        end)",
    ));
    let mut serving = Serving::start(&home);
    serving.line("/tell kitchen hello");
    awaits(&home, "sent", "kitchen: kitchen hello");
    serving.end();
    let ran = home.pipe(["repl"], "/note\n/wrong phon:1 x\n/wrong phone x\n/wrong phone:1\n").ok();
    assert!(ran.err.contains("look here"), "{}", ran.err);
    assert!(
        ran.out.contains("not_found there is no channel \"phon\" (did you mean \"phone\"?)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("usage \"phone\" is no address"), "{}", ran.out);
    assert!(ran.out.contains("usage the message is empty"), "{}", ran.out);
}

#[test]
fn what_one_program_sends_another_delivers() {
    let home = Home::new();
    // `run` runs no channels: what is sent waits.
    home.init(&phone(
        "pista.hook('message', function(m) pista.send('phone:ada', 'kept') return pista.answer('ok') end)",
    ));
    assert_eq!(home.say("x").ok().out, "ok\n");
    assert_eq!(read(&home, "sent"), "");
    let serving = Serving::start(&home);
    awaits(&home, "sent", "ada: kept");
    serving.end();
    let serving = Serving::start(&home);
    say(&home, "a", "ada", "ada", "/status");
    awaits(&home, "sent", "session none yet");
    serving.end();
    assert_eq!(read(&home, "sent").matches("kept").count(), 1);
}

#[test]
fn outbound_hooks_see_whatever_leaves() {
    let fake = FakeOpenAi::answering(|_| Reply::text("the secret is 42"));
    let home = Home::with(&fake);
    home.init(&phone(
        "pista.hook('outbound', function(m)
            if m.text:find('nothing') then return pista.drop('said nothing') end
            m.text = m.text:gsub('42', '##') .. ' [' .. m.to .. ' ' .. m.channel .. ']'
            return m
        end)
        pista.command('say', function(_, args) pista.send('phone:bob', args.text) end)",
    ));
    let mut serving = Serving::start(&home);
    say(&home, "a", "ada", "kitchen", "tell");
    awaits(&home, "sent", "kitchen: the secret is ## [phone:kitchen phone]");
    serving.line("/say nothing");
    serving.line("/say 42");
    awaits(&home, "sent", "bob: ## [phone:bob phone]");
    serving.end();
    assert!(!read(&home, "sent").contains("nothing"));
}

#[test]
fn what_cannot_be_delivered_is_tried_again_in_order() {
    let home = Home::new();
    home.init(&format!(
        "{PHONE}
        local tries = 0
        pista.channel('phone', {{ users = {{ 'ada' }}, start = start, send = function(self, to, m)
            tries = tries + 1
            sh('echo \"$1\" >> tries', to .. ' ' .. m.text .. ' ' .. m.id .. ' ' .. m.attempt)
            if to == 'kitchen' and m.attempt < 3 then error('busy') end
            send(self, to, m)
        end }})
        pista.command('go', function()
            pista.send('phone:kitchen', 'first')
            pista.send('phone:kitchen', 'second')
            pista.send('phone:garden', 'third')
        end)"
    ));
    let mut serving = Serving::start(&home);
    serving.line("/go");
    assert!(until(|| read(&home, "sent").matches('\n').count() >= 3), "{}", read(&home, "tries"));
    serving.end();
    let tries = read(&home, "tries");
    let firsts: Vec<_> = tries.lines().filter(|line| line.contains("first")).collect();
    assert_eq!(firsts, ["kitchen first 1 1", "kitchen first 1 2", "kitchen first 1 3"]);
    let sent = read(&home, "sent");
    assert!(sent.starts_with("garden: third\nkitchen: first\n"), "{sent}");
    assert!(sent.ends_with("kitchen: second\n"), "{sent}");
}
