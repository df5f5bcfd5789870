//! Asking people wherever they are: at this terminal, or by a channel.

use super::door;
use crate::{
    domain::{
        BoxFuture,
        approval::{Approval, ApprovalRequest, Approver, Approvers, Ruling},
        hook::TurnContext,
    },
    gateway::Questions,
};
use futures_util::future::{Either, select};
use std::{future::Future, pin::pin, sync::Arc, time::Duration};

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
        to: &'a [String],
        timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Ruling, String>> {
        let on_device = |to: &&String| matches!(to.split_once(':'), Some((door::CHANNEL, _)));
        let (devices, people): (Vec<_>, Vec<_>) = to.iter().cloned().partition(|to| on_device(&to));
        Box::pin(async move {
            let here = self.here.refer(request, &devices, timeout);
            let elsewhere = self.questions.ask(request, &people, timeout);
            match (devices.is_empty(), people.is_empty()) {
                (true, _) => elsewhere.await,
                (_, true) => here.await,
                _ => first(here, elsewhere).await,
            }
        })
    }

    fn asked_before<'a>(
        &'a self,
        request: &'a ApprovalRequest,
    ) -> BoxFuture<'a, Option<Result<Ruling, String>>> {
        Box::pin(self.questions.asked_before(request))
    }

    fn approvers(&self, context: &TurnContext) -> Approvers {
        self.questions.approvers(context).unwrap_or_else(|| self.here.approvers(context))
    }

    fn inform<'a>(&'a self, context: &'a TurnContext, text: String) -> BoxFuture<'a, ()> {
        match self.questions.serves(&context.origin.channel) {
            true => Box::pin(self.questions.inform(context, text)),
            false => self.here.inform(context, text),
        }
    }
}

/// The first answer of two; without one, why there is none.
async fn first<T>(
    here: impl Future<Output = Result<T, String>>,
    elsewhere: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    match select(pin!(here), pin!(elsewhere)).await {
        Either::Left((Ok(reply), _)) | Either::Right((Ok(reply), _)) => Ok(reply),
        Either::Left((Err(why), other)) => other.await.map_err(|also| format!("{why}; {also}")),
        Either::Right((Err(why), other)) => other.await.map_err(|also| format!("{why}; {also}")),
    }
}
