//! Asking people wherever they are: at this terminal, or by a channel.

use super::door;
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver},
        hook::TurnContext,
    },
    gateway::Questions,
};
use std::{sync::Arc, time::Duration};

/// Asks at the terminal or a device, or by a channel.
pub(super) struct Anywhere {
    pub(super) here: Arc<dyn Approver>,
    pub(super) questions: Arc<Questions>,
}

impl Approver for Anywhere {
    fn ask<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Option<Approval>> {
        self.here.ask(request)
    }

    fn refer<'a>(
        &'a self,
        request: &'a ApprovalRequest,
        to: &'a str,
        timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Approval, String>> {
        match to.split_once(':') {
            Some((door::CHANNEL, _)) => self.here.refer(request, to, timeout),
            _ => Box::pin(self.questions.ask(request, to, timeout)),
        }
    }

    fn speaker(&self, context: &TurnContext) -> Option<String> {
        self.questions.speaker(context).or_else(|| self.here.speaker(context))
    }
}
