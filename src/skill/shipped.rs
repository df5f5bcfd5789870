//! The skills that come with the program. They are part of it, so they are trusted as it is.

/// The files of a skill, by name.
pub type Files = &'static [(&'static str, &'static [u8])];

/// All of them.
pub(super) const SHIPPED: &[Files] = &[
    &[
        ("SKILL.md", include_bytes!("../../skills/hello-wasm/SKILL.md")),
        ("skill.wasm", include_bytes!("../../skills/hello-wasm/skill.wasm")),
    ],
    &[
        ("SKILL.md", include_bytes!("../../skills/word-count/SKILL.md")),
        ("skill.wasm", include_bytes!("../../skills/word-count/skill.wasm")),
    ],
];
