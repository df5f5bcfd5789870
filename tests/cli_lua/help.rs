//! `help()`.

use crate::support::program::Home;

fn help(code: &str) -> String {
    Home::new().run(["eval", code]).ok().out
}

#[test]
fn an_overview_a_module_a_function_a_type() {
    let all = help("help()");
    for name in ["pista.agent(name, options)", "pista.log.*", "pista.version"] {
        assert!(all.contains(name), "{name} is not in {all}");
    }
    let module = help("help('pista.log')");
    assert!(
        module.contains("The engine's log.") && module.contains("pista.log.info(message[, fields])"),
        "{module}"
    );
    let function = help("help('ask_agent')");
    assert!(function.starts_with("pista.ask_agent(agent, text[, options])\n"), "{function}");
    assert!(
        function.contains("Has an agent answer") && function.contains("returns string answer"),
        "{function}"
    );
    let class = help("help('pista.Tool')");
    assert!(class.contains("description: string  For the model."), "{class}");
    // What an argument's table takes is told with the function.
    assert!(help("help('pista.tool')").contains("effect?: \"read\"|\"act\""));
}

#[test]
fn the_thing_itself_will_do() {
    assert_eq!(help("help(pista.ask_agent)"), help("help('pista.ask_agent')"));
    assert_eq!(help("help(pista.log)"), help("help('pista.log')"));
    assert_eq!(help("help(pista.json.encode)"), help("help('json.encode')"));
    assert!(help("help(help)").starts_with("help([what])"));
}

#[test]
fn what_is_not_there_has_a_neighbour() {
    let home = Home::new();
    home.run(["eval", "help('agnet')"]).code(1).complains(["did you mean \"pista.agent\"?"]);
    home.run(["eval", "help(print)"]).code(1).complains(["not part of the API"]);
    home.run(["eval", "help(5)"]).code(1).complains(["got a number"]);
}
