//! Asking in the REPL: the question is read by the same editor as everything else.

use super::editor::{Editor, Read};
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
    },
    front::{Colour, Live, question, read_answer},
};
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// Asks through the editor.
pub(super) struct AskInEditor {
    editor: Arc<Mutex<Editor>>,
    cancel: Arc<std::sync::Mutex<CancellationToken>>,
    live: std::sync::Mutex<Option<Arc<Live>>>,
}

impl AskInEditor {
    pub(super) fn new(editor: Arc<Mutex<Editor>>, cancel: Arc<std::sync::Mutex<CancellationToken>>) -> Self {
        Self { editor, cancel, live: std::sync::Mutex::new(None) }
    }

    /// What to pause while asking.
    pub(super) fn use_live(&self, live: Option<Arc<Live>>) {
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }
}

impl Approver for AskInEditor {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        Box::pin(async move {
            let mut editor = self.editor.lock().await;
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let _pause = live.as_ref().map(|live| live.pause());
            let text = question(request, Colour::stderr());
            // The editor's prompt is one line; what stands above it is printed.
            let (above, prompt) = text.rsplit_once('\n').unwrap_or(("", &text));
            eprintln!("{above}");
            loop {
                match editor.line(prompt, false).await {
                    Read::Line(line) => match read_answer(&line) {
                        Some(answer) => return Some(answer),
                        None => eprintln!("please answer y, n or a"),
                    },
                    Read::Interrupted => {
                        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).cancel();
                        return Some(Approval::No);
                    }
                    Read::End => return None,
                }
            }
        })
    }
}
