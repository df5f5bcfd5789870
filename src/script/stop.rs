//! The clock that stops Lua: a count hook that reads a deadline kept for the thread.
//!
//! The hook is installed through Lua's C interface. The binding's own hooks unwind the stack of
//! the hooked function while hooks are off, and a `__close` method that loops would then never
//! end. Together with `prelude.lua` this one stops everything that runs as Lua instructions.
#![allow(unsafe_code)]

use super::program;
use crate::domain::hook::TurnContext;
use mlua::{Lua, ffi};
use std::{
    cell::{Cell, RefCell},
    ffi::CStr,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// How many instructions run between two looks at the clock.
const EVERY: i32 = 1_000;
/// What a stopped script sees, should it catch the error.
const STOPPED_C: &CStr = c"stopped: the time limit was exceeded";
pub(super) const STOPPED: &str = "stopped: the time limit was exceeded";

thread_local! {
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
    static TRIPPED: Cell<bool> = const { Cell::new(false) };
    static TURN: RefCell<Option<Arc<TurnContext>>> = const { RefCell::new(None) };
    static CANCEL: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Whether what runs now has to stop. Remembers that it said so.
pub(super) fn expired() -> bool {
    let cancelled = || CANCEL.with_borrow(|flag| flag.as_ref().is_some_and(|f| f.load(Ordering::Relaxed)));
    let over = DEADLINE
        .get()
        .is_some_and(|deadline| Instant::now() >= deadline || cancelled() || program::overdue());
    if over {
        TRIPPED.set(true);
    }
    over
}

/// Runs `f`, which runs Lua, until `deadline` at the latest. Tells whether it had to be stopped.
pub(super) fn until<R>(deadline: Instant, f: impl FnOnce() -> R) -> (R, bool) {
    struct Restore(Option<Instant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            DEADLINE.set(self.0);
        }
    }
    let _restore = Restore(DEADLINE.replace(Some(deadline)));
    TRIPPED.set(false);
    let result = f();
    (result, TRIPPED.get())
}

/// Runs `f`, which waits for others: its time is not the script's.
pub(super) fn outside<R>(f: impl FnOnce() -> R) -> R {
    let began = Instant::now();
    let result = f();
    DEADLINE.set(DEADLINE.get().map(|deadline| deadline + began.elapsed()));
    result
}

/// Runs `f`; what it runs also stops when `flag` is set.
pub(super) fn cancellable<R>(flag: &Arc<AtomicBool>, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<AtomicBool>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CANCEL.replace(self.0.take());
        }
    }
    let _restore = Restore(CANCEL.replace(Some(Arc::clone(flag))));
    f()
}

/// Whether the caller of what runs now has gone.
pub(super) fn cancelled() -> bool {
    CANCEL.with_borrow(|flag| flag.as_ref().is_some_and(|f| f.load(Ordering::Relaxed)))
}

/// Runs `f` within a turn: what scripts do meanwhile is done for it.
pub(super) fn within<R>(turn: Option<&Arc<TurnContext>>, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<TurnContext>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            TURN.replace(self.0.take());
        }
    }
    let _restore = Restore(TURN.replace(turn.cloned()));
    f()
}

/// Polls `work` within a turn, see [`within`].
pub(super) async fn during<F: Future>(turn: Arc<TurnContext>, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(|cx| within(Some(&turn), || work.as_mut().poll(cx))).await
}

/// The turn that what runs now belongs to.
pub(super) fn turn() -> Option<Arc<TurnContext>> {
    TURN.with_borrow(Clone::clone)
}

/// Installs the hook in the main coroutine; those made from it inherit it.
pub(super) fn install(lua: &Lua) -> mlua::Result<()> {
    // SAFETY: `state` is valid for the closure's duration, and setting a hook neither raises nor
    // touches the stack. The hook is a plain function, so it lives as long as any coroutine.
    unsafe { lua.exec_raw((), |state| ffi::lua_sethook(state, Some(hook), ffi::LUA_MASKCOUNT, EVERY)) }
}

/// Called by Lua every [`EVERY`] instructions of a coroutine.
///
/// SAFETY: Lua passes the running coroutine. `lua_error` leaves by a long jump over this frame;
/// nothing in it needs dropping then: the guards of `raises` and `expired` are gone by the time they
/// return.
unsafe extern "C-unwind" fn hook(state: *mut ffi::lua_State, _: *mut ffi::lua_Debug) {
    if program::raises() {
        unsafe {
            ffi::lua_pushstring(state, program::EXIT_C.as_ptr());
            ffi::lua_error(state);
        }
    }
    if expired() {
        // From now on every instruction of this coroutine fails, or a pcall in a loop would go on.
        unsafe {
            ffi::lua_sethook(state, Some(hook), ffi::LUA_MASKCOUNT, 1);
            ffi::lua_pushstring(state, STOPPED_C.as_ptr());
            ffi::lua_error(state);
        }
    }
    // A coroutine that was stopped once and is used again.
    unsafe {
        if ffi::lua_gethookcount(state) != EVERY {
            ffi::lua_sethook(state, Some(hook), ffi::LUA_MASKCOUNT, EVERY);
        }
    }
}
