//! Trust in skills, from a memory that is opened when it is needed.

use super::process::Process;
use crate::{
    domain::{BoxFuture, store::StoreError, trust::TrustStore},
    memory::Memory,
};
use std::{path::PathBuf, sync::Arc};

/// Trust in skills, from a memory that is opened when it is needed.
pub(super) struct TrustLater {
    pub(super) process: Arc<Process>,
    pub(super) database: PathBuf,
}

impl TrustLater {
    fn memory(&self) -> Result<&Memory, StoreError> {
        self.process.memory(&self.database).map_err(|error| StoreError::Database {
            path: self.database.display().to_string(),
            message: error.to_string(),
        })
    }
}

impl TrustStore for TrustLater {
    fn trusted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        Box::pin(async move { self.memory()?.trusted(name).await })
    }

    fn trust<'a>(&'a self, name: &'a str, fingerprint: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.memory()?.trust(name, fingerprint).await })
    }

    fn distrust<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { self.memory()?.distrust(name).await })
    }
}
