//! The front matter that skills have in the wild, written for several programs: each loads, and what is
//! odd about it is told with its line.

use crate::{
    skill,
    support::{
        fake_openai::{FakeOpenAi, Reply},
        program::Home,
    },
    trust,
};
use serde_json::json;
use std::{collections::BTreeMap, fs};

/// A skill in the wild.
struct Shape {
    /// Its folder.
    folder: &'static str,
    text: &'static str,
    /// What it is called here.
    name: &'static str,
    /// How its description begins.
    description: &'static str,
    /// Its remarks: the line, and words of each, in their order.
    remarks: &'static [(u64, &'static str)],
}

const fn shape(
    folder: &'static str,
    text: &'static str,
    name: &'static str,
    description: &'static str,
    remarks: &'static [(u64, &'static str)],
) -> Shape {
    Shape { folder, text, name, description, remarks }
}

const SHAPES: &[Shape] = &[
    // The standard.
    shape(
        "standard",
        "---\nname: standard\ndescription: Reads tables. Use it for CSV.\nlicense: Apache-2.0\ncompatibility: Needs git\n\
         metadata:\n  author: somebody\n  version: \"1.0\"\nallowed-tools: Bash(git:*) Read\n---\n# Tables\n",
        "standard",
        "Reads tables. Use it for CSV.",
        &[],
    ),
    shape(
        "allowed-list",
        "---\nname: allowed-list\ndescription: Lists.\nallowed-tools:\n  - Bash(jq:*)\n  - Read\nversion: 1.2.0\n---\nx\n",
        "allowed-list",
        "Lists.",
        &[],
    ),
    shape(
        "license-map",
        "---\nname: license-map\ndescription: Maps.\nlicense: {name: MIT, file: LICENSE.txt}\n---\nx\n",
        "license-map",
        "Maps.",
        &[],
    ),
    // Claude Code.
    shape(
        "claude-keys",
        "---\nname: claude-keys\ndescription: Audits a page.\nargument-hint: \"[URL]\"\ndisable-model-invocation: true\n\
         user-invocable: true\nmodel: sonnet\ncontext: fork\nagent: Explore\nhooks:\n  PreToolUse:\n    - matcher: Bash\n\
         ---\nDo it with $ARGUMENTS.\n",
        "claude-keys",
        "Audits a page.",
        &[(4, "argument-hint, user-invocable, model, context, agent, hooks")],
    ),
    shape(
        "hint-in-brackets",
        "---\nname: hint-in-brackets\ndescription: Makes posters.\nargument-hint: [paper] [— venue: ICLR, size: A0]\n---\nx\n",
        "hint-in-brackets",
        "Makes posters.",
        &[(4, "`argument-hint` is no YAML"), (4, "nothing here: argument-hint")],
    ),
    shape(
        "no-name",
        "---\ndescription: Commits what is staged.\n---\nx\n",
        "no-name",
        "Commits what is staged.",
        &[(1, "after its folder")],
    ),
    shape(
        "no-description",
        "---\nname: no-description\n---\n# Release\n\nCuts a release\nof the program.\n\nThen more.\n",
        "no-description",
        "Cuts a release of the program.",
        &[(1, "`description` is missing")],
    ),
    shape(
        "when-to-use",
        "---\nname: when-to-use\ndescription: Draws charts.\nwhen_to_use: when numbers are shown\nversion: 0.1.0\n---\nx\n",
        "when-to-use",
        "Draws charts.",
        &[(4, "when_to_use")],
    ),
    // Colons without quotes.
    shape(
        "colon",
        "---\nname: colon\ndescription: Use this when: somebody asks about PDF files\nlicense: MIT\n---\nx\n",
        "colon",
        "Use this when: somebody asks about PDF files",
        &[(3, "put it in quotes")],
    ),
    shape(
        "colon-below",
        "---\nname: colon-below\ndescription: Scolds.\n  Triggers on: '/scold', '/nag'\n---\nx\n",
        "colon-below",
        "Scolds. Triggers on: '/scold', '/nag'",
        &[(3, "put it in quotes")],
    ),
    shape(
        "quotes-inside",
        "---\nname: quotes-inside\ndescription: \"Looks back\" [path] / \"retro\" — 트리거: 회고\n---\nx\n",
        "quotes-inside",
        "\"Looks back\" [path] / \"retro\" — 트리거: 회고",
        &[(3, "put it in quotes")],
    ),
    shape(
        "apostrophe",
        "---\nname: apostrophe\ndescription: 'It's what reviews the user's code'\n---\nx\n",
        "apostrophe",
        "It's what reviews the user's code",
        &[(3, "put it in quotes")],
    ),
    shape(
        "star",
        "---\nname: star\ndescription: *Always* run this first\n---\nx\n",
        "star",
        "*Always* run this first",
        &[(3, "put it in quotes")],
    ),
    shape(
        "backquote",
        "---\nname: backquote\ndescription: `make` and what it needs\n---\nx\n",
        "backquote",
        "`make` and what it needs",
        &[(3, "put it in quotes")],
    ),
    shape(
        "no-blank",
        "---\nname:no-blank\ndescription:Sums up.\n---\nx\n",
        "no-blank",
        "Sums up.",
        &[(2, "put it in quotes"), (3, "put it in quotes")],
    ),
    // Blocks, tabs, line ends, marks.
    shape(
        "folded",
        "---\nname: folded\ndescription: >-\n  One\n  two: three.\n---\nx\n",
        "folded",
        "One two: three.",
        &[],
    ),
    shape(
        "literal",
        "---\nname: literal\ndescription: |\n  One\n\n  two.\n---\nx\n",
        "literal",
        "One two.",
        &[],
    ),
    shape(
        "tabs",
        "---\nname: tabs\ndescription: Tabs.\nmetadata:\n\tauthor: me\n\ttags:\n\t\t- a\n---\nx\n",
        "tabs",
        "Tabs.",
        &[(5, "by blanks, not by tabs")],
    ),
    shape("indented", "---\n  name: indented\n  description: In.\n---\nx\n", "indented", "In.", &[]),
    shape("crlf", "---\r\nname: crlf\r\ndescription: Lines.\r\n---\r\n\r\nx\r\n", "crlf", "Lines.", &[]),
    shape("cr", "---\rname: cr\rdescription: Old lines.\r---\rx\r", "cr", "Old lines.", &[]),
    shape("bom", "\u{feff}---\nname: bom\ndescription: Marked.\n---\nx\n", "bom", "Marked.", &[]),
    shape(
        "empty-lines",
        "\n\n---\nname: empty-lines\ndescription: Late.\n---\nx\n",
        "empty-lines",
        "Late.",
        &[],
    ),
    shape(
        "blanks-behind",
        "--- \nname: blanks-behind\ndescription: Wide.\n---\t\nx\n",
        "blanks-behind",
        "Wide.",
        &[],
    ),
    shape(
        "comment-before",
        "<!-- Copyright\n somebody -->\n---\nname: comment-before\ndescription: After.\n---\nx\n",
        "comment-before",
        "After.",
        &[],
    ),
    shape("dots", "---\nname: dots\ndescription: Ends in dots.\n...\nx\n", "dots", "Ends in dots.", &[]),
    shape(
        "long-fence",
        "-----\nname: long-fence\ndescription: Long.\n-----\nx\n",
        "long-fence",
        "Long.",
        &[(1, "two lines of ---")],
    ),
    shape(
        "em-dash",
        "—\nname: em-dash\ndescription: Typeset.\n—\nx\n",
        "em-dash",
        "Typeset.",
        &[(1, "two lines of ---")],
    ),
    shape(
        "code",
        "```yaml\nname: code\ndescription: Fenced.\n```\n# Code\n",
        "code",
        "Fenced.",
        &[(1, "two lines of ---")],
    ),
    shape(
        "toml",
        "+++\nname = \"toml\"\ndescription = \"Other.\"\n+++\nx\n",
        "toml",
        "Other.",
        &[(1, "two lines of ---")],
    ),
    shape(
        "unclosed",
        "---\nname: unclosed\ndescription: Open.\n\n# Open\n\nText.\n",
        "unclosed",
        "Open.",
        &[(1, "is not closed")],
    ),
    shape(
        "bare",
        "# Water the plants\n\nEvery day: a little.\n",
        "bare",
        "Every day: a little.",
        &[(1, "`description` is missing"), (1, "`name` is missing"), (1, "there is no front matter")],
    ),
    shape(
        "rule-first",
        "---\n# Rules\n\nBe kind.\n---\nmore\n",
        "rule-first",
        "Be kind.",
        &[(1, "`description` is missing"), (1, "`name` is missing"), (1, "there is no front matter")],
    ),
    shape(
        "twice",
        "---\nname: twice\ndescription: First.\ndescription: Second.\n---\nx\n",
        "twice",
        "First.",
        &[(4, "stands here twice")],
    ),
    shape(
        "braces",
        "---\n{\"name\": \"braces\", \"description\": \"As JSON.\"}\n---\nx\n",
        "braces",
        "As JSON.",
        &[],
    ),
    shape("capitals", "---\nName: capitals\nDescription: Loud.\n---\nx\n", "capitals", "Loud.", &[]),
    // Names.
    shape(
        "alert",
        "---\nname: alert_create\ndescription: Alerts.\n---\nx\n",
        "alert-create",
        "Alerts.",
        &[(2, "is called \"alert-create\" here")],
    ),
    shape(
        "pdf",
        "---\nname: \"PDF Tools\"\ndescription: PDF.\n---\nx\n",
        "pdf-tools",
        "PDF.",
        &[(2, "\"pdf-tools\"")],
    ),
    shape(
        "plugin",
        "---\nname: my-plugin:Review.v2\ndescription: R.\n---\nx\n",
        "my-plugin-review-v2",
        "R.",
        &[(2, "is called")],
    ),
    shape(
        "korean",
        "---\nname: 공고 요약\ndescription: 공고를 요약한다: 짧게\n---\nx\n",
        "공고-요약",
        "공고를 요약한다: 짧게",
        &[(2, "is called"), (3, "put it in quotes")],
    ),
    shape("number", "---\nname: 2048\ndescription: 7\n---\nx\n", "2048", "7", &[]),
    // OpenClaw.
    shape(
        "claw",
        "---\nname: claw\ndescription: Sends mail.\nhomepage: https://example.org\nmetadata: {\"openclaw\":{\"emoji\":\"M\",\
         \"requires\":{\"bins\":[\"jq\"],\"anyBins\":[\"a-b\",\"c\"],\"env\":[\"KEY\"],\"config\":[\"x.y\"]},\"install\":[{\"id\":\
         \"brew\",\"kind\":\"brew\",\"formula\":\"jq\"}]}}\n---\nx\n",
        "claw",
        "Sends mail.",
        &[(4, "homepage")],
    ),
    shape(
        "claw-lines",
        "---\nname: claw-lines\ndescription: Sends.\nmetadata:\n  {\n    \"clawdbot\":\n      {\n        \"requires\": { \"bins\": \
         [\"curl\"] },\n      },\n  }\n---\nx\n",
        "claw-lines",
        "Sends.",
        &[],
    ),
    shape(
        "claw-dispatch",
        "---\nname: claw-dispatch\ndescription: Sends.\ncommand-dispatch: tool\ncommand-tool: exec\nmetadata: '{\"openclaw\": \
         {\"requires\": {\"bins\": [\"rg\"]}}}'\n---\nx\n",
        "claw-dispatch",
        "Sends.",
        &[(4, "command-dispatch, command-tool")],
    ),
    // Hermes.
    shape(
        "hermes",
        "---\nname: hermes\ndescription: \"Reminders: add, list.\"\nversion: 1.0.0\nauthor: A\nlicense: MIT\nplatforms: [macos, \
         linux]\nmetadata:\n  hermes:\n    tags: [Tasks, todo]\n    related_skills: [b]\nprerequisites:\n  commands: [remindctl]\n  \
         env_vars: [TOKEN]\nrequired_environment_variables:\n  - name: TOKEN\n    prompt: The token\n---\nx\n",
        "hermes",
        "Reminders: add, list.",
        &[(15, "required_environment_variables")],
    ),
    shape(
        "elsewhere",
        "---\nname: elsewhere\ndescription: E.\nplatforms: [windows]\n---\nx\n",
        "elsewhere",
        "E.",
        &[(1, "made for windows")],
    ),
    // What is needed, and times.
    shape("bins", "---\nname: bins\ndescription: B.\nrequires: {bins: [jq]}\n---\nx\n", "bins", "B.", &[]),
    shape(
        "versions",
        "---\nname: versions\ndescription: V.\nrequires: python3 >= 3.8\n---\nx\n",
        "versions",
        "V.",
        &[(4, "`requires`")],
    ),
    shape(
        "needs-map",
        "---\nname: needs-map\ndescription: N.\nrequires:\n  python: \">=3.10\"\n---\nx\n",
        "needs-map",
        "N.",
        &[(4, "`requires`")],
    ),
    shape("timeout", "---\nname: timeout\ndescription: T.\ntimeout: \"30s\"\n---\nx\n", "timeout", "T.", &[]),
    shape(
        "timeout-ms",
        "---\nname: timeout-ms\ndescription: T.\ntimeout: 30000\n---\nx\n",
        "timeout-ms",
        "T.",
        &[(4, "at most 3600 s")],
    ),
    shape(
        "timeout-odd",
        "---\nname: timeout-odd\ndescription: T.\ntimeout: soon\n---\nx\n",
        "timeout-odd",
        "T.",
        &[(4, "not \"soon\"")],
    ),
    shape(
        "arguments",
        "---\nname: arguments\ndescription: A.\nparameters:\n  - name: city\n    type: str\n    required: true\n  - name: days\n    \
         type: int\n---\nx\n",
        "arguments",
        "A.",
        &[],
    ),
    shape(
        "metadata-broken",
        "---\nname: metadata-broken\ndescription: M.\nmetadata:\n  note: this: that\n  openclaw:\n    requires:\n      bins: [sed]\n\
         ---\nx\n",
        "metadata-broken",
        "M.",
        &[(5, "`note` is no YAML")],
    ),
];

#[test]
fn every_shape_loads_and_says_what_is_odd() {
    let home = Home::new();
    for shape in SHAPES {
        home.write(&home.work().join("skills").join(shape.folder).join("SKILL.md"), shape.text);
    }
    let listed = home.run(["skills", "list", "--json"]).ok().json();
    let found: BTreeMap<&str, &serde_json::Value> =
        listed.iter().map(|skill| (skill["name"].as_str().unwrap(), skill)).collect();
    let mut wrong = vec![];
    for Shape { folder, name, description, remarks, .. } in SHAPES {
        let Some(skill) = found.get(name) else {
            wrong.push(format!("{folder}: there is no {name}"));
            continue;
        };
        let told: Vec<(u64, &str)> = skill["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| (w["line"].as_u64().unwrap(), w["message"].as_str().unwrap()))
            .collect();
        let fits = told.len() == remarks.len()
            && told
                .iter()
                .zip(*remarks)
                .all(|(told, (line, words))| told.0 == *line && told.1.contains(words));
        if !fits {
            wrong.push(format!("{folder}: {told:#?}"));
        }
        let said = skill["description"].as_str().unwrap();
        if !said.starts_with(description) {
            wrong.push(format!("{folder}: {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let checked = home.run(["skills", "check"]).ok();
    assert!(checked.out.contains(" 0 are not"), "{}", checked.out);
    assert!(checked.err.contains("colon: warning: SKILL.md:3: `description` is no YAML"), "{}", checked.err);
    home.run(["skills", "check", "--strict"]).code(1);
}

#[test]
fn a_skill_that_only_its_user_may_use_is_kept_from_the_model() {
    let calls = [("skill_load", json!({"name": "deploy"})), ("skill_run", json!({"name": "deploy"}))];
    let fake = FakeOpenAi::start([Reply::calls(calls), Reply::text("ok")]);
    let home = Home::with(&fake);
    skill(&home, "deploy", "disable-model-invocation: true\n", "echo deployed");
    trust(&home, "deploy");
    home.run(["run", "--yes", "-e", "go"]).ok();
    let requests = fake.requests();
    let system = requests[0].messages()[0]["content"].as_str().unwrap();
    assert!(system.contains("hello-wasm") && !system.contains("deploy"), "{system}");
    let results: Vec<_> = requests[1].messages().iter().filter(|m| m["role"] == "tool").cloned().collect();
    assert_eq!(results.len(), 2);
    for result in results {
        let text = result["content"].as_str().unwrap();
        assert!(text.contains("only its user runs the skill") && !text.contains("deployed\n"), "{text}");
    }
    assert_eq!(home.run(["skills", "run", "deploy"]).ok().out, "deployed\n");
}

#[test]
fn a_program_is_not_run_in_another_way_than_its_author_says() {
    let home = Home::new();
    for (name, front) in
        [("one", "mode: sandboxed\n"), ("two", "moode: container\n"), ("three", "imgae: python:3\n")]
    {
        skill(&home, name, front, "touch ran");
        trust(&home, name);
        home.run(["skills", "run", name]).code(1);
        let shown = home.run(["skills", "show", name]).ok().out;
        assert!(shown.contains("warning   SKILL.md:4"), "{shown}");
    }
    assert!(!home.work().join("ran").exists());
}

#[test]
fn what_a_skill_needs_is_asked_of_the_machine_before_it_runs() {
    let home = Home::new();
    for (name, front, missing) in [
        ("all", "requires: {bins: [sh, no-such-program]}\n", "needs no-such-program"),
        (
            "any",
            "metadata: {openclaw: {requires: {anyBins: [no-such-a, no-such-b]}}}\n",
            "one of no-such-a, no-such-b",
        ),
        ("hermes", "prerequisites:\n  commands: [no-such-command]\n", "needs no-such-command"),
    ] {
        skill(&home, name, front, "echo ran");
        trust(&home, name);
        let ran = home.run(["skills", "run", name]).code(1);
        assert!(ran.out.contains(missing), "{name}: {}", ran.out);
    }
    skill(&home, "there", "requires: {bins: [sh], anyBins: [no-such-a, sh]}\n", "echo ran");
    trust(&home, "there");
    assert_eq!(home.run(["skills", "run", "there"]).ok().out, "ran\n");
}

#[test]
fn a_skill_is_known_by_either_spelling() {
    let home = Home::new();
    home.write(&home.work().join("x/SKILL.md"), "---\nname: PDF Tools\ndescription: x\n---\nHow.\n");
    for name in ["PDF Tools", "pdf-tools", "pdf_tools"] {
        assert!(home.run(["skills", "show", name]).ok().out.starts_with("pdf-tools "), "{name}");
    }
    home.run(["skills", "trust", "PDF Tools", "--yes"]).ok();
    assert!(home.run(["skills", "list"]).ok().out.contains("trusted"));
}

#[test]
fn files_in_other_encodings_and_letters_are_read() {
    let home = Home::new();
    let wide =
        |text: &str, from: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(from).collect() };
    let text = |name: &str| format!("\u{feff}---\nname: {name}\ndescription: Größe 말\n---\nx\n");
    let skills = home.work().join("skills");
    for (name, file, bytes) in [
        ("little", "SKILL.md", wide(&text("little"), u16::to_le_bytes)),
        ("big", "SKILL.md", wide(&text("big"), u16::to_be_bytes)),
        ("latin", "SKILL.md", b"---\nname: latin\ndescription: Gr\xf6\xdfe\n---\nx\n".to_vec()),
        ("nul", "SKILL.md", b"---\nname: nul\ndescription: a\0b\n---\nx\n".to_vec()),
        ("small", "skill.md", text("small").into_bytes()),
    ] {
        fs::create_dir_all(skills.join(name)).unwrap();
        fs::write(skills.join(name).join(file), bytes).unwrap();
    }
    let listed = home.run(["skills", "list", "--json"]).ok().json();
    let find =
        |name: &str| listed.iter().find(|skill| skill["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    for name in ["little", "big", "small"] {
        assert_eq!(find(name)["description"], "Größe 말", "{name}");
    }
    assert_eq!(find("nul")["description"], "ab");
    for (name, words) in
        [("latin", "UTF-8"), ("little", "UTF-8"), ("nul", "NUL"), ("small", "call it SKILL.md")]
    {
        assert!(find(name)["warnings"].to_string().contains(words), "{}", find(name));
    }
}

#[test]
fn a_long_description_is_cut_and_a_long_list_of_problems_is_told_whole() {
    let home = Home::new();
    let long = "word ".repeat(300);
    home.write(
        &home.work().join("long/SKILL.md"),
        &format!("---\nname: long\ndescription: {long}\n---\nx\n"),
    );
    home.write(
        &home.work().join("!!/SKILL.md"),
        "---\nname: '***'\ntimeout: soon\nrequires: {a: 1}\nparameters: 3\n---\n",
    );
    let listed = home.run(["skills", "list", "--json"]).ok();
    let listed = listed.json();
    let skill = listed.iter().find(|skill| skill["name"] == "long").unwrap();
    let said = skill["description"].as_str().unwrap();
    assert!(said.chars().count() <= 1_024 && said.ends_with("word…"), "{said}");
    assert_eq!(skill["warnings"][0]["line"], 3);
    let checked = home.run(["skills", "check"]).code(1);
    let checked = checked.complains([
        "!!: SKILL.md:1: `description`",
        "SKILL.md:2:",
        "SKILL.md:3:",
        "SKILL.md:4:",
        "SKILL.md:5:",
    ]);
    assert!(checked.out.contains("1 are not"), "{}", checked.out);
}
