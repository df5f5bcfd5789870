//! The REPL on a daemon's engine.

use super::{
    End, Front,
    engine::{Engine, Remote},
    signals::Signals,
};
use crate::{
    attach::{Link, Whereabouts},
    config::{Environment, Redactor},
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        device::Role,
    },
    front::to_stderr,
};
use std::{
    io::{IsTerminal, stdin},
    path::PathBuf,
    sync::Arc,
};

/// How to attach.
pub struct Attach {
    /// Where the daemon is.
    pub way: Box<dyn Whereabouts>,
    /// Go on with this session, or begin one of this name.
    pub session: Option<String>,
    /// The agent that answers, in place of the session's own.
    pub agent: Option<String>,
    /// The model that answers, in place of the agent's own.
    pub model: Option<String>,
    /// Questions about calls are answered with yes.
    pub yes: bool,
    /// Where the line editor's history is kept.
    pub history: PathBuf,
    /// What there is to say about the daemon, behind the line that names it.
    pub remark: Option<String>,
}

/// Says yes to what rules ask about. What hooks ask about is put to the person, if there is one.
pub struct Yes(pub Option<Arc<dyn Approver>>);

impl Approver for Yes {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        match (&self.0, request.is_of_hook()) {
            (_, false) => Box::pin(std::future::ready(Some(Approval::Yes))),
            (Some(person), true) => person.ask(request),
            (None, true) => Box::pin(std::future::ready(None)),
        }
    }
}

/// Runs on a daemon's engine, until `/quit` or the end of the input.
pub async fn attached(attach: Attach) -> anyhow::Result<End> {
    let mut signals = Signals::listen()?;
    let Attach { way, session, agent, model, yes, history, remark } = attach;
    let front = Front::start()?;
    let _diverted = front.log();
    let person = stdin().is_terminal().then(|| front.approver.clone() as Arc<dyn Approver>);
    let approver = if yes { Some(Arc::new(Yes(person)) as Arc<dyn Approver>) } else { person };
    let starting = async {
        let link = Link::open(way).await?;
        front.approver.trust(link.welcome().await?.0.role == Role::Owner);
        let greeting = greeting(&link, remark).await?;
        if !stdin().is_terminal() {
            // A prompt begins with it; without one it is told all the same.
            to_stderr(&format!("{greeting}\n"));
        }
        let engine =
            Remote { link: link.clone(), approver, agent, chosen: model, greeting, known: Vec::new().into() };
        let session = engine.open(session.as_deref()).await?;
        anyhow::Ok((link, engine, session))
    };
    let (link, engine, session) = tokio::select! {
        started = starting => started?,
        _ = signals.next() => return Ok(End::Stopped),
    };
    // What else the daemon knows as a secret is not known here.
    let redactor = Redactor::of(&Environment::of_process());
    let keep = Box::new(move |line: &str| redactor.redact(line) == line);
    front.editor.lock().await.use_history(history, keep);
    let keeping = link.keep(front.notices.sink());
    let end = front.talk(Arc::new(engine), session, signals).await;
    drop(keeping);
    link.close().await;
    Ok(end)
}

async fn greeting(link: &Link, remark: Option<String>) -> anyhow::Result<String> {
    let (welcome, pid) = link.welcome().await?;
    let pid = pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
    let who = match pid.is_empty() {
        true => format!(" as {:?} ({})", welcome.name, welcome.role),
        false => String::new(),
    };
    let remark = remark.map(|remark| format!("; {remark}")).unwrap_or_default();
    Ok(format!("attached to {}{pid}{who}, generation {}{remark}", link.name(), welcome.generation))
}
