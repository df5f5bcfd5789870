//! The modules that come with the program are built from the sources beside them.

use std::{fs, path::Path};

#[test]
fn the_text_module_is_what_its_source_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("skills/word-count");
    let built = wat::parse_file(folder.join("skill.wat")).expect("a good source");
    if std::env::var_os("UPDATE_SKILLS").is_some() {
        fs::write(folder.join("skill.wasm"), &built).expect("written");
    }
    assert_eq!(fs::read(folder.join("skill.wasm")).expect("the module"), built);
}
