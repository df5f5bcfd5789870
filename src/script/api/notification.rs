//! `pista.notify(text, {…})`: a notification for the person at this machine.

use super::{
    Api,
    arguments::{options, text},
    equipment,
};
use mlua::{Lua, Value};

const WHAT: &str = "pista.notify";
/// Characters that are shown of a title and of a text.
const TITLE: usize = 100;
const TEXT: usize = 1_000;

pub(super) fn register(api: &Api) -> mlua::Result<()> {
    api.wait("notify", WHAT, |lua: Lua, (words, settings): (Value, Value)| async move {
        let words = shown(&text(&lua, WHAT, "the text", &words)?, TEXT);
        let title = {
            let fields = options(&lua, WHAT, &settings, &["title"])?;
            fields.text("title")?.unwrap_or_else(|| "openpista".into())
        };
        let desktop = equipment(&lua, WHAT)?.primitives.desktop.clone();
        Ok(desktop.notify(&shown(&title, TITLE), &words).await)
    })
}

/// Without what desktops can't show, and not too long.
fn shown(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(most).collect()
}
