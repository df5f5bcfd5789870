//! The port to what the user trusts.

use super::{BoxFuture, store::StoreError};

/// Where trust in skills is kept: one content, by its fingerprint, for each name.
pub trait TrustStore: Send + Sync {
    /// The fingerprint that is trusted under a name.
    fn trusted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>>;

    /// Trusts a fingerprint, in place of what was trusted under this name before.
    fn trust<'a>(&'a self, name: &'a str, fingerprint: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Trusts nothing of this name any more; whether anything was.
    fn distrust<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
}
