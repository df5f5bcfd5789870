//! What a program that stays works with, in a few lines.

use super::App;
use crate::domain::{
    causes::causes,
    plan::{ChannelKind, ChannelSpec},
};

impl App {
    /// Whether a channel or a job is declared.
    pub fn runs_by_itself(&self) -> bool {
        let plan = &self.live.load().loaded.plan;
        !plan.channels.is_empty() || !plan.cron.is_empty()
    }

    /// The model, the channels and the jobs, in one line.
    pub async fn summary(&self) -> String {
        let live = self.live.load_full();
        let channels: Vec<_> = live.loaded.plan.channels.values().map(channel).collect();
        let jobs = match live.loaded.jobs().await {
            Ok(jobs) => jobs
                .iter()
                .map(|job| match &job.next {
                    Some(next) => format!("{} (next {next})", job.spec.name),
                    None => format!("{} (not due any more)", job.spec.name),
                })
                .collect(),
            // The scheduler tells of it, too.
            Err(error) => vec![format!("unknown: {}", causes(error.as_ref()))],
        };
        let model = self.resolved(&live.models.default).unwrap_or_else(|why| format!("none ({why})"));
        format!("model {model}; channels {}; jobs {}", listed(&channels), listed(&jobs))
    }
}

fn channel(spec: &ChannelSpec) -> String {
    let name = &spec.name;
    match &spec.kind {
        ChannelKind::Lua { .. } => format!("{name} (Lua)"),
        ChannelKind::Http(http) => format!("{name} (HTTP on {})", http.listen),
        ChannelKind::Telegram(_) => format!("{name} (Telegram)"),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
