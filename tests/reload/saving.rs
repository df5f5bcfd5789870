//! Every way in which editors and people save.

use crate::{piped::Piped, support::program::Home};
use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A configuration that is told from others by a number.
fn lua(number: u32) -> String {
    format!(
        "pista.provider('model', {{ base_url = 'http://127.0.0.1:9/v1' }})
         pista.agent('main', {{ model = 'model/{number}' }})\n"
    )
}

fn change(from: u32, to: u32) -> String {
    format!("agent main: model model/{from} → model/{to}")
}

/// Saves twice in one way, and waits until each is live: a watch that is lost is lost at the first.
fn live_twice(init: &Path, home: &Home, save: impl Fn(&Path, &str)) {
    let piped = Piped::start(home);
    for number in 1..=2 {
        save(init, &lua(number));
        piped.err.sees(&change(number - 1, number));
    }
    // The next one tells what was seen in between.
    assert!(!piped.err.text().contains("not reloaded"), "{}", piped.err.text());
    assert_eq!(piped.err.text().matches("reloaded").count(), 2, "{}", piped.err.text());
    assert_eq!(piped.end(), Some(0));
}

fn home() -> (Home, PathBuf) {
    let home = Home::new();
    let init = home.init(&lua(0));
    (home, init)
}

#[test]
fn written_in_place() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| fs::write(init, text).expect("written"));
}

#[test]
fn as_vim_does_it() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| {
        // It tries whether it can make files, keeps the old one, and writes a new one.
        let probe = init.with_file_name("4913");
        fs::write(&probe, "").expect("a probe");
        fs::remove_file(probe).expect("no probe");
        fs::write(init.with_file_name(".init.lua.swp"), "swap").expect("a swap file");
        let backup = init.with_file_name("init.lua~");
        fs::rename(init, &backup).expect("a backup");
        fs::write(init, text).expect("written");
        fs::remove_file(backup).expect("no backup");
    });
}

#[test]
fn as_vs_code_does_it() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| {
        let mut file = fs::OpenOptions::new().write(true).truncate(true).open(init).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
        file.sync_all().expect("synced");
    });
}

#[test]
fn moved_over() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| {
        let new = init.with_file_name("init.lua.new");
        fs::write(&new, text).expect("written");
        fs::rename(new, init).expect("moved");
    });
}

#[test]
fn a_dotfile_elsewhere_behind_a_link() {
    let (home, init) = home();
    let target = home.write(&home.path().join("dotfiles/pista/init.lua"), &lua(0));
    fs::remove_file(&init).expect("removed");
    symlink(&target, &init).expect("a link");
    live_twice(&init, &home, |_, text| {
        let new = target.with_file_name("new");
        fs::write(&new, text).expect("written");
        fs::rename(new, &target).expect("moved");
    });
}

#[test]
fn a_link_that_leads_elsewhere() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| {
        let target = home.write(&home.path().join(format!("version-{}.lua", text.len())), text);
        let target = home.write(&target.with_extension(&text[text.len() - 5..text.len() - 4]), text);
        let link = init.with_file_name("link");
        symlink(target, &link).expect("a link");
        fs::rename(link, init).expect("moved");
    });
}

#[test]
fn a_directory_that_is_swapped_by_its_link() {
    // As clusters mount configuration: init.lua -> ..data/init.lua, ..data -> ..v1.
    let (home, init) = home();
    let dir = home.config();
    let version = |text: &str| {
        let name =
            format!("..v{}", text.bytes().fold(0u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte)));
        home.write(&dir.join(&name).join("init.lua"), text);
        name
    };
    let swap = |text: &str| {
        let link = dir.join("..data_tmp");
        symlink(version(text), &link).expect("a link");
        fs::rename(link, dir.join("..data")).expect("swapped");
    };
    swap(&lua(0));
    fs::remove_file(&init).expect("removed");
    symlink("..data/init.lua", &init).expect("a link");
    live_twice(&init, &home, |_, text| swap(text));
}

#[test]
fn a_directory_that_goes_and_comes_back() {
    let (home, init) = home();
    live_twice(&init, &home, |init, text| {
        let dir = init.parent().expect("a directory");
        let old = dir.with_file_name("old");
        fs::rename(dir, &old).expect("gone");
        fs::create_dir(dir).expect("back");
        fs::write(init, text).expect("written");
        fs::remove_dir_all(old).expect("removed");
    });
}

#[test]
fn a_configuration_that_was_not_there() {
    let home = Home::new();
    let piped = Piped::start(&home);
    home.init(&lua(1));
    piped.err.sees("agent main: model the default → model/1");
    home.init(&lua(2));
    piped.err.sees(&change(1, 2));
    assert_eq!(piped.end(), Some(0));
}

#[test]
fn a_configuration_named_on_the_command_line() {
    let home = Home::new();
    let init = home.write(&home.work().join("mine.lua"), &lua(0));
    let piped = Piped::command(home.command(["repl", "--config", "mine.lua"]));
    // One at the usual place is not its business.
    home.init(&lua(7));
    fs::write(init, lua(1)).expect("written");
    assert!(!piped.err.sees(&change(0, 1)).contains("model/7"));
}

#[test]
fn settings_in_toml() {
    let home = Home::new();
    home.init(&lua(0));
    let piped = Piped::start(&home);
    home.toml("max_tool_rounds = 20\n");
    piped.err.sees("setting max_tool_rounds 10 → 20");
    home.toml("max_tool_rounds = 'many'\n");
    piped.err.sees("config.toml:1: max_tool_rounds");
    home.toml("max_tool_rounds = 30\ndatabase = 'other.db'\n");
    piped.err.sees("setting max_tool_rounds 20 → 30; needs a restart: database");
    fs::remove_file(home.config().join("config.toml")).expect("removed");
    piped.err.sees("setting max_tool_rounds 30 → 10");
    assert!(!home.config().join("other.db").exists());
}

#[test]
fn nothing_happens_when_nothing_changed() {
    let (home, init) = home();
    let piped = Piped::start(&home);
    fs::write(&init, lua(0)).expect("written");
    fs::write(init.with_file_name("notes.txt"), "a").expect("written");
    // What is saved after it is told, and it alone.
    let mut file = fs::OpenOptions::new().append(true).open(&init).expect("opened");
    writeln!(file, "-- a remark").expect("written");
    drop(file);
    let told = piped.err.sees("reloaded");
    assert!(told.contains("init.lua changed, and nothing that is declared"), "{told}");
    assert_eq!(told.matches("reloaded").count(), 1, "{told}");
}
