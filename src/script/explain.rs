//! Asking hooks what they would say, without letting them do anything.

use crate::domain::{hook::Unclear, plan::Handler};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

/// The effect that the code which is asked wanted to have, if it wanted any.
type Wanted = Rc<RefCell<Option<String>>>;

thread_local! {
    static WANTED: RefCell<Option<Wanted>> = const { RefCell::new(None) };
}

/// Whether the code that runs now is only asked what it would do. Remembers that it wanted to call
/// `what`, so that an error which the script caught is not forgotten.
pub(super) fn refuses(what: &str) -> bool {
    WANTED.with_borrow(|wanted| match wanted {
        Some(wanted) => {
            wanted.borrow_mut().get_or_insert_with(|| what.to_owned());
            true
        }
        None => false,
    })
}

/// Runs `work`, in which every effect raises. Tells what it wanted to do first, if anything.
async fn asking<F: Future>(work: F) -> (F::Output, Option<String>) {
    struct Restore(Option<Wanted>);
    impl Drop for Restore {
        fn drop(&mut self) {
            WANTED.replace(self.0.take());
        }
    }
    let wanted = Wanted::default();
    let mut work = pin!(work);
    let result = poll_fn(|cx| {
        let _restore = Restore(WANTED.replace(Some(Rc::clone(&wanted))));
        work.as_mut().poll(cx)
    })
    .await;
    (result, wanted.take())
}

/// Notes the hooks that are only asked what they would say, and wanted to have an effect.
#[derive(Clone, Debug, Default)]
pub(super) struct Asking(Arc<Mutex<Vec<Unclear>>>);

impl Asking {
    /// What was noted.
    pub(super) fn unclear(&self) -> Vec<Unclear> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Does the work of a hook. When it is only asked what it would say and wants to have an effect, that is
/// noted, and it has said nothing: `None`.
pub(super) async fn asked<F: Future>(
    asking: Option<&Asking>,
    handler: &Handler,
    work: F,
) -> Option<F::Output> {
    let Some(Asking(unclear)) = asking else { return Some(work.await) };
    let (said, wanted) = self::asking(work).await;
    let Some(wants) = wanted else { return Some(said) };
    let noted = Unclear { location: handler.location.clone(), wants };
    unclear.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
    None
}
