//! Skills that appear, change and go while the program runs.

use crate::{
    skill,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::{Home, Piped, until},
    },
    trust,
};

#[test]
fn what_is_new_or_changed_is_told_and_inert_until_it_is_trusted() {
    let fake = FakeOpenAi::answering(|_| Reply::text("ok"));
    let home = Home::with(&fake);
    skill(&home, "first", "", "echo 1");
    trust(&home, "first");
    let mut repl = Piped::start(home.command(["repl"]));
    let system = |repl: &mut Piped| {
        let count = fake.count();
        repl.line("hi");
        assert!(until(|| fake.count() > count), "{}", repl.err());
        fake.last_request().unwrap().messages()[0]["content"].as_str().unwrap().to_owned()
    };
    let told = |repl: &Piped, words: &str| {
        let all = || format!("{}{}", repl.out(), repl.err());
        assert!(until(|| all().contains(words)), "{words:?} is not told: {}", all());
    };
    assert!(system(&mut repl).contains("- first: "));
    skill(&home, "second", "", "echo 2");
    told(&repl, "skill second: new");
    assert!(!system(&mut repl).contains("second"));
    trust(&home, "second");
    assert!(system(&mut repl).contains("- second: "));
    let manifest = home.work().join("skills/first/SKILL.md");
    let text = std::fs::read_to_string(&manifest).unwrap();
    home.write(&manifest, &format!("{text}\nAnd more.\n"));
    told(&repl, "skill first: changed");
    assert!(!system(&mut repl).contains("- first: "));
    home.write(&home.work().join("deep/er/third/SKILL.md"), "---\nname: third\n---\n");
    told(&repl, "deep/er/third");
    std::fs::remove_dir_all(home.work().join("skills/second")).unwrap();
    told(&repl, "skill second: gone");
    repl.end();
}
