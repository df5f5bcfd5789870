//! Examples about which model answers.

use crate::{
    example,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
};

#[test]
fn a_provider_in_lua_answers_calls_tools_and_leaves_the_rest_to_another() {
    let home = Home::new();
    home.write(&home.work().join("notes.txt"), "");
    let config = example("lua_provider.lua");
    let ask = |text: &str| home.run(["--config", &config, "run", "-e", text]).ok().out;
    assert_eq!(ask("When is the office open?"), "The office is open from nine to five, Monday to Friday.\n");
    assert!(ask("which files are here?").contains("notes.txt"));
    assert!(ask("how much memory is free?").contains("demo"), "the fallback answers");
}

#[test]
fn the_model_is_chosen_by_what_is_asked() {
    let cheap = FakeOpenAi::answering(|_| Reply::text("cheap"));
    let good = FakeOpenAi::answering(|_| Reply::text("good"));
    let home = Home::new().env("CHEAP_URL", cheap.url()).env("GOOD_URL", good.url());
    let config = example("cost_router.lua");
    let ask = |text: &str| home.run(["--config", &config, "run", "-e", text]).ok().out;
    assert_eq!(ask("hello"), "cheap\n");
    assert_eq!(ask("explain this code"), "good\n");
    assert_eq!(ask(&"very long ".repeat(60)), "good\n");
    assert_eq!((cheap.count(), good.count()), (1, 2));
}
