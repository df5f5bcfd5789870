//! Files, in and out.

use crate::{
    echo, home, shows, start,
    support::{
        fake_telegram::{ADA, FakeTelegram},
        program::until,
    },
};
use serde_json::{Value, json};

fn document(id: &str, name: &str, size: u64) -> Value {
    json!({"document": {"file_id": id, "file_unique_id": id, "file_size": size, "file_name": name}})
}

#[test]
fn files_arrive_in_the_inbox_under_safe_names() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    telegram.file("one", "documents/file_1.txt", b"the content");
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    let mut content = document("one", "../../evil name.txt", 11);
    content["caption"] = "read this".into();
    let id = telegram.arrives(ADA, ADA, content);
    let path = format!("inbox/{ADA}-{id}-_.._evil_name.txt");
    shows(&telegram, ADA, &[&format!("You said: read this\n[file: {path}]")]);
    assert_eq!(std::fs::read(home.work().join(&path)).expect("the file"), b"the content");
    daemon.stop().ok();
}

#[test]
fn pictures_that_belong_together_are_one_message() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    for id in ["small", "a", "b"] {
        telegram.file(id, &format!("photos/{id}.jpg"), id.as_bytes());
    }
    let photo = |id: &str| {
        json!({"media_group_id": "7", "photo": [
            {"file_id": "small", "file_unique_id": "s", "file_size": 5, "width": 10, "height": 10},
            {"file_id": id, "file_unique_id": id, "file_size": 1, "width": 100, "height": 100},
        ]})
    };
    let ids = ["a", "b"].map(|id| telegram.arrives(ADA, ADA, photo(id)));
    let home = home(&model, &telegram, "");
    let daemon = start(&home);
    let paths = ids.map(|id| format!("inbox/{ADA}-{id}-photo.jpg"));
    shows(&telegram, ADA, &[&format!("You said: [file: {}]\n[file: {}]", paths[0], paths[1])]);
    assert_eq!(std::fs::read(home.work().join(&paths[1])).expect("the file"), b"b");
    daemon.stop().ok();
}

#[test]
fn what_cannot_be_fetched_is_told() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let elsewhere = home.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a directory");
    let daemon = start(&home);
    telegram.arrives(ADA, ADA, document("one", "big.iso", 21 << 20));
    shows(&telegram, ADA, &["You said: [file big.iso: not fetched, it is larger than 20 MiB]"]);
    telegram.arrives(ADA, ADA, document("gone", "a.txt", 1));
    assert!(telegram.awaits(ADA, |texts| texts.len() == 2 && texts[1].contains("[file a.txt: not fetched")));
    // A link in the place of the inbox leads nowhere.
    let _ = std::fs::remove_dir_all(home.work().join("inbox"));
    std::os::unix::fs::symlink(&elsewhere, home.work().join("inbox")).expect("a link");
    telegram.file("one", "documents/1", b"x");
    telegram.arrives(ADA, ADA, document("one", "a.txt", 1));
    assert!(telegram.awaits(ADA, |texts| texts.len() == 3 && texts[2].contains("is no directory")));
    assert_eq!(std::fs::read_dir(&elsewhere).expect("a directory").count(), 0);
    daemon.stop().ok();
}

#[test]
fn files_go_out_as_pictures_and_documents() {
    let (model, telegram) = (echo(), FakeTelegram::start());
    let home = home(&model, &telegram, "");
    let lua = std::fs::read_to_string(home.config().join("init.lua")).expect("it is there");
    home.init(&format!(
        "{lua}pista.command('send', {{}}, function(_, args)
            pista.send('telegram:{ADA}', {{ text = args[1] ~= '-' and args[1] or nil, files = {{ table.unpack(args, 2) }} }})
        end)"
    ));
    std::fs::write(home.work().join("a.png"), b"\x89PNG rest").expect("a file");
    std::fs::write(home.work().join("b.png"), b"no picture").expect("a file");
    std::fs::write(home.work().join("c.txt"), b"text").expect("a file");
    let daemon = start(&home);
    telegram.says(ADA, "/send **look** a.png b.png c.txt");
    assert!(until(|| telegram.sent(ADA).len() == 3), "{:?} {:?}", telegram.sent(ADA), telegram.refusals());
    let files: Vec<_> = telegram
        .sent(ADA)
        .into_iter()
        .map(|sent| (sent.text, sent.file.expect("a file")))
        .map(|(text, (kind, name, bytes))| (text, kind, name, bytes))
        .collect();
    let of = |text: &str, kind: &str, name: &str, bytes: &[u8]| {
        (text.to_owned(), kind.to_owned(), name.to_owned(), bytes.to_owned())
    };
    assert_eq!(
        files,
        [
            of("look", "photo", "a.png", b"\x89PNG rest"),
            of("", "document", "b.png", b"no picture"),
            of("", "document", "c.txt", b"text"),
        ]
    );
    // What may not be read may not be sent.
    telegram.says(ADA, "/send - ../home/.config/openpista/init.lua");
    assert!(telegram.awaits(ADA, |texts| texts.len() == 4 && texts[3].starts_with("error: ")));
    daemon.stop().ok();
}
