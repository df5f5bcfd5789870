//! The desktop of the person at this machine.

use crate::domain::BoxFuture;

/// Shows notifications.
pub trait Desktop: Send + Sync {
    /// Shows one on the desktop, or else at the terminal. Says whether anybody could see it.
    fn notify<'a>(&'a self, title: &'a str, text: &'a str) -> BoxFuture<'a, bool>;
}
