//! `openpista eval`.

use crate::support::{
    fake_openai::{FakeOpenAi, Reply},
    program::{Home, until},
};

#[test]
fn values_are_printed_as_the_repl_prints_them() {
    let home = Home::new();
    home.init("counter = 41\nfunction bump() counter = counter + 1 return counter end");
    for (code, out) in [
        ("1 + 1", "2\n"),
        ("return 'a', nil, { 1, b = 2 }", "\"a\", nil, { 1, b = 2 }\n"),
        ("bump()", "42\n"),
        ("x = 5", ""),
        ("-1", "-1\n"),
        ("print('a') print('b') return 1", "a\nb\n1\n"),
        ("pista.system.run({ 'echo', 'hello' }).stdout", "\"hello\\n\"\n"),
    ] {
        assert_eq!(home.run(["eval", code]).ok().out, out, "{code}");
    }
    assert_eq!(home.pipe(["eval", "-"], "local x = 2\nreturn x * 3\n").ok().out, "6\n");
}

#[test]
fn as_json() {
    let home = Home::new();
    let ran = home.run(["eval", "--json", "print('not json') return { 1, 2 }, nil, { a = 'b' }"]).ok();
    assert_eq!(ran.out, "[1,2]\nnull\n{\"a\":\"b\"}\n");
    assert_eq!(ran.err, "not json\n");
    home.run(["eval", "--json", "print"]).code(1).complains(["no JSON", "a function"]);
}

#[test]
fn what_fails_ends_in_one() {
    let home = Home::new();
    home.run(["eval", "error('no luck')"]).code(1).complains(["no luck"]);
    home.run(["eval", "for i = 1, 2 do"]).code(1).complains(["incomplete"]);
    home.run(["eval", "1 +* 1"]).code(1).complains(["unexpected symbol"]);
    home.run(["eval", ""]).code(2);
    home.init("nonsense(");
    home.run(["eval", "1"]).code(78).complains(["init.lua:1:"]);
}

#[test]
fn agents_can_be_asked() {
    let fake = FakeOpenAi::start([Reply::text("forty-two")]);
    let ran = Home::with(&fake).run(["eval", "pista.ask_agent('main', 'what?')"]).ok();
    assert!(ran.out.starts_with("\"forty-two\", {"), "{}", ran.out);
    assert_eq!(fake.refusals(), [""; 0]);
}

#[test]
fn prints_are_seen_at_once_and_a_signal_ends_it() {
    let home = Home::new();
    let code = "local d <close> = setmetatable({}, { __close = function() print('closed') end })
        pista.system.run('touch ready') pista.sleep(600)";
    for signal in ["INT", "TERM"] {
        let _ = std::fs::remove_file(home.work().join("ready"));
        let eval = home.start(["eval", code], "");
        assert!(until(|| home.work().join("ready").exists()), "it never began");
        eval.signal(signal);
        assert_eq!(eval.wait().code(130).out, "closed\n", "{signal}");
    }
}
