//! Which skills are trusted.

use super::{Memory, clock::now_ms};
use crate::domain::{BoxFuture, store::StoreError, trust::TrustStore};
use std::future::ready;

const TRUSTED: &str = "SELECT fingerprint FROM skills WHERE name = ?1";
const TRUST: &str = "INSERT INTO skills (name, fingerprint, trusted_ms) VALUES (?1, ?2, ?3)
    ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, trusted_ms = excluded.trusted_ms";
const DISTRUST: &str = "DELETE FROM skills WHERE name = ?1";

impl TrustStore for Memory {
    fn trusted<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, StoreError>> {
        Box::pin(ready(self.glance(|view| Ok(view.row(TRUSTED, [name], |row| row.get(0))?))))
    }

    fn trust<'a>(&'a self, name: &'a str, fingerprint: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let (name, fingerprint) = (name.to_owned(), fingerprint.to_owned());
        self.write(move |desk| {
            desk.run(TRUST, (name, fingerprint, now_ms()))?;
            Ok(())
        })
    }

    fn distrust<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let name = name.to_owned();
        self.write(move |desk| Ok(desk.run(DISTRUST, [name])? > 0))
    }
}
