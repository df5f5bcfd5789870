//! What hangs in one conversation holds up no other, and `/stop` ends it.

use crate::{
    Place,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::is_alive,
    },
    until,
};
use serde_json::json;
use std::fs;

/// Tools that do not end for ten minutes, whatever the test's patience is.
const INIT: &str = "
    pista.agent('main', { tools = { allow = { 'system.run', 'spin', 'doze' } } })
    pista.tool { name = 'spin', description = 'works', timeout = 600, run = function()
        pista.system.run { 'touch', 'spins' }
        while true do end
    end }
    pista.tool { name = 'doze', description = 'waits', timeout = 600, run = function()
        pista.system.run { 'touch', 'dozes' }
        pista.sleep(600)
    end }
    pista.setup { tool_timeout = 600, max_tool_timeout = 600 }";

fn model() -> FakeOpenAi {
    FakeOpenAi::answering(|request| match request.last_text().rsplit("\n\n").next().unwrap_or_default() {
        "hang" => Reply::hang(),
        "command" => {
            // A child of a child, too.
            let script = "sleep 600 & echo $! > child; echo $$ > command; wait";
            Reply::call("system_run", json!({ "argv": ["sh", "-c", script] }))
        }
        tool @ ("spin" | "doze") => Reply::call(tool, json!({})),
        text => Reply::text(format!("Answer to {text}.")),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_what_hangs_and_nothing_waits_for_it() {
    let fake = model();
    let place = Place::start(&fake, INIT).await;
    let file = |name: &str| fs::read_to_string(place.home.work().join(name));
    let pid = |name: &str| file(name).ok().and_then(|text| text.trim().parse::<u32>().ok());
    for what in ["hang", "command", "doze", "spin"] {
        place.say(what, what, what).await;
        // The one that works keeps Lua busy: the others have begun before.
        match what {
            "doze" => until(|| file("dozes").is_ok(), "dozing").await,
            "spin" => until(|| file("spins").is_ok(), "spinning").await,
            "command" => until(|| pid("command").is_some() && pid("child").is_some(), "a command").await,
            _ => until(|| fake.count() == 1, "a request").await,
        }
    }
    for n in 0..20 {
        place.say(&format!("m{n}"), &format!("other{n}"), "hello").await;
    }
    until(|| place.sent().len() == 20, "the others are held up").await;
    let (command, child) = (pid("command").expect("a pid"), pid("child").expect("a pid"));
    assert!(is_alive(command) && is_alive(child));
    for what in ["hang", "command", "doze", "spin"] {
        place.say(&format!("{what}-next"), what, "hello").await;
        place.say(&format!("{what}-stop"), what, "/stop").await;
        until(|| place.sent().contains(&format!("{what}: Stopped; 1 waiting message(s) forgotten.")), what)
            .await;
        place.say(&format!("{what}-after"), what, "hello").await;
        until(|| place.sent().contains(&format!("{what}: Answer to hello.")), what).await;
    }
    until(|| !is_alive(command) && !is_alive(child), "processes that were not ended").await;
    place.settles().await;
    // Lua is free again, and not gone.
    let limit = openpista::script::Limits::both(std::time::Duration::from_secs(10));
    let evaluated = place.app.script().eval("return 6 * 7", limit).await;
    assert!(matches!(&evaluated.outcome, openpista::script::Outcome::Values(_)), "{evaluated:?}");
    assert!(fake.refusals().is_empty(), "{:?}", fake.refusals());
    place.app.close().await;
}
