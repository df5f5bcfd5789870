//! Making a request fit the model's window: first less is said of the tools, then older turns go, and
//! what the person said last is cut only when nothing else is left.

use super::{
    super::{context, cost, offered::Extent},
    Run,
};
use crate::domain::{message::Message, usage::estimate_tokens};
use std::collections::BTreeSet;

/// The share of the room that is kept for the conversation before the newest message, where there is one.
const OLDER_SHARE: u64 = 4;

/// Estimated tokens of the remark that says where a message that was cut is kept.
const REMARK_TOKENS: u64 = 80;

impl Run<'_> {
    /// The tokens that a whole request may have, by our estimate.
    fn window_room(&self) -> u64 {
        let facts = self.agent.parts.llm.facts(&self.asking);
        self.agent.windows.room(&self.asking, &facts)
    }

    /// The tokens that the conversation may have, by our estimate.
    pub(super) fn room(&self) -> u64 {
        let room = self.window_room();
        // However long the prompt is, some of the conversation must go along.
        room.saturating_sub(self.fixed).max(room / 8)
    }

    /// Offers less of the tools until the newest message has room. `newest` and `older` are the estimated
    /// tokens of it and of what stands before it.
    pub(super) fn offer_less(&mut self, newest: u64, older: u64, in_use: &BTreeSet<String>) {
        let room = self.window_room();
        let needed = newest + older.min(room / OLDER_SHARE);
        let before = self.extent;
        while self.fixed + needed > room
            && let Some(less) = self.extent.less()
        {
            // Without any tool the message does not fit either: it is kept in a file, which one reads.
            if less == Extent::Nothing && estimate_tokens(&self.system) + needed > room {
                break;
            }
            self.extent = less;
            self.offered = less.of(&self.tools, &|name| in_use.contains(name));
            self.fixed = estimate_tokens(&self.system) + cost::tools_cost(&self.offered);
        }
        if before == Extent::Whole && self.extent > Extent::Short {
            self.notice(format!(
                "the model's window is small: {} of {} tools are offered to it, in short. A larger window \
                 (context_window), or an agent with fewer tools, avoids that",
                self.offered.len(),
                self.tools.len()
            ));
        }
    }

    /// The same for the conversation as it is now.
    fn offer_what_fits(&mut self) {
        let current = self.history.iter().rposition(|m| matches!(m, Message::User { .. })).unwrap_or(0);
        let newest = self.history.get(current).map_or(0, cost::cost);
        let in_use = self.history[current..].iter().flat_map(|message| match message {
            Message::Assistant(assistant) => assistant.calls.as_slice(),
            _ => &[],
        });
        let in_use = in_use.map(|call| call.name.clone()).collect();
        self.offer_less(newest, self.length.saturating_sub(newest), &in_use);
    }

    /// The conversation in the room that there is; `None`: it fits as it is.
    pub(super) async fn fitted(&mut self) -> Option<Vec<Message>> {
        if self.fixed + self.length > self.window_room() {
            self.offer_what_fits();
        }
        let room = self.room();
        if self.length <= room {
            return None;
        }
        let mut fitted = context::fit(&self.history, room)?;
        if context::newest(&fitted) != context::newest(&self.history) {
            fitted = context::fit(&self.history, room.saturating_sub(REMARK_TOKENS))?;
            self.keep_newest(&mut fitted).await;
        }
        Some(fitted)
    }

    /// Keeps what the person said last, which was cut, and says where.
    async fn keep_newest(&mut self, fitted: &mut [Message]) {
        let Some(whole) = context::newest(&self.history).map(str::to_owned) else { return };
        if self.kept.as_ref().is_none_or(|(kept, _)| *kept != whole) {
            let file = self.agent.parts.executor.keep(&whole).await;
            let shown = context::newest(fitted).map_or(0, |text| text.chars().count());
            let total = whole.chars().count();
            let place =
                file.as_ref().map_or(String::new(), |file| format!("; all of it is in {}", file.display()));
            self.notice(format!(
                "your message is longer than the model's window: about {shown} of its {total} characters are sent{place}"
            ));
            self.kept = Some((whole, file));
        }
        let cut = fitted.iter_mut().rev().find_map(|message| match message {
            Message::User { text } => Some(text),
            _ => None,
        });
        if let (Some(text), Some((_, Some(file)))) = (cut, &self.kept) {
            text.push_str(&format!("\n[all of this message is in the file {}]", file.display()));
        }
    }
}
