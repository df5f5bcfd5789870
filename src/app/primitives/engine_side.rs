//! Primitives do their work on the engine's runtime, not on the script's: that one has no sockets, and
//! ends with its generation, while connections are shared and stay.

use crate::domain::primitives::{FailureKind, PrimitiveError};
use std::future::Future;
use tokio::{runtime::Handle, task::AbortHandle};

/// The engine's runtime.
#[derive(Clone)]
pub(super) struct EngineSide(Handle);

/// Stops the work when nobody waits for it any more.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl EngineSide {
    /// The runtime that this is called on.
    pub(super) fn here() -> Self {
        Self(Handle::current())
    }

    /// Does the work there. Dropping the future stops it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, PrimitiveError> {
        let task = self.0.spawn(work);
        let _abort = Abort(task.abort_handle());
        task.await.map_err(|error| PrimitiveError::new(FailureKind::Cancelled, error.to_string()))
    }
}
