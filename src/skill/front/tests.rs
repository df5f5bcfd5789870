use super::*;

fn read(text: &str) -> (Front, Vec<Remark>) {
    Front::parse(text.as_bytes(), "folder").unwrap()
}

/// The lines and words of the remarks on a text that loads.
fn remarks(text: &str) -> Vec<String> {
    read(text).1.iter().map(Remark::to_string).collect()
}

#[test]
fn what_it_says_is_read() {
    let (front, remarks) = read(
        "---\nname: log-watch\ndescription: >\n  Looks at\n  logs.\nlicense: MIT\nmetadata:\n  a: b\nmode: container\n\
         image: python:3\ntools: fs.read, fs.list\nrequires: [jq]\ntimeout: 2.5\nparameters:\n  path: string\n---\n\n\
         # Body\n---\nmore\n",
    );
    assert_eq!(remarks, []);
    assert_eq!((front.name.as_str(), front.description.as_str()), ("log-watch", "Looks at logs."));
    assert_eq!((front.mode, front.image.as_deref()), (Mode::Container, Some("python:3")));
    assert_eq!(front.tools, ["fs.read", "fs.list"]);
    assert_eq!(front.needs.programs, ["jq"]);
    assert_eq!(front.timeout, Some(Duration::from_millis(2_500)));
    assert_eq!(front.parameters, Some(serde_json::json!({"path": "string"})));
    assert_eq!(front.body, "# Body\n---\nmore");
}

#[test]
fn everything_odd_is_told_at_once_with_its_line() {
    let found = remarks(
        "---\nname: Log Watch\ndescription: Use when: asked\ntimeuot: 3\ntimeout: soon\nparameters: 7\nrequires: {a: 1}\n\
         homepage: x\n---\nBody\n",
    );
    let lines: Vec<&str> = found.iter().map(|remark| remark.split(':').nth(1).unwrap()).collect();
    assert_eq!(lines, ["2", "3", "4", "5", "6", "7", "8"], "{found:#?}");
    assert!(found[2].contains("did you mean \"timeout\"?"), "{found:#?}");
}

#[test]
fn a_program_is_not_run_in_another_way_than_its_author_says() {
    for odd in ["mode: sandboxed", "moode: container", "mode: [container]x", "imgae: python:3", "mode: 3"] {
        let (front, remarks) = read(&format!("---\nname: x\ndescription: y\n{odd}\n---\n"));
        assert!(front.blocked.is_some() && !remarks.is_empty(), "{odd}: {front:?} {remarks:?}");
    }
    for safe in ["image: python:3", "mode: docker\nimage: python:3", "mode: Container"] {
        let (front, _) = read(&format!("---\nname: x\ndescription: y\n{safe}\n---\n"));
        assert_eq!((front.mode, front.blocked), (Mode::Container, None), "{safe}");
    }
}

#[test]
fn whatever_could_mean_that_no_model_may_use_it_does() {
    for on in [
        "disable-model-invocation: true",
        "disable-model-invocation: yes",
        "disable_model_invocation: 'true'",
        "disableModelInvocation: 1",
        "disable-model-invocation: maybe",
        "disable-model-invocation:",
        "disable-model-invocations: true",
    ] {
        assert!(read(&format!("---\nname: x\ndescription: y: z\n{on}\n---\n")).0.by_hand, "{on}");
    }
    for off in ["disable-model-invocation: false", "disable-model-invocation: no", "user-invocable: false"] {
        assert!(!read(&format!("---\nname: x\ndescription: y\n{off}\n---\n")).0.by_hand, "{off}");
    }
}

#[test]
fn what_is_no_skill_says_all_that_is_wrong() {
    let fails = |bytes: &[u8], folder| Front::parse(bytes, folder).unwrap_err();
    assert!(fails(b"", "x").iter().any(|remark| remark.message.contains("no front matter")));
    assert_eq!(fails(b"---\nname: x\n---\n", "x").len(), 1);
    let all = fails(b"---\nname: '!!!'\ntimeout: soon\n---\n", "...");
    assert_eq!(all.iter().map(|remark| remark.line).collect::<Vec<_>>(), [1, 2, 3], "{all:?}");
    assert!(fails(&vec![b'x'; MAX_MANIFEST + 1], "x")[0].message.contains("longer than"));
}

#[test]
fn no_text_makes_it_panic() {
    let seeds = [
        "---\n",
        "...\n",
        "name: x\n",
        "description: |\n",
        "  - a: [b\n",
        "\t\"k\": {\n",
        ": \n",
        "# h\n",
        "\u{feff}",
        "—\n",
        "+++\n",
        "&a *a\n",
        "\r",
        "'",
        "```yaml\n",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += seeds[(state >> 33) as usize % seeds.len()];
        }
        if let Ok((front, _)) = Front::parse(text.as_bytes(), "f") {
            assert!(is_name(&front.name) && !front.description.is_empty(), "{text:?} {front:?}");
        }
    }
}
