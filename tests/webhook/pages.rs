//! `docs/webhook.md`: what it shows works.

use crate::{Hook, TOKEN, echo, support::program::Home};
use std::{fs, path::Path, process::Command};

/// The blocks of a kind on the page.
fn blocks(kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/webhook.md");
    let text = fs::read_to_string(path).expect("the page");
    let begin = format!("```{kind}\n");
    text.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_the_page_shows_works() {
    let fake = echo();
    let home = Home::with(&fake).env("HOOK_TOKEN", TOKEN);
    let lua = blocks("lua").remove(0);
    assert!(lua.contains("127.0.0.1:8787"), "{lua}");
    home.init(&lua.replace("127.0.0.1:8787", "127.0.0.1:0"));
    let hook = Hook::start(&home);
    let mut shown = 0;
    for block in blocks("sh").iter().flat_map(|block| block.split("\n\n")).filter(|b| b.contains("curl")) {
        let line = block.replace("127.0.0.1:8787", &hook.address.to_string());
        // What is expected stands below, as a comment.
        let (command, expected): (Vec<&str>, Vec<&str>) =
            line.lines().partition(|line| !line.starts_with("# "));
        let run = Command::new("bash").args(["-ec", &command.join("\n")]).env("HOOK_TOKEN", TOKEN).output();
        let run = run.expect("bash is there");
        let out = String::from_utf8(run.stdout).expect("UTF-8");
        assert!(run.status.success(), "{line}\n{out}{}", String::from_utf8_lossy(&run.stderr));
        for words in expected {
            let words = words.trim_start_matches("# ");
            assert!(out.contains(words), "{words:?} is not in {out:?}, of\n{line}");
            shown += 1;
        }
    }
    assert!(shown >= 5, "only {shown} answers are shown");
    hook.daemon.stop().ok();
}
