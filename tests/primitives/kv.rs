//! Values under keys.

use crate::{fails, shows, support::program::Home};

#[test]
fn values_come_back_as_they_were_also_after_a_restart() {
    let home = Home::new();
    shows(
        &home,
        [
            "pista.kv.set('t', { list = { 1, 'zwei', { x = 0.5 } }, empty = pista.json.array({}), no = false })",
            "pista.kv.set('s', 'text \\n ü')",
            "pista.kv.set('f', false)",
        ],
    );
    let shown = shows(
        &home,
        [
            "pista.json.encode(pista.kv.get('t'))",
            "pista.kv.get('s')",
            "pista.kv.get('f', 'default')",
            "pista.kv.get('none'), pista.kv.get('none', 7)",
            "pista.kv.delete('t'), pista.kv.delete('t'), pista.kv.get('t')",
        ],
    );
    let json = r#""{\"empty\":[],\"list\":[1,\"zwei\",{\"x\":0.5}],\"no\":false}""#;
    assert_eq!(shown, [json, r#""text \n ü""#, "false", "nil, 7", "true, false, nil"]);
}

#[test]
fn a_change_can_depend_on_what_is_there() {
    let home = Home::new();
    let shown = shows(
        &home,
        [
            "pista.kv.set('lock', 'a', { expect = pista.json.null })",
            "pista.kv.set('lock', 'b', { expect = pista.json.null })",
            "pista.kv.set('lock', 'b', { expect = 'a' })",
            "pista.kv.set('lock', 'c', { expect = 'a' }), pista.kv.get('lock')",
            "pista.kv.set('t', { b = 1, a = { 2 } }), pista.kv.set('t', 1, { expect = { a = { 2 }, b = 1 } })",
        ],
    );
    assert_eq!(shown, ["true", "false", "true", "false, \"b\"", "true, true"]);
}

#[test]
fn numbers_are_counted() {
    let home = Home::new();
    let shown = shows(
        &home,
        [
            "pista.kv.incr('n')",
            "pista.kv.incr('n', 41)",
            "pista.kv.incr('n', -0.5)",
            "pista.kv.set('max', math.maxinteger), select(2, pcall(pista.kv.incr, 'max')).kind, pista.kv.get('max')",
            "pista.kv.set('word', 'x'), select(2, pcall(pista.kv.incr, 'word')).kind",
        ],
    );
    assert_eq!(shown, ["1", "42", "41.5", "true, \"usage\", 9223372036854775807", "true, \"usage\""]);
}

#[test]
fn counting_at_the_same_time_loses_nothing() {
    let home = Home::new();
    let task = "pista.spawn(function() for _ = 1, 25 do pista.kv.incr('n') end end)";
    let code = format!(
        "(function() local tasks = {{}} for i = 1, 20 do tasks[i] = {task} end \
         for _, task in ipairs(tasks) do task:wait() end return pista.kv.get('n') end)()"
    );
    let beside = home.clone();
    // Two programs share the database.
    let other = std::thread::spawn(move || {
        shows(&beside, ["(function() for _ = 1, 100 do pista.kv.incr('n') end return 1 end)()"])
    });
    shows(&home, [code.as_str()]);
    other.join().expect("the other program");
    assert_eq!(shows(&home, ["pista.kv.get('n')"]), ["600"]);
}

#[test]
fn keys_are_listed_by_prefix() {
    let home = Home::new();
    let shown = shows(
        &home,
        [
            "(function() for _, k in ipairs { 'b:2', 'a', 'b:1', 'b', 'c', 'b%', 'ü' } do pista.kv.set(k, 1) end return 1 end)()",
            "table.concat(pista.kv.list(), ' ')",
            "table.concat(pista.kv.list('b'), ' ')",
            "table.concat(pista.kv.list('b:', { limit = 1 }), ' ')",
            "#pista.kv.list('zz')",
        ],
    );
    assert_eq!(shown, ["1", "\"a b b% b:1 b:2 c ü\"", "\"b b% b:1 b:2\"", "\"b:1\"", "0"]);
}

#[test]
fn what_has_a_time_to_live_goes() {
    let home = Home::new();
    let shown = shows(
        &home,
        [
            "pista.kv.set('k', 1, { ttl = 3600 }), pista.kv.get('k')",
            "pista.kv.incr('k'), pista.kv.set('k2', 1, { ttl = 0.001 })",
            // Waits for the moment, however slow the machine is.
            "(function() while pista.kv.get('k2') do pista.sleep(0.01) end return #pista.kv.list() end)()",
            "pista.kv.set('k2', 2, { expect = pista.json.null })",
        ],
    );
    assert_eq!(shown, ["true, 1", "2, true", "1", "true"]);
}

#[test]
fn limits_are_told() {
    let home = Home::new();
    for (code, word) in [
        ("pista.kv.set('', 1)", "empty"),
        ("pista.kv.set(('k'):rep(513), 1)", "512 bytes"),
        ("pista.kv.set('k', ('x'):rep(1048576))", "1048578 bytes"),
        ("pista.kv.set('k', nil)", "pista.kv.delete"),
        ("pista.kv.set('k', pista.json.null)", "pista.kv.delete"),
        ("pista.kv.set('k', print)", "function"),
        ("pista.kv.set('k', 0/0)", "finite"),
        ("pista.kv.set('k', 1, { ttl = 0 })", "more than 0"),
        ("pista.kv.set('k', 1, { tll = 1 })", "ttl"),
        ("pista.kv.set('\\xff', 1)", "UTF-8"),
        ("pista.kv.get(7)", "a string, not a number"),
        ("pista.kv.incr('k', '1')", "a number, not a string"),
        ("pista.kv.list('', { limit = 100001 })", "100000"),
    ] {
        let (kind, message) = fails(&home, code);
        assert_eq!(kind, "usage", "{code}: {message}");
        assert!(message.contains(word) && message.starts_with("pista.kv."), "{code}: {message}");
    }
    assert_eq!(shows(&home, ["pista.kv.set('k', ('x'):rep(1048574))"]), ["true"]);
}
