//! Tool names on the wire: servers take `[a-zA-Z0-9_-]{1,64}`, ours have dots.

use crate::domain::{message::Message, tool::ToolSpec};
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

/// A one-to-one map between our tool names and those on the wire, for one request.
///
/// Depends on the tools on offer alone, so that requests stay the same byte for byte; names that
/// appear only in the history come after them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    wire: BTreeMap<String, String>,
    ours: BTreeMap<String, String>,
    offered: BTreeSet<String>,
}

impl Names {
    /// The longest name that servers take.
    pub const MAX: usize = 64;

    /// The map for these tools and for the calls in `messages`.
    pub fn new(tools: &[ToolSpec], messages: &[Message]) -> Self {
        Self::with(&Self::of_tools(tools), messages).into_owned()
    }

    /// The map for these tools and for the calls in `messages`, from that for the tools.
    pub(super) fn with<'n>(tools: &'n Self, messages: &[Message]) -> Cow<'n, Self> {
        let mut names = Cow::Borrowed(tools);
        for name in tools.unknown(messages) {
            names.to_mut().take(name);
        }
        names
    }

    /// The names of the calls in `messages` that have no form on the wire.
    fn unknown<'m>(&'m self, messages: &'m [Message]) -> impl Iterator<Item = &'m str> {
        let calls = messages.iter().flat_map(|message| match message {
            Message::Assistant(message) => message.calls.as_slice(),
            _ => &[],
        });
        calls.map(|call| call.name.as_str()).filter(|name| !self.wire.contains_key(*name))
    }

    /// The map for these tools.
    pub(super) fn of_tools(tools: &[ToolSpec]) -> Self {
        let mut names = Self { offered: tools.iter().map(|t| t.name.clone()).collect(), ..Self::default() };
        for name in names.offered.clone() {
            names.take_as_is(&name);
        }
        for name in names.offered.clone() {
            names.take(&name);
        }
        names
    }

    /// The name on the wire of our `name`.
    pub fn to_wire(&self, name: &str) -> String {
        self.wire.get(name).cloned().unwrap_or_else(|| plain(name))
    }

    /// Our name for what a model said: the exact name, or what it most likely meant. A name that
    /// nothing fits comes back as it is.
    pub fn to_ours(&self, said: &str) -> String {
        let said = said.trim();
        if let Some(name) = self.ours.get(said) {
            return name.clone();
        }
        if self.offered.contains(said) {
            return said.to_owned();
        }
        let bare = without_decoration(said);
        if let Some(name) = self.ours.get(bare) {
            return name.clone();
        }
        let close = folded(bare);
        let mut fits = self.offered.iter().filter(|name| folded(name) == close);
        match (fits.next(), fits.next()) {
            (Some(name), None) => name.clone(),
            _ => said.to_owned(),
        }
    }

    /// The tools on offer that models know by another name than their own, because a further tool has that
    /// one: ours, and that on the wire.
    pub fn renamed(&self) -> impl Iterator<Item = (&str, &str)> {
        let offered = self.wire.iter().filter(|(name, _)| self.offered.contains(*name));
        offered.map(|(name, form)| (name.as_str(), form.as_str())).filter(|(name, form)| plain(name) != *form)
    }

    /// The map for tools of these names, for those who only look.
    pub fn of(tools: &[ToolSpec]) -> Self {
        Self::of_tools(tools)
    }

    /// Whether `name` (one of ours) is on offer.
    pub fn offers(&self, name: &str) -> bool {
        self.offered.contains(name)
    }

    /// Whether `name` (one of ours) is on offer, or was called in the conversation.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.wire.contains_key(name)
    }

    /// Whether there is no name at all.
    pub(super) fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }

    /// Names that servers take already keep their form, whatever else is there.
    fn take_as_is(&mut self, name: &str) {
        if plain(name) == name {
            self.put(name, name.to_owned());
        }
    }

    fn take(&mut self, name: &str) {
        if self.wire.contains_key(name) {
            return;
        }
        let form = plain(name);
        if form.len() <= Self::MAX && !self.ours.contains_key(&form) && sanitised(name).len() <= Self::MAX {
            return self.put(name, form);
        }
        let hash: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
        for length in HASH_LENGTH..=hash.len() {
            let keep = Self::MAX.saturating_sub(length + 1).min(form.len());
            let form = if keep == 0 {
                format!("_{hash}")[..Self::MAX].to_owned()
            } else {
                format!("{}_{}", &form[..keep], &hash[..length])
            };
            if !self.ours.contains_key(&form) {
                return self.put(name, form);
            }
        }
    }

    fn put(&mut self, name: &str, form: String) {
        self.ours.insert(form.clone(), name.to_owned());
        self.wire.insert(name.to_owned(), form);
    }
}

/// A name without what some models put around every name: `functions.x:0`, `default_api:x`,
/// `x<|channel|>commentary`.
fn without_decoration(said: &str) -> &str {
    let bare = said.split("<|").next().unwrap_or_default().trim();
    let bare = match bare.rsplit_once(':') {
        // The number of the call.
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => bare,
    };
    let bare = bare.rsplit_once(':').map_or(bare, |(_, name)| name);
    bare.strip_prefix("functions.").or(bare.strip_prefix("default_api.")).unwrap_or(bare)
}

const HASH_LENGTH: usize = 8;

/// The form of `name` on the wire when nothing else has it.
fn plain(name: &str) -> String {
    let mut form = sanitised(name);
    form.truncate(Names::MAX);
    form
}

/// The same for all spellings of a name that models mix up.
fn folded(name: &str) -> String {
    plain(name).replace('-', "_").to_ascii_lowercase()
}

fn sanitised(name: &str) -> String {
    let mut form: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    // Some servers want a letter or an underscore first.
    if !form.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        form.insert(0, '_');
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tool::Effect;

    fn tools(names: &[&str]) -> Vec<ToolSpec> {
        names
            .iter()
            .map(|name| ToolSpec {
                name: (*name).to_owned(),
                description: String::new(),
                parameters: serde_json::json!({}).into(),
                effect: Effect::Read,
            })
            .collect()
    }

    #[test]
    fn odd_names_map_one_to_one() {
        let long = "x.".repeat(100);
        let longer = format!("{long}y");
        let odd = [
            "system.run",
            "system_run",
            "system/run",
            "System.Run",
            "",
            ".",
            "_",
            "..",
            "1st",
            "9.9",
            "한국어",
            "a b",
            "a-b",
            "a_b",
            "a.b",
            &long,
            &longer,
            "-",
            "--x",
        ];
        let tools = tools(&odd);
        let names = Names::new(&tools, &[]);
        let mut seen = BTreeSet::new();
        for name in odd {
            let wire = names.to_wire(name);
            assert!((1..=Names::MAX).contains(&wire.len()), "{name:?} -> {wire:?}");
            assert!(wire.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'), "{wire:?}");
            assert!(wire.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{wire:?}");
            assert!(seen.insert(wire.clone()), "{wire:?} twice");
            assert_eq!(names.to_ours(&wire), name);
        }
        assert_eq!(names.to_wire("system_run"), "system_run", "a good name keeps its form");
    }

    #[test]
    fn what_models_say_is_understood() {
        let names = Names::new(&tools(&["system.run", "fs.read"]), &[]);
        for said in [
            "system_run",
            "system.run",
            " system_run ",
            "functions.system_run",
            "default_api:system_run",
            "System_Run",
            "functions.system_run:0",
            "system_run:12",
            "system_run<|channel|>commentary",
            "functions.system.run <|constrain|>json",
        ] {
            assert_eq!(names.to_ours(said), "system.run", "{said:?}");
        }
        assert_eq!(names.to_ours("rm_rf"), "rm_rf");
        let names = Names::new(&tools(&["get-weather", "home.get-lights"]), &[]);
        for (said, ours) in [
            ("get-weather", "get-weather"),
            ("get_weather", "get-weather"),
            ("functions.get_weather", "get-weather"),
            ("home_get-lights", "home.get-lights"),
            ("home_get_lights", "home.get-lights"),
            ("home.get_lights", "home.get-lights"),
        ] {
            assert_eq!(names.to_ours(said), ours, "{said}");
        }
        // Where two are as near, neither is meant.
        let names = Names::new(&tools(&["get-weather", "get_weather"]), &[]);
        assert_eq!(names.to_ours("get_weather"), "get_weather");
        assert_eq!(names.to_ours("get-weather"), "get-weather");
        assert_eq!(names.to_ours("Get.Weather"), "Get.Weather");
    }

    #[test]
    fn who_lost_their_name_is_known() {
        let names = Names::of(&tools(&["get.weather", "get_weather", "get-weather", "fs.read"]));
        let renamed: Vec<_> = names.renamed().collect();
        let [("get.weather", form)] = renamed[..] else { panic!("{renamed:?}") };
        assert!(form.starts_with("get_weather_"), "{form}");
    }

    #[test]
    fn the_order_of_the_tools_does_not_matter() {
        let one = Names::new(&tools(&["a.b", "a_b", "a/b"]), &[]);
        let other = Names::new(&tools(&["a/b", "a.b", "a_b"]), &[]);
        assert_eq!(one.wire, other.wire);
    }
}
