//! `openpista lua`.

use crate::support::program::{Home, PROGRAM, Ran, Running, until};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

fn script(home: &Home, name: &str, text: &str) {
    home.write(&home.work().join(name), text);
}

fn run(home: &Home, text: &str) -> Ran {
    script(home, "job.lua", text);
    home.run(["lua", "job.lua"])
}

#[test]
fn a_script_gets_its_arguments_and_the_whole_api() {
    let home = Home::new();
    home.init("greeting = 'hello'");
    script(
        &home,
        "job.lua",
        "local a, b = ...
        print(greeting, arg[0], arg[1], arg[2], #arg, a, b)
        print(pista.system.run({ 'echo', 'acted' }).stdout)",
    );
    let ran = home.run(["lua", "job.lua", "--flag", "two words"]).ok();
    assert_eq!(ran.out, "hello\tjob.lua\t--flag\ttwo words\t2\t--flag\ttwo words\nacted\n\n");
}

#[test]
fn the_first_line_makes_it_a_command() {
    let home = Home::new();
    // The program has to be on the path under its name.
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(PROGRAM, bin.join("openpista")).expect("a link");
    script(&home, "job", "#!/usr/bin/env -S openpista lua\nprint(arg[1])\nerror('third')");
    let job = home.work().join("job");
    fs::set_permissions(&job, fs::Permissions::from_mode(0o755)).expect("permissions");
    let mut command = home.command([] as [&str; 0]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    command.env("PATH", path);
    let mut direct = std::process::Command::new("./job");
    direct.arg("x").env_clear().current_dir(home.work());
    direct.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Running::start(direct, b"").wait().code(1);
    assert_eq!(ran.out, "x\n");
    ran.complains(["job:3: third"]);
}

#[test]
fn exit_codes() {
    let home = Home::new();
    for (text, code) in [
        ("", 0),
        ("return", 0),
        ("return true", 0),
        ("return false", 1),
        ("return 42", 42),
        ("return 255", 255),
        ("return 3.0", 3),
        ("return 256", 1),
        ("return -1", 1),
        ("return 'text'", 1),
        ("os.exit()", 0),
        ("os.exit(true)", 0),
        ("os.exit(false)", 1),
        ("os.exit(7)", 7),
        ("error('x')", 1),
        ("x = = 1", 1),
    ] {
        assert_eq!(run(&home, text).code, Some(code), "{text}");
    }
    run(&home, "return 256").code(1).complains(["0 to 255"]);
    home.run(["lua", "nothere.lua"]).code(1).complains(["nothere.lua"]);
    home.run(["lua"]).code(2);
    home.init("nonsense(");
    run(&home, "").code(78).complains(["init.lua:1:"]);
}

#[test]
fn no_pcall_keeps_os_exit() {
    let home = Home::new();
    for within in [
        "pcall(function() os.exit(7) end)",
        "pcall(pcall, os.exit, 7)",
        "xpcall(function() os.exit(7) end, function() return 'kept' end)",
        "coroutine.resume(coroutine.create(function() os.exit(7) end))",
        "pcall(coroutine.wrap(function() pcall(os.exit, 7) end))",
        "table.sort({ 2, 1 }, function() os.exit(7) end)",
        "pcall(setmetatable({}, { __index = function() os.exit(7) end }).x)",
    ] {
        let text = format!(
            "local d <close> = setmetatable({{}}, {{ __close = function()
                print(pcall(error, 'inside'))
                pista.system.run('echo closed > closed')
            end }})
            {within}
            print('went on')"
        );
        let _ = fs::remove_file(home.work().join("closed"));
        let ran = run(&home, &text).code(7);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("false\tinside\n", ""), "{within}");
        assert!(home.work().join("closed").exists(), "{within}: what closes it may still act");
    }
}

#[test]
fn os_exit_is_for_programs_alone() {
    let home = Home::new();
    home.run(["eval", "os.exit(3)"]).code(1).complains(["field 'exit'"]);
    home.run(["eval", "pista.stdin.read()"])
        .code(1)
        .complains(["only in a script that is run by `openpista lua`"]);
}

#[test]
fn errors_name_their_place_and_the_way_there() {
    let home = Home::new();
    let text = "local function inner() error('broken') end\nlocal function outer() inner() end\nouter()";
    let ran = run(&home, text).code(1);
    assert_eq!(ran.err, "job.lua:1: broken\n");
    let ran = home.run(["-v", "lua", "job.lua"]).code(1);
    assert!(
        ran.err.contains("job.lua:2: in ") && ran.err.contains("job.lua:3: in main chunk"),
        "{}",
        ran.err
    );
    run(&home, "\n\nlocal x = = 1").code(1).complains(["job.lua:3:"]);
    run(&home, "\npista.agent('x', {})")
        .code(1)
        .complains(["job.lua:2:", "only while the configuration loads"]);
}

#[test]
fn modules_beside_the_script_go_first() {
    let home = Home::new();
    home.init("from_init = require('shared')\nonly = require('only_there')");
    for (name, text) in
        [("shared", "'of init'"), ("only_there", "'only there'"), ("later", "'later of init'")]
    {
        home.write(&home.config().join(format!("{name}.lua")), &format!("return {text}"));
    }
    script(&home, "tools/shared.lua", "return 'of the script'");
    script(&home, "tools/lua/own.lua", "return require('shared') .. ', own'");
    script(
        &home,
        "tools/job.lua",
        "print(from_init, require('shared'), require('shared'), require('only_there'), require('later'), (require('own')))
        print(select(2, pcall(require, 'nowhere')))",
    );
    let ran = home.run(["lua", "tools/job.lua"]).ok();
    let (first, second) = ran.out.split_once('\n').expect("two lines");
    assert_eq!(first, "of init\tof the script\tof the script\tonly there\tlater of init\tof the script, own");
    assert!(
        second.contains("there is no module \"nowhere\"") && second.contains("tools/nowhere.lua"),
        "{second}"
    );
}

#[test]
fn standard_input_is_read_by_lines_and_whole() {
    let home = Home::new();
    script(
        &home,
        "job.lua",
        "print(pista.stdin.read(), pista.stdin.read('l'))
        for line in pista.stdin.lines() do if line == 'stop' then break end print('line', line) end
        print(#pista.stdin.read('a'), pista.stdin.read('a'), pista.stdin.read())
        print(pcall(pista.stdin.read, 'n'))",
    );
    let ran = home.pipe(["lua", "job.lua"], b"one\ntwo\nthree\n\n\xff\nstop\nrest\nof it").ok();
    assert_eq!(
        ran.out,
        "one\ttwo\nline\tthree\nline\t\nline\t\u{fffd}\n10\t\tnil\nfalse\tjob.lua:4: pista.stdin.read: \"n\" is neither \"l\" (a line) nor \"a\" (all)\n"
    );
}

#[test]
fn a_signal_unwinds_it_wherever_it_is() {
    let home = Home::new();
    for (what, busy) in [
        ("waiting", "pista.sleep(600)"),
        ("waiting below pcall", "while true do pcall(pista.sleep, 600) end"),
        ("running", "while true do end"),
        ("running below pcall", "while true do pcall(function() while true do end end) end"),
        ("in a coroutine", "coroutine.wrap(function() while true do end end)()"),
        ("in a command", "pista.system.run('sleep 600')"),
        ("reading", "pista.stdin.read()"),
    ] {
        for file in ["ready", "closed"] {
            let _ = fs::remove_file(home.work().join(file));
        }
        script(
            &home,
            "job.lua",
            &format!(
                "local d <close> = setmetatable({{}}, {{ __close = function()
                    pista.system.run('echo closed > closed') print('closed')
                end }})
                pista.system.run('touch ready')
                {busy}
                print('went on')"
            ),
        );
        let program = Running::open(home.command(["lua", "job.lua"]));
        assert!(until(|| home.work().join("ready").exists()), "{what}: it never began");
        program.signal(if what == "running" { "TERM" } else { "INT" });
        let ran = program.wait().code(130);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("closed\n", ""), "{what}");
        assert!(home.work().join("closed").exists(), "{what}");
    }
}

#[test]
fn one_that_will_not_end_is_ended() {
    let home = Home::new();
    script(
        &home,
        "job.lua",
        "local d <close> = setmetatable({}, { __close = function() while true do pcall(function() while true do end end) end end })
        pista.system.run('touch ready')
        while true do end",
    );
    let program = home.start(["lua", "job.lua"], "");
    assert!(until(|| home.work().join("ready").exists()), "it never began");
    program.signal("INT");
    program.wait().code(130);
}

#[test]
fn what_is_printed_is_read_at_once_and_a_closed_pipe_ends_it_quietly() {
    let home = Home::new();
    script(&home, "job.lua", "print('first') while true do print('more') end");
    let mut child = home
        .command(["lua", "job.lua"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "first");
    drop(lines);
    let ended = child.wait_with_output().expect("an end");
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0), "{ended:?}");
}
