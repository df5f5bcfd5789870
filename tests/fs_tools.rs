//! The file tools: what they do, and that they stay where they belong.
#![allow(clippy::unwrap_used, reason = "tests")]

use openpista::tool::{
    Options,
    fs::{Bounds, Edit, FsError, List, MAX_ENTRIES, MAX_TIME, Read, Reply, Search, Workspace, Write},
};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// What no test may ever see.
const OUTSIDE: &str = "OUTSIDE-CONTENT";

struct Place {
    _dir: TempDir,
    /// The workspace.
    inside: PathBuf,
    /// A directory beside it.
    outside: PathBuf,
    workspace: Workspace,
}

impl Place {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("work"), dir.path().join("outside"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), OUTSIDE).unwrap();
        let mut options = Options::new(&inside, dir.path().join("spill"));
        change(&mut options);
        Self { _dir: dir, inside, outside, workspace: Workspace::new(&options) }
    }

    /// Puts a file into the workspace.
    fn put(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.inside.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn get(&self, path: &str) -> String {
        fs::read_to_string(self.inside.join(path)).unwrap()
    }

    fn read(&self, path: &str) -> Result<String, FsError> {
        self.lines(path, None, None).map(|reply| reply.text)
    }

    fn lines(&self, path: &str, offset: Option<u64>, limit: Option<u64>) -> Result<Reply, FsError> {
        self.workspace.read(&Read { path: path.into(), offset, limit }, &Bounds::new(MAX_TIME))
    }

    fn list(&self, path: &str, depth: usize, hidden: bool) -> Result<String, FsError> {
        let request = List { path: Some(path.into()), depth: Some(depth), hidden };
        self.workspace.list(&request, &Bounds::new(MAX_TIME)).map(|reply| reply.text)
    }

    fn search(&self, request: Search) -> Result<String, FsError> {
        self.workspace.search(&request, &Bounds::new(MAX_TIME)).map(|reply| reply.text)
    }

    fn write(&self, path: &str, content: &str) -> Result<String, FsError> {
        self.workspace.write(&Write { path: path.into(), content: content.into() }).map(|reply| reply.text)
    }

    fn edit(&self, path: &str, old: &str, new: &str, replace_all: bool) -> Result<String, FsError> {
        let request = Edit { path: path.into(), old: old.into(), new: new.into(), replace_all };
        self.workspace.edit(&request).map(|reply| reply.text)
    }

    /// Every operation on one path: what it says, if it doesn't fail.
    fn everything(&self, path: &str) -> Vec<Result<String, FsError>> {
        vec![
            self.read(path),
            self.list(path, 3, true),
            self.search(Search {
                pattern: Some(".".into()),
                path: Some(path.into()),
                hidden: true,
                ..Search::default()
            }),
            self.write(path, "written"),
            self.edit(path, "OUTSIDE", "edited", true),
        ]
    }

    fn assert_outside_untouched(&self) {
        let names: Vec<_> = fs::read_dir(&self.outside).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["file"]);
        assert_eq!(fs::read_to_string(self.outside.join("file")).unwrap(), OUTSIDE);
    }
}

#[test]
fn reads_all_or_some_lines() {
    let place = Place::new();
    place.put("file", "one\ntwo\nthree\n");
    place.put("open", "one\ntwo");
    place.put("empty", "");
    for (path, offset, limit, text) in [
        ("file", None, None, "one\ntwo\nthree\n"),
        ("./file", Some(2), None, "two\nthree\n"),
        ("file", Some(3), Some(1), "three\n"),
        ("file", Some(1), Some(3), "one\ntwo\nthree\n"),
        ("file", None, Some(2), "one\ntwo\n[lines 1 to 2; the file goes on with offset 3]"),
        ("file", Some(0), Some(1), "one\n[lines 1 to 1; the file goes on with offset 2]"),
        ("open", Some(2), None, "two"),
        ("empty", None, None, "[the file is empty]"),
    ] {
        let reply = place.lines(path, offset, limit).unwrap();
        assert_eq!(reply.text, text, "{path} {offset:?} {limit:?}");
    }
    let absolute = place.inside.join("file");
    assert_eq!(place.read(absolute.to_str().unwrap()).unwrap(), "one\ntwo\nthree\n");
    for (path, offset) in [("file", 4), ("open", 3), ("empty", 2)] {
        let error = place.lines(path, Some(offset), None).unwrap_err().to_string();
        assert!(
            error.contains(&format!("only {} lines", offset - 1).replace("only 1 lines", "only 0 lines")),
            "{error}"
        );
    }
}

#[test]
fn what_is_too_long_can_be_read_on() {
    let place = Place::new();
    let whole: String = (1..=5_000).map(|n| format!("line {n} — ünïcode\n")).collect();
    place.put("long", &whole);
    let (mut offset, mut read) = (1, String::new());
    while {
        let reply = place.lines("long", Some(offset), None).unwrap();
        assert!(reply.text.chars().count() <= 10_000);
        let end = reply.text.rfind('[').filter(|_| reply.meta["more"] == true);
        read += &reply.text[..end.unwrap_or(reply.text.len())];
        offset = reply.meta["last_line"].as_u64().unwrap() + 1;
        reply.meta["more"] == true
    } {}
    assert!(read == whole);
}

#[test]
fn lines_without_end_are_cut_between_characters() {
    let place = Place::new();
    for shift in 0..4 {
        place.put("line", "x".repeat(shift) + &"漢🦀".repeat(100_000));
        let reply = place.lines("line", None, None).unwrap();
        assert!(reply.text.contains("line 1 is cut here") && !reply.text.contains('\u{fffd}'));
        assert!((9_000..=10_000).contains(&reply.text.chars().count()));
    }
}

#[test]
fn a_huge_file_costs_nothing() {
    let place = Place::new();
    let path = place.put("huge", "some text\n".repeat(10_000));
    fs::File::options().write(true).open(path).unwrap().set_len(100 << 30).unwrap();
    let reply = place.lines("huge", Some(3), Some(1)).unwrap();
    assert!(reply.text.starts_with("some text\n["));
    assert_eq!(reply.meta["size"], 100_u64 << 30);
    // Its last line has 100 GiB: neither is it kept, nor looked at for ever.
    let request = Read { path: "huge".into(), offset: Some(20_000), limit: None };
    let error = place.workspace.read(&request, &Bounds::new(MAX_TIME)).unwrap_err();
    assert!(error.to_string().contains("tail") || matches!(error, FsError::Late), "{error}");
    let request = Search { pattern: Some("nowhere".into()), ..Search::default() };
    let reply = place.workspace.search(&request, &Bounds::new(Duration::from_millis(300))).unwrap();
    assert!(reply.meta["more"] == true && reply.text.contains("[… 0 results so far"), "{}", reply.text);
}

#[test]
fn what_is_no_text_is_told_from_text() {
    let place = Place::new();
    place.put("binary", b"\x7fELF\0\0");
    place.put("utf16", b"\xff\xfea\0");
    place.put("latin1", b"caf\xe9\n");
    assert!(matches!(place.read("binary"), Err(FsError::Binary { size: 6, .. })));
    assert!(place.read("utf16").unwrap_err().to_string().contains("iconv"));
    assert_eq!(place.read("latin1").unwrap(), "caf\u{fffd}\n[bytes that aren't UTF-8 are shown as \u{fffd}]");
    assert!(matches!(place.edit("latin1", "caf", "x", false), Err(FsError::Binary { .. })));
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let place = Place::new();
    place.put("dir/file", "text\n");
    let fifo = place.inside.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(place.inside.join("socket")).unwrap();
    for path in ["fifo", "socket"] {
        assert!(matches!(place.read(path), Err(FsError::Special(_))), "{path}");
        assert!(matches!(place.write(path, "x"), Err(FsError::Special(_))), "{path}");
        assert!(matches!(place.edit(path, "a", "b", false), Err(FsError::Special(_))), "{path}");
        assert!(place.list(path, 1, false).is_err());
    }
    assert!(matches!(place.read("dir"), Err(FsError::Directory(_))));
    assert!(matches!(place.write("dir", "x"), Err(FsError::Directory(_))));
    assert!(matches!(place.write("new/", "x"), Err(FsError::Directory(_))));
    assert!(matches!(place.read("dir/file/deeper"), Err(FsError::NotDirectory(_))));
    assert!(matches!(place.read("missing"), Err(FsError::NotFound(_))));
    assert!(matches!(place.list("dir/file", 1, false), Err(FsError::NotDirectory(_))));
    assert!(matches!(place.read(""), Err(FsError::Arguments(_))));
    let found = place.search(Search { pattern: Some("text".into()), ..Search::default() }).unwrap();
    assert_eq!(found, "dir/file:1: text\n");
    let listed = place.list(".", 2, false).unwrap();
    assert_eq!(listed, "dir/\ndir/file  5 B\nfifo  (special)\nsocket  (special)\n");
}

#[test]
fn nothing_leads_out_of_the_workspace() {
    let place = Place::new();
    fs::create_dir(place.inside.join("sub")).unwrap();
    symlink("../outside", place.inside.join("relative")).unwrap();
    symlink(&place.outside, place.inside.join("absolute")).unwrap();
    symlink("../outside/file", place.inside.join("file_link")).unwrap();
    symlink("../outside/new", place.inside.join("dangling")).unwrap();
    symlink("relative", place.inside.join("chain")).unwrap();
    symlink("/proc/self/root", place.inside.join("magic")).unwrap();
    symlink("..", place.inside.join("up")).unwrap();
    let (inside, outside) = (place.inside.to_str().unwrap(), place.outside.to_str().unwrap());
    // A neighbour whose name begins like the workspace's.
    let neighbour = format!("{inside}-neighbour");
    symlink(outside, &neighbour).unwrap();
    let paths = [
        "../outside/file",
        "./../outside/file",
        "sub/../../outside/file",
        "sub/./.././../outside/file",
        "..",
        "sub/../..",
        "relative/file",
        "absolute/file",
        "relative",
        "absolute",
        "file_link",
        "dangling",
        "chain/file",
        "up/outside/file",
        "up/work/../outside/file",
        "magic/etc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "/",
        "relative/../outside/file",
        "sub\0/../../outside/file",
        &format!("{outside}/file"),
        &format!("{inside}/../outside/file"),
        &format!("{inside}/sub/../../outside/file"),
        &format!("{neighbour}/file"),
        &"../".repeat(500),
    ];
    for path in paths {
        for (n, result) in place.everything(path).into_iter().enumerate() {
            assert!(result.is_err(), "operation {n} on {path:?}: {result:?}");
        }
        place.assert_outside_untouched();
    }
    // These are plain names, if strange ones: what is written there is inside.
    for path in ["~/file", "..\\outside\\file", "%2e%2e/outside/file", "...", "file:///etc/passwd"] {
        assert!(place.read(path).is_err());
        place.write(path, "inside").unwrap();
        assert_eq!(place.read(path).unwrap(), "inside");
        place.assert_outside_untouched();
    }
    let found = Search { pattern: Some("OUTSIDE|root:".into()), hidden: true, ..Search::default() };
    assert!(place.search(found).unwrap().starts_with("[nothing found"));
    let error = place.read("../outside/file").unwrap_err();
    assert!(matches!(error, FsError::Outside { .. }) && error.to_string().contains(inside), "{error}");
}

#[test]
fn links_within_the_workspace_are_followed() {
    let place = Place::new();
    place.put("dir/file", "text");
    symlink("dir/file", place.inside.join("link")).unwrap();
    symlink("../dir", place.inside.join("dir/self")).unwrap();
    assert_eq!(place.read("link").unwrap(), "text");
    assert_eq!(place.read("dir/self/self/file").unwrap(), "text");
    place.write("link", "new").unwrap();
    assert!(place.inside.join("link").is_symlink(), "the link stays one");
    assert_eq!(place.get("dir/file"), "new");
    // But not on a walk, which would have no end.
    assert_eq!(place.list(".", 9, false).unwrap(), "dir/\ndir/file  3 B\ndir/self  (link)\nlink  (link)\n");
}

/// Swaps a directory for a link to the outside and back, until told to stop.
fn swap(place: &Place, stop: &AtomicBool) {
    let (dir, aside, link) = (place.inside.join("d"), place.inside.join("aside"), place.inside.join("l"));
    symlink("../outside", &link).unwrap();
    // Where the directory is gone for a moment, writing may have made a new one.
    let put = |from: &Path| {
        while fs::rename(from, &dir).is_err() {
            let _ = fs::remove_dir_all(&dir);
        }
    };
    while !stop.load(Ordering::Relaxed) {
        fs::rename(&dir, &aside).unwrap();
        put(&link);
        fs::rename(&dir, &link).unwrap();
        put(&aside);
    }
}

#[test]
fn swapping_a_directory_for_a_link_meanwhile_does_not_help() {
    let place = Place::new();
    place.put("d/file", "inside");
    let stop = AtomicBool::new(false);
    let (mut worked, mut fooled, mut rounds) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| swap(&place, &stop));
        let end = Instant::now() + Duration::from_secs(60);
        while rounds < 3_000 || ((worked < 100 || fooled < 20) && Instant::now() < end) {
            rounds += 1;
            // The ordinary way does get fooled, or this test would show nothing.
            fooled +=
                usize::from(fs::read_to_string(place.inside.join("d/file")).is_ok_and(|t| t == OUTSIDE));
            match place.read("d/file") {
                Ok(text) => {
                    worked += 1;
                    assert!(text == "inside" || text == "written", "{text}");
                }
                Err(e) => assert!(
                    matches!(e, FsError::Outside { .. } | FsError::NotFound(_) | FsError::Io { .. }),
                    "{e}"
                ),
            }
            let found = Search { pattern: Some(".".into()), path: Some("d".into()), ..Search::default() };
            assert!(!place.search(found).unwrap_or_default().contains(OUTSIDE));
            let _ = place.list("d", 2, true);
            let _ = place.write("d/file", "written");
            let _ = place.write("d/deeper/new", "written");
            let _ = place.edit("d/file", "OUTSIDE", "edited", true);
            let _ = fs::remove_dir_all(place.inside.join("d/deeper"));
            let names: Vec<_> =
                fs::read_dir(&place.outside).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, ["file"]);
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("{rounds} rounds, {worked} reads worked, the ordinary way was fooled {fooled} times");
    assert!(worked > 0 && fooled > 0, "{worked} reads worked, the ordinary way was fooled {fooled} times");
    place.assert_outside_untouched();
}

#[test]
fn secrets_are_protected_however_they_are_reached() {
    let place = Place::new();
    for path in [".ssh/id", ".env", ".env.production", "deep/.aws/credentials", ".gnupg/key", ".git/config"] {
        place.put(path, OUTSIDE);
    }
    place.put("sub/file", "x");
    symlink(".ssh/id", place.inside.join("key")).unwrap();
    symlink(".ssh", place.inside.join("keys")).unwrap();
    symlink("../.env", place.inside.join("sub/settings")).unwrap();
    let absolute = place.inside.join(".env");
    let paths = [
        ".ssh/id",
        "./.ssh//id",
        "sub/../.ssh/id",
        ".ssh/../.ssh/id",
        ".ssh",
        ".ssh/",
        "key",
        "keys/id",
        "keys",
        ".env",
        "sub/settings",
        ".env.production",
        "deep/.aws/credentials",
        "deep/.aws",
        ".gnupg/key",
        absolute.to_str().unwrap(),
    ];
    for path in paths {
        for (n, result) in place.everything(path).into_iter().enumerate() {
            let error = result.expect_err(path);
            let expected =
                matches!(error, FsError::Protected { .. } | FsError::Directory(_) | FsError::NotDirectory(_));
            assert!(expected, "operation {n} on {path:?}: {error}");
        }
    }
    for path in
        [".ssh/new", ".SSH/new", "new/.ssh/id", ".env.local", "sub/.env", ".aws/x/y", ".netrc", "a/.Env"]
    {
        assert!(matches!(place.write(path, "x"), Err(FsError::Protected { .. })), "{path}");
    }
    assert!(
        !place.inside.join("new").exists() && !place.inside.join(".aws").exists(),
        "nothing is made on the way"
    );
    let error = place.read(".env").unwrap_err().to_string();
    assert!(error.contains("\".env\"") && error.contains("`unprotected`"), "{error}");
    assert_eq!(place.get(".env"), OUTSIDE);

    // What programs run later can be read, not written.
    assert_eq!(place.read(".git/config").unwrap(), OUTSIDE);
    assert!(matches!(place.write(".git/hooks/pre-commit", "x"), Err(FsError::Protected { .. })));

    let found = Search { pattern: Some("OUTSIDE".into()), hidden: true, ..Search::default() };
    let found = place.search(found).unwrap();
    assert!(found.starts_with("[nothing found") && found.contains("(protected)"), "{found}");
    let listed = place.list(".", 3, true).unwrap();
    assert!(!listed.contains("id  ") && !listed.contains("credentials"), "{listed}");

    place.put(".env.example", "NAME=");
    assert_eq!(place.read(".env.example").unwrap(), "NAME=");
    let open = Place::with(|options| options.unprotected = vec![".env".into()]);
    open.put(".env", "NAME=1");
    assert_eq!(open.read(".env").unwrap(), "NAME=1");
}

#[test]
fn named_paths_are_protected_however_they_are_reached() {
    let mut state = PathBuf::new();
    let place = Place::with(|options| {
        state = options.workspace.join("state");
        options.protected = vec![state.clone(), options.workspace.join("init.lua"), "/nowhere/at/all".into()];
    });
    assert!(matches!(place.write("state/db", "x"), Err(FsError::Protected { .. })), "before it exists");
    assert!(matches!(place.write("init.lua", "x"), Err(FsError::Protected { .. })), "before it exists");
    assert!(!state.exists());
    place.put("state/db", OUTSIDE);
    place.put("init.lua", OUTSIDE);
    symlink("state", place.inside.join("link")).unwrap();
    symlink("init.lua", place.inside.join("script")).unwrap();
    fs::hard_link(place.inside.join("init.lua"), place.inside.join("other_name")).unwrap();
    for path in ["state/db", "link/db", "init.lua", "script", "other_name", "state/../init.lua"] {
        assert!(matches!(place.read(path), Err(FsError::Protected { .. })), "{path}");
        assert!(matches!(place.write(path, "x"), Err(FsError::Protected { .. })), "{path}");
        assert!(matches!(place.edit(path, "OUT", "x", false), Err(FsError::Protected { .. })), "{path}");
    }
    let found = place.search(Search { pattern: Some("OUTSIDE".into()), ..Search::default() }).unwrap();
    assert!(found.starts_with("[nothing found"), "{found}");
    assert_eq!((place.get("state/db"), place.get("init.lua")), (OUTSIDE.into(), OUTSIDE.into()));
}

#[test]
fn the_whole_system_as_a_workspace_does_not_open_everything() {
    let place = Place::with(|options| options.workspace = "/".into());
    assert!(matches!(
        place.read("/proc/self/environ"),
        Err(FsError::Protected { .. } | FsError::NotFound(_))
    ));
    assert!(matches!(place.read("/dev/zero"), Err(FsError::Protected { .. })));
    assert!(place.read("/etc/hosts").is_ok());
}

#[test]
fn long_results_can_be_read_and_nothing_else_there() {
    let place =
        Place::with(|options| options.protected = vec![options.workspace.parent().unwrap().join("spill")]);
    let spill = place.inside.parent().unwrap().join("spill");
    fs::create_dir(&spill).unwrap();
    fs::write(spill.join("1-out.spill"), "a long\nresult\n").unwrap();
    symlink("../outside/file", spill.join("link")).unwrap();
    let path = |name: &str| spill.join(name).to_str().unwrap().to_owned();
    assert_eq!(place.read(&path("1-out.spill")).unwrap(), "a long\nresult\n");
    let found = Search { pattern: Some("res".into()), path: Some(path("1-out.spill")), ..Search::default() };
    assert!(place.search(found).unwrap().ends_with("1-out.spill:2: result\n"));
    assert!(place.read(&path("link")).is_err() && place.read(&path("../outside/file")).is_err());
    assert!(matches!(place.write(&path("new"), "x"), Err(FsError::Protected { .. })));
    assert!(place.edit(&path("1-out.spill"), "long", "x", false).is_err());
}

#[test]
fn writing_makes_directories_keeps_modes_and_leaves_nothing_behind() {
    let place = Place::new();
    assert_eq!(place.write("a/b/c.txt", "ü\r\n").unwrap(), "created a/b/c.txt (4 bytes)");
    assert_eq!(place.get("a/b/c.txt"), "ü\r\n");
    let script = place.put("script", "old");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o751)).unwrap();
    assert_eq!(place.write("script", "").unwrap(), "replaced script (0 bytes)");
    assert_eq!(
        (place.get("script").as_str(), fs::metadata(&script).unwrap().permissions().mode() & 0o7777),
        ("", 0o751)
    );
    let frozen = place.put("frozen", "old");
    fs::set_permissions(&frozen, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(place.write("frozen", "new"), Err(FsError::Protected { .. })));
    assert!(matches!(place.write("script/below", "x"), Err(FsError::NotDirectory(_))));
    assert!(matches!(place.write("missing/../x", "x"), Err(FsError::NotFound(_))));
    let listed = place.list(".", 9, true).unwrap();
    assert_eq!(listed, "a/\na/b/\na/b/c.txt  4 B\nfrozen  3 B\nscript  0 B\n");
}

#[test]
fn a_reader_sees_the_old_file_or_the_new_one() {
    let place = Place::new();
    let contents = ["a".repeat(300_000), "b".repeat(200_000)];
    place.put("file", &contents[0]);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !stop.load(Ordering::Relaxed) {
                let text = place.get("file");
                assert!(contents.contains(&text), "{} bytes", text.len());
                seen += 1;
            }
            seen
        });
        for n in 0..200 {
            place.write("file", &contents[n % 2]).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
    });
}

#[test]
fn editing_replaces_exactly_what_is_meant() {
    let place = Place::new();
    place.put("file", "one\ntwo\ntwo\n  three\n");
    assert_eq!(
        place.edit("file", "one\ntwo", "1\n2", false).unwrap(),
        "replaced 1 passage in file, from line 1"
    );
    assert_eq!(place.get("file"), "1\n2\ntwo\n  three\n");
    assert_eq!(place.edit("file", "t", "T", true).unwrap(), "replaced 2 passages in file, from line 3");
    assert_eq!(place.get("file"), "1\n2\nTwo\n  Three\n");
    place.edit("file", "1\n", "", false).unwrap();
    assert_eq!(place.get("file"), "2\nTwo\n  Three\n");
    for (old, new, part) in [
        ("four", "x", "old is not there"),
        ("Three\n\n", "x", "line 3 is like its beginning"),
        ("\n", "x", "there 3 times (lines 1, 2, 3)"),
        ("", "x", "old is empty"),
        ("Two", "Two", "the same"),
    ] {
        let error = place.edit("file", old, new, false).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("\"file\""), "{error}");
    }
    assert_eq!(place.get("file"), "2\nTwo\n  Three\n");
}

#[test]
fn editing_keeps_line_ends_and_modes() {
    let place = Place::new();
    let path = place.put("crlf", "one\r\ntwo\r\nthree\r\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    place.edit("crlf", "one\ntwo\n", "1\n2\n2½\n", false).unwrap();
    assert_eq!(place.get("crlf"), "1\r\n2\r\n2½\r\nthree\r\n");
    place.edit("crlf", "2½\r\n", "", false).unwrap();
    assert_eq!(place.get("crlf"), "1\r\n2\r\nthree\r\n");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o640);
}

#[test]
fn edits_at_the_same_time_are_all_kept() {
    let place = Place::new();
    let names: Vec<_> = (0..40).map(|n| format!("<{n}>")).collect();
    place.put("file", names.concat());
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| {
                place.edit("file", name, &name.replace('<', "(").replace('>', ")"), false).unwrap()
            });
        }
    });
    assert_eq!(place.get("file"), names.concat().replace('<', "(").replace('>', ")"));
}

#[test]
fn listing_is_ordered_and_bounded() {
    let place = Place::new();
    place.put("b/inner/deep", "x");
    place.put("a.txt", "x".repeat(2048));
    place.put(".hidden", "");
    assert_eq!(place.list(".", 1, false).unwrap(), "a.txt  2.0 KiB\nb/\n");
    assert_eq!(
        place.list("", 1, false).unwrap_err().to_string(),
        "the path is empty; \".\" is the workspace itself"
    );
    assert_eq!(place.list(".", 2, true).unwrap(), ".hidden  0 B\na.txt  2.0 KiB\nb/\nb/inner/\n");
    assert_eq!(place.list("b/inner", 1, false).unwrap(), "deep  1 B\n");
    let request = List::default();
    assert!(place.workspace.list(&request, &Bounds::new(MAX_TIME)).unwrap().text.starts_with("a.txt"));

    let many = Place::with(|options| options.output_chars = 1_000_000);
    for n in 0..MAX_ENTRIES + 5 {
        many.put(&format!("{n:05}"), "");
    }
    let listed = many.list(".", 1, false).unwrap();
    assert_eq!(listed.lines().count(), MAX_ENTRIES + 1);
    assert!(
        listed.ends_with(&format!(
            "[… only the first {MAX_ENTRIES} entries; list a directory below for more]\n"
        ))
    );
    let late = many.workspace.list(&request, &Bounds::new(Duration::ZERO));
    assert!(matches!(late, Err(FsError::Late)));
}

#[test]
fn searching_finds_lines_and_names() {
    let place = Place::new();
    place.put("src/main.rs", "fn main() {}\r\n// Main\n");
    place.put("src/deep/lib.rs", "fn lib() {}\n");
    place.put("notes.md", "the main thing\n");
    place.put(".hidden.rs", "main\n");
    place.put("node_modules/x.rs", "main\n");
    place.put(".git/main.rs", "main\n");
    place.put("target/CACHEDIR.TAG", "");
    place.put("target/main.rs", "main\n");
    place.put("binary.rs", "main\0");
    let search = |pattern: Option<&str>, glob: Option<&str>| Search {
        pattern: pattern.map(Into::into),
        glob: glob.map(Into::into),
        ..Search::default()
    };
    let passed = "[passed by: node_modules/, target/]\n";
    for (request, found) in [
        (search(Some("main"), None), "notes.md:1: the main thing\nsrc/main.rs:1: fn main() {}\n"),
        (
            search(Some("^fn .*\\}$"), Some("*.rs")),
            "src/deep/lib.rs:1: fn lib() {}\nsrc/main.rs:1: fn main() {}\n",
        ),
        (Search { ignore_case: true, ..search(Some("// MAIN"), None) }, "src/main.rs:2: // Main\n"),
        (search(None, Some("*.rs")), "binary.rs\nsrc/deep/lib.rs\nsrc/main.rs\n"),
        (search(None, Some("src/*.rs")), "src/main.rs\n"),
        (search(None, Some("src/**/*.rs")), "src/deep/lib.rs\nsrc/main.rs\n"),
        (search(None, Some("de*")), "src/deep/\n"),
        (search(Some("nothing"), Some("*.md")), "[nothing found in 1 files]\n"),
        (search(None, Some("*.py")), "[nothing found]\n"),
    ] {
        assert_eq!(place.search(request).unwrap(), format!("{found}{passed}"));
    }
    let hidden = Search { hidden: true, ..search(Some("main"), Some("*.rs")) };
    assert!(place.search(hidden).unwrap().starts_with(".hidden.rs:1: main\nsrc/main.rs:1"));
    let asked_for = Search { path: Some("target".into()), ..search(Some("main"), None) };
    assert_eq!(place.search(asked_for).unwrap(), "main.rs:1: main\n");
    let one = Search { path: Some("src/main.rs".into()), ..search(Some("Main"), None) };
    assert_eq!(place.search(one).unwrap(), "src/main.rs:2: // Main\n");
    let few = Search { max_results: Some(1), ..search(Some("main"), None) };
    let few = place.search(few).unwrap();
    assert!(few.starts_with("notes.md:1: the main thing\n[… 1 results so far: there are more"), "{few}");
    for (request, part) in [
        (search(None, None), "give a pattern"),
        (search(Some("("), None), "pattern: "),
        (search(None, Some("[")), "glob: "),
    ] {
        assert!(place.search(request).unwrap_err().to_string().contains(part));
    }
}

#[test]
fn searching_stays_within_its_bounds() {
    let place = Place::new();
    place.put("long", "x".repeat(1_000_000) + " end\nnext end\n");
    let found = place.search(Search { pattern: Some("end|x".into()), ..Search::default() }).unwrap();
    assert!(found.starts_with(&format!("long:1: {}…\nlong:2: next end\n", "x".repeat(300))), "{found}");
    place.put("many", "hit\n".repeat(100_000));
    let request = Search { pattern: Some("hit".into()), max_results: Some(usize::MAX), ..Search::default() };
    let found = place.search(request).unwrap();
    assert!(found.chars().count() <= 10_000 && found.contains("there are more"));
    let request = Search { pattern: Some("x".into()), ..Search::default() };
    let late = place.workspace.search(&request, &Bounds::new(Duration::ZERO)).unwrap();
    assert!(late.text.contains("the time for it was over"), "{}", late.text);
}

#[test]
fn a_workspace_that_is_not_there_is_told() {
    let place = Place::with(|options| options.workspace = Path::new("/nowhere/at/all").into());
    let error = place.read("x").unwrap_err().to_string();
    assert!(error.contains("/nowhere/at/all") && error.contains("workspace"), "{error}");
}
