//! Asking in the REPL: the question is read by the same thread as everything else.

use super::editor::{Editor, Read};
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
    },
    front::{Colour, Live, Offer, question, read_answer, to_stderr},
};
use std::{
    io::IsTerminal,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Asks through the editor.
pub(super) struct AskInEditor {
    editor: Arc<Mutex<Editor>>,
    turn: std::sync::Mutex<(CancellationToken, Option<Arc<Live>>)>,
    /// Whoever sits here may allow something for good.
    trusted: AtomicBool,
}

impl AskInEditor {
    pub(super) fn new(editor: Arc<Mutex<Editor>>) -> Self {
        Self { editor, turn: std::sync::Mutex::default(), trusted: AtomicBool::new(true) }
    }

    /// Whether whoever sits here may allow something for good: on a daemon, owners may.
    pub(super) fn trust(&self, trusted: bool) {
        self.trusted.store(trusted, Ordering::Relaxed);
    }

    /// The turn that asks from now on: what stops it, and what to pause while asking.
    pub(super) fn serve(&self, cancel: CancellationToken, live: Option<Arc<Live>>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = (cancel, live);
    }
}

impl Approver for AskInEditor {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            if !std::io::stdin().is_terminal() {
                return None;
            }
            // One question at a time.
            let editor = self.editor.lock().await;
            let (cancel, live) = self.turn.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _pause = live.as_ref().map(|live| live.pause());
            let offer = Offer::of(request, self.trusted.load(Ordering::Relaxed));
            let text = question(request, offer, Colour::stderr());
            // The editor's prompt is one line; what stands above it is printed.
            let (above, prompt) = text.rsplit_once('\n').unwrap_or(("", &text));
            to_stderr(&format!("{above}\n"));
            loop {
                match editor.ask(prompt.to_owned()).await {
                    Read::Line(line) => match read_answer(&line, offer) {
                        Some(answer) => return Some(answer),
                        None => to_stderr(offer.again()),
                    },
                    Read::Interrupted => {
                        cancel.cancel();
                        return Some(Approval::No);
                    }
                    Read::End | Read::Stopped | Read::Unusable(..) => return Some(Approval::No),
                }
            }
        })
    }
}
