//! The modules that come with the program are built from the sources beside them.

use std::{fs, path::Path};

#[test]
fn modules_in_the_text_format_are_what_their_sources_say() {
    for name in ["skills/word-count/skill", "src/app/doctor/probe"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let built = wat::parse_file(path.with_extension("wat")).expect("a good source");
        if std::env::var_os("UPDATE_SKILLS").is_some() {
            fs::write(path.with_extension("wasm"), &built).expect("written");
        }
        assert_eq!(fs::read(path.with_extension("wasm")).expect("the module"), built, "{name}");
    }
}
