//! Which specs are run.

use super::{INIT, support::program::Home};

fn home() -> Home {
    let home = Home::new();
    home.init(INIT);
    home
}

#[test]
fn specs_are_found_beside_init_lua_and_below() {
    let home = home();
    let case = |name: &str| format!("it('{name}', function() end)");
    for (path, name) in [
        ("a_spec.lua", "one"),
        ("spec/b_spec.lua", "two"),
        ("tests/deep/er/c_spec.lua", "three"),
        ("lib/d_spec.lua", "not this"),
        ("spec/.hidden/e_spec.lua", "nor this"),
        ("spec/helper.lua", "nor that"),
    ] {
        home.write(&home.config().join(path), &case(name));
    }
    let ran = home.run(["test"]).ok();
    assert!(ran.out.ends_with("3 passed, 0 failed\n"), "{}", ran.out);
    assert!(ran.out.contains("tests/deep/er/c_spec.lua › three"), "{}", ran.out);
    let named = home.config().join("lib/d_spec.lua");
    let ran = home.run(["test".as_ref(), named.as_os_str()]).ok();
    assert!(ran.out.contains("not this") && ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
    let ran = home.run(["test".as_ref(), home.config().join("spec").as_os_str()]).ok();
    assert!(ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
}

#[test]
fn nothing_to_run_is_a_failure() {
    let empty = home();
    empty.run(["test"]).code(1).complains(["there are no specs", "*_spec.lua"]);
    empty.write(&empty.config().join("a_spec.lua"), "it('a', function() end)");
    empty.run(["test", "--filter", "zzz"]).code(1).complains(["no spec has \"zzz\" in its name"]);
    empty.write(&empty.config().join("a_spec.lua"), "");
    empty.run(["test"]).code(1).complains(["hold no specs"]);
}

#[test]
fn what_is_named_has_to_be_there() {
    let home = home();
    home.run(["test", "nowhere_spec.lua"]).code(2).complains(["nowhere_spec.lua"]);
    home.write(&home.work().join("notes.txt"), "x");
    home.run(["test", "notes.txt"]).code(2).complains(["neither a spec"]);
    home.run(["test", "--timeout", "0"]).code(2);
    home.run(["test", "--format", "xml"]).code(2);
}

#[test]
fn a_filter_and_a_bail() {
    let home = home();
    home.write(
        &home.config().join("a_spec.lua"),
        "describe('deploy', function() it('works', function() end) end)
         it('fails', function() error('x') end) it('is not reached', function() end)",
    );
    let ran = home.run(["test", "--filter", "deploy works"]).ok();
    assert!(ran.out.ends_with("1 passed, 0 failed\n"), "{}", ran.out);
    let ran = home.run(["test", "--bail"]).code(1);
    assert!(ran.out.ends_with("1 passed, 1 failed\n"), "{}", ran.out);
}
