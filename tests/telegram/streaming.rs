//! An answer is shown while it is written.

use crate::{
    home, start,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        fake_telegram::{ADA, FakeTelegram, Fault},
        program::until,
    },
};
use serde_json::json;

/// A model that says something, has a command run that takes until a file is there, and ends.
fn slow() -> FakeOpenAi {
    FakeOpenAi::answering(|request| {
        let last = request.messages().last().expect("messages");
        match last["role"].as_str() {
            Some("tool") => Reply::text("The **end** of it."),
            _ => Reply::text_and_calls(
                "Let me look",
                [("system_run", json!({"argv": ["sh", "-c", "until test -e go; do sleep 0.05; done"]}))],
            ),
        }
    })
}

#[test]
fn the_answer_takes_the_place_of_the_draft() {
    for late in [false, true] {
        let (model, telegram) = (slow(), FakeTelegram::start());
        let home = home(&model, &telegram, "stream = true, tools = { allow = { 'system.run' } }");
        let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
        home.init(&format!("{lua}pista.agent('main', {{ tools = {{ allow = {{ 'system.run' }} }} }})"));
        let daemon = start(&home);
        telegram.says(ADA, "go");
        assert!(until(|| telegram.texts(ADA) == ["Let me look …"]), "{:?}", telegram.texts(ADA));
        if late {
            telegram.fault(ADA, Fault::TooMany(1));
        }
        std::fs::write(home.work().join("go"), "").expect("a file");
        assert!(until(|| telegram.texts(ADA) == ["The end of it."]), "{:?}", telegram.texts(ADA));
        assert!(telegram.sent(ADA)[0].raw.contains("<b>end</b>"));
        daemon.stop().ok();
    }
}
