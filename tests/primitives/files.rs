//! Files of the workspace, in the user's name.

use crate::{fails, shows, support::program::Home};
use std::{fs, os::unix::fs::symlink};

#[test]
fn text_comes_and_goes_exactly() {
    let home = Home::new();
    let long = "line\r\n\tü\n".repeat(5_000) + "no end";
    home.write(&home.work().join("long.txt"), &long);
    let shown = shows(
        &home,
        [
            "pista.fs.write('copy.txt', pista.fs.read('long.txt'))",
            "pista.fs.read('long.txt', { offset = 10001 })",
            "select(2, pista.fs.read('long.txt', { limit = 2 })).more",
            "pista.fs.append('copy.txt', ' after all'), pista.fs.append('new/log.txt', 'a')",
            "pista.fs.append('new/log.txt', 'b'), pista.fs.read('new/log.txt')",
            "pista.fs.write('empty', ''), pista.fs.read('empty')",
            "pista.fs.edit('new/log.txt', 'ab', 'x x'), pista.fs.edit('new/log.txt', 'x', 'y', { all = true })",
            "pista.fs.read('new/log.txt')",
        ],
    );
    assert_eq!(
        shown,
        [
            "true",
            "\"no end\", { first_line = 10001, last_line = 10001, more = false, size = 50006 }",
            "true",
            "false, true",
            "false, \"ab\", { first_line = 1, last_line = 1, more = false, size = 2 }",
            "true, \"\", { first_line = 1, last_line = 0, more = false, size = 0 }",
            "1, 2",
            "\"y y\", { first_line = 1, last_line = 1, more = false, size = 3 }",
        ]
    );
    assert_eq!(fs::read_to_string(home.work().join("copy.txt")).expect("a file"), long + " after all");
}

#[test]
fn what_is_there_is_told() {
    let home = Home::new();
    let work = home.work();
    home.write(&work.join("a/b.txt"), "TODO one\ntwo\n");
    home.write(&work.join(".hidden"), "");
    symlink("a/b.txt", work.join("link")).expect("a link");
    let shown = shows(
        &home,
        [
            "(function() local t = {} for _, e in ipairs(pista.fs.list('.', { depth = 2, hidden = true })) do \
             t[#t + 1] = e.path .. '=' .. e.kind .. ':' .. tostring(e.size) end return table.concat(t, ' ') end)()",
            "#pista.fs.list(), #pista.fs.list('a')",
            "pista.fs.search { pattern = 'todo', ignore_case = true }",
            "pista.fs.search({ glob = '*.txt' })[1].path",
            "pista.fs.stat('a').kind, pista.fs.stat('link').size, pista.fs.stat('none'), pista.fs.stat('a/b.txt/c')",
            "pista.fs.exists('a/b.txt'), pista.fs.exists('none')",
            "math.abs(pista.fs.stat('a/b.txt').modified - pista.time.now()) < 3600",
        ],
    );
    assert_eq!(
        shown,
        [
            "\".hidden=file:0 a=directory:nil a/b.txt=file:13 link=link:nil\"",
            "2, 1",
            "{ { line = 1, path = \"a/b.txt\", text = \"TODO one\" } }, false",
            "\"a/b.txt\"",
            "\"directory\", 13, nil, nil",
            "true, false",
            "true",
        ]
    );
}

#[test]
fn things_are_made_and_removed() {
    let home = Home::new();
    let work = home.work();
    home.write(&work.join("target"), "keep");
    symlink("target", work.join("link")).expect("a link");
    let ran = home.pipe(
        ["repl"],
        "=pista.fs.mkdir('x/y')\n=pista.fs.mkdir('x/y')\n=pista.fs.remove('x/y')\n=pista.fs.remove('link')\n",
    );
    ran.ok();
    assert!(work.join("x").is_dir() && !work.join("x/y").exists());
    assert!(!work.join("link").exists() && work.join("target").exists(), "the link went, not what it names");
    for (code, kind, word) in [
        ("pista.fs.remove('none')", "not_found", "no such file"),
        ("pista.fs.remove('.')", "usage", "names no file"),
        ("pista.fs.mkdir('target')", "io", "not a directory"),
        ("pista.fs.read('none')", "not_found", "no such file"),
        ("pista.fs.read('x')", "io", "is a directory"),
    ] {
        let (found, message) = fails(&home, code);
        assert_eq!(found, kind, "{code}: {message}");
        assert!(message.contains(word) && message.starts_with("pista.fs."), "{code}: {message}");
    }
    home.write(&work.join("x/file"), "");
    assert!(fails(&home, "pista.fs.remove('x')").1.contains("something in it"));
}

#[test]
fn what_cannot_be_exact_is_an_error() {
    let home = Home::new();
    let work = home.work();
    fs::write(work.join("latin"), b"caf\xe9").expect("a file");
    fs::write(work.join("binary"), b"a\0b").expect("a file");
    fs::write(work.join("huge"), "x".repeat(5 << 20)).expect("a file");
    fs::write(work.join("lines"), "x\n".repeat(3 << 20)).expect("a file");
    for (code, word) in [
        ("pista.fs.read('latin')", "UTF-8"),
        ("pista.fs.read('binary')", "not text"),
        ("pista.fs.read('huge')", "too long"),
        ("pista.fs.read('lines')", "too long"),
    ] {
        let (kind, message) = fails(&home, code);
        assert_eq!(kind, "io", "{code}: {message}");
        assert!(message.contains(word), "{code}: {message}");
    }
    for code in ["pista.fs.write('f', '\\xff')", "pista.fs.append('f', '\\xff')"] {
        assert_eq!(fails(&home, code).0, "usage");
    }
    assert!(!work.join("f").exists());
    assert_eq!(shows(&home, ["#pista.fs.read('lines', { offset = 100, limit = 3 })"]), ["6"]);
}

#[test]
fn the_floor_holds_for_the_users_own_script() {
    let home = Home::new().env("OPENPISTA_WORKSPACE", "");
    let home = home.unset("OPENPISTA_WORKSPACE");
    let init = home.init("-- mine");
    let work = home.work();
    home.write(&work.join(".env"), "KEY=hunter2hunter2");
    home.write(&work.join(".git/config"), "[core]");
    symlink(&init, work.join("init-link")).expect("a link");
    symlink(home.config(), work.join("config-link")).expect("a link");
    symlink("/etc", work.join("etc")).expect("a link");
    for code in [
        "pista.fs.append('init-link', 'os.exit()')",
        "pista.fs.write('init-link', '')",
        "pista.fs.append('config-link/init.lua', 'x')",
        "pista.fs.remove('config-link/init.lua')",
        "pista.fs.mkdir('config-link/lua')",
        "pista.fs.append('.env', 'x')",
        "pista.fs.remove('.env')",
        "pista.fs.read('.env')",
        "pista.fs.stat('.env')",
        "pista.fs.exists('.env')",
        "pista.fs.append('.git/config', 'x')",
        "pista.fs.append('.git/hooks/post-commit', 'x')",
        "pista.fs.remove('.git/config')",
        "pista.fs.mkdir('.git/hooks')",
        "pista.fs.mkdir('.ssh')",
        "pista.fs.write('.ssh/config', 'x')",
        "pista.fs.append('../out', 'x')",
        "pista.fs.remove('../work')",
        "pista.fs.mkdir('../out')",
        "pista.fs.stat('../home')",
        "pista.fs.stat('etc/passwd')",
        "pista.fs.append('etc/passwd', 'x')",
        "pista.fs.remove('etc/passwd')",
        "pista.fs.mkdir('etc/openpista')",
        "pista.fs.stat('/etc/passwd')",
    ] {
        let (kind, message) = fails(&home, code);
        assert_eq!(kind, "denied", "{code}: {message}");
        assert!(!message.contains("hunter2"), "{code}: {message}");
    }
    assert_eq!(fs::read_to_string(init).expect("init.lua"), "-- mine");
    assert_eq!(fs::read_to_string(work.join(".env")).expect(".env"), "KEY=hunter2hunter2");
    assert!(!work.join(".git/hooks").exists() && !work.join("../out").exists());
}

#[test]
fn models_get_no_further_file_tools() {
    let ran = Home::new().run(["tools"]).ok();
    for name in ["fs.append", "fs.mkdir", "fs.remove", "fs.stat"] {
        assert!(!ran.out.contains(name), "{}", ran.out);
    }
    assert!(ran.out.contains("http.get"), "{}", ran.out);
}

#[test]
fn data_is_redacted_like_text() {
    let home = Home::new().env("MY_TOKEN", "canary-5f2e9c1b7a");
    home.write(&home.work().join("notes"), "the token is canary-5f2e9c1b7a.\n");
    let shown = shows(
        &home,
        [
            "(pista.fs.read('notes'))",
            "pista.fs.search({ pattern = 'token' })[1].text",
            "pista.tools.call('fs.read', { path = 'notes' }).data.content",
            "pista.system.run({ 'cat', 'notes' }).stdout",
        ],
    );
    for line in shown {
        assert!(line.contains("[secret:MY_TOKEN]") && !line.contains("canary"), "{line}");
    }
}
