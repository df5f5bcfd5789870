//! A configuration that changes nothing about a bot leaves it alone.

use crate::{
    echo, home, shows, start,
    support::{
        fake_telegram::{ADA, FakeTelegram, TOKEN},
        program::until,
    },
};

#[test]
fn a_bot_that_is_the_same_goes_on_and_hears_the_new_functions() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    let note = |word: &str| {
        format!(
            "{lua}pista.hook('outbound', function(m) m.text = m.text .. ' {word}' return m end)
            pista.on('channel.down', function() pista.log.warn('{word} heard it') end)\n"
        )
    };
    home.init(&note("first"));
    let daemon = start(&home);
    telegram.says(ADA, "one");
    shows(&telegram, ADA, &["You said: one first"]);
    let asked = |method: &str| telegram.methods().iter().filter(|name| *name == method).count();
    assert!(until(|| asked("setMyCommands") == 1));
    assert!(until(|| telegram.unconfirmed() == 0));
    let polls = asked("getUpdates");
    for (n, text) in [note("second"), format!("-- a comment\n{}", note("third"))].iter().enumerate() {
        home.init(text);
        assert!(
            until(|| daemon.status()["generation"].as_u64() == Some(n as u64 + 2)),
            "{}",
            daemon.status()
        );
    }
    assert_eq!((asked("getMe"), asked("setMyCommands"), asked("getUpdates")), (1, 1, polls));
    assert_eq!(daemon.status()["channels"]["telegram"]["up"], true);
    telegram.says(ADA, "two");
    shows(&telegram, ADA, &["You said: one first", "You said: two third"]);
    assert_eq!(telegram.conflicts(), 0);
    let log = daemon.stop().err;
    assert!(log.contains("third heard it") && !log.contains("first heard it"), "{log}");
}

#[test]
fn a_bot_that_changed_changes_over() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    let daemon = start(&home);
    telegram.says(ADA, "one");
    shows(&telegram, ADA, &["You said: one"]);
    let asked = |method: &str| telegram.methods().iter().filter(|name| *name == method).count();
    let changed = [
        format!("{lua}pista.command('deploy', {{ help = 'x' }}, function() return 'shipped' end)"),
        lua.replace("{ 100 }", "{ 100, 200 }"),
        lua.replace("{ 100 }", "{ 100, 200 }").replace("users", "typing = false, users"),
    ];
    for (n, text) in changed.iter().enumerate() {
        home.init(text);
        assert!(
            until(|| asked("getMe") == n + 2 && asked("setMyCommands") == n + 2),
            "{n}: {:?}",
            telegram.methods()
        );
    }
    telegram.says(200, "me, too");
    shows(&telegram, 200, &["You said: me, too"]);
    daemon.stop().ok();
}

#[test]
fn another_token_in_the_same_place_changes_over() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    let file = home.path().join("token");
    std::fs::write(&file, "1:wrong").expect("a file");
    std::os::unix::fs::PermissionsExt::set_mode(
        &mut std::fs::metadata(&file).expect("it").permissions(),
        0o600,
    );
    let mut permissions = std::fs::metadata(&file).expect("it").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    std::fs::set_permissions(&file, permissions).expect("its mode");
    let lua = lua.replace("env:BOT_TOKEN", &format!("file:{}", file.display()));
    home.init(&lua);
    let daemon = start(&home);
    let faring = || daemon.status()["channels"]["telegram"].clone();
    assert!(until(|| faring()["last_error"]
        .as_str()
        .is_some_and(|error| error.contains("does not know the token"))));
    // A reload of the same configuration takes the new one.
    std::fs::write(&file, TOKEN).expect("a file");
    home.init(&format!("{lua}\n"));
    telegram.says(ADA, "hello");
    shows(&telegram, ADA, &["You said: hello"]);
    daemon.stop().ok();
}
