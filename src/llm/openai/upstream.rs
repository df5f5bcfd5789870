//! The body of an answer, read to its end even when nobody listens any more.

use super::pulse::Pulse;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// How long the few bytes behind `[DONE]` may take.
const REST: Duration = Duration::from_secs(1);

type Bytes = Result<Vec<u8>, reqwest::Error>;

/// A body. When it is dropped after `[DONE]`, the rest is read off in the background: a connection
/// whose answer was read to the end is used again for the next call.
pub(super) struct Upstream {
    inner: Option<BoxStream<'static, Bytes>>,
    pulse: Arc<Pulse>,
}

impl Upstream {
    pub(super) fn new(response: reqwest::Response, pulse: Arc<Pulse>) -> Self {
        let inner = response.bytes_stream().map(|chunk| chunk.map(Vec::from));
        Self { inner: Some(inner.boxed()), pulse }
    }
}

impl Stream for Upstream {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let polled = inner.poll_next_unpin(context);
        if let Poll::Ready(None | Some(Err(_))) = polled {
            self.inner = None;
        }
        polled
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take().filter(|_| self.pulse.is_done()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ =
                    tokio::time::timeout(REST, async { while let Some(Ok(_)) = inner.next().await {} }).await;
            });
        }
    }
}
