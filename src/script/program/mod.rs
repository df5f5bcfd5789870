//! Scripts that are run as programs: a file, its arguments, an exit code.

mod interrupt;
mod stdin;

pub(super) use interrupt::{EXIT, EXIT_C, overdue, patient, raises};
pub(super) use stdin::What;

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    family::Family,
    fields::article,
    handle::ScriptHandle,
    loader,
    state::{State, misuse},
    vm::Vm,
};
use interrupt::Interrupt;
use mlua::{Function, Lua, Value};
use std::{
    cell::Cell,
    ffi::OsString,
    future::{Future, poll_fn},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};
use stdin::Stdin;
use tokio_util::sync::CancellationToken;

/// How long `<close>` variables may take once a program has been told to end.
pub const ENDING: Duration = Duration::from_secs(2);
/// A program may take as long as it likes. (A hundred years, which clocks can count.)
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A script to be run as a program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file. Modules are found beside it first.
    pub path: PathBuf,
    /// What follows it on the command line.
    pub args: Vec<OsString>,
    /// Stops it: it unwinds, and its `<close>` variables run.
    pub stop: CancellationToken,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// By returning, or by `os.exit`; with its exit code. An error may have come up on the way out.
    Exited(u8, Option<ScriptError>),
    /// It was stopped.
    Stopped,
    /// It failed.
    Failed(ScriptError),
}

/// The program that runs in a VM.
pub(super) struct Running {
    interrupt: Rc<Interrupt>,
    /// What `os.exit` was given.
    code: Cell<Option<u8>>,
    stdin: Stdin,
}

impl Running {
    /// Reads from standard input; `None` at its end.
    pub(super) async fn read(&self, what: What) -> Result<Option<Vec<u8>>, String> {
        self.stdin.read(what).await
    }
}

impl ScriptHandle {
    /// Runs a file as a program, in the VM of the configuration: with its globals and the whole API.
    /// `os.exit` and `pista.stdin` work as long as it runs.
    pub async fn run_program(&self, program: Program) -> Ended {
        let stop = program.stop.clone();
        let ended = self.run(FOREVER, move |vm| async move { Ok(run(&vm, program).await) });
        ended
            .await
            .unwrap_or_else(|error| if stop.is_cancelled() { Ended::Stopped } else { Ended::Failed(error) })
    }
}

async fn run(vm: &Vm, program: Program) -> Ended {
    let Program { path, args, stop } = program;
    // What stops it from outside is not what it says itself.
    let interrupt = Rc::new(Interrupt::new(stop.child_token()));
    let running =
        Rc::new(Running { interrupt: Rc::clone(&interrupt), code: Cell::new(None), stdin: Stdin::default() });
    vm.state.program.replace(Some(Rc::clone(&running)));
    let called = match prepare(vm, &path, &args) {
        Ok((chunk, args)) => {
            let limits = Limits::both(FOREVER);
            let family = Rc::new(Family::default());
            let called = interruptible(&interrupt, family.during(vm.invoke(&chunk, args, limits))).await;
            if matches!(called, Some(Ok(_))) {
                // What the script started is waited for, unless it is told to end.
                tokio::select! {
                    () = family.ended() => {}
                    () = interrupt.token.cancelled() => {}
                }
            }
            called
        }
        Err(error) => Some(Err(error)),
    };
    vm.state.program.replace(None);
    let failed = |error: ScriptError| (error.message != EXIT).then_some(error);
    match (called, running.code.get()) {
        (Some(Err(error)), Some(code)) => Ended::Exited(code, failed(error)),
        (_, Some(code)) => Ended::Exited(code, None),
        (_, None) if stop.is_cancelled() => Ended::Stopped,
        (Some(Err(error)), None) => Ended::Failed(error),
        (Some(Ok(value)), None) => match exit_code(&value) {
            Ok(code) => Ended::Exited(code, None),
            Err(error) => Ended::Failed(error),
        },
        // Only a program that was told to end is not waited for.
        (None, None) => Ended::Stopped,
    }
}

/// Makes `os.exit` and `arg`, and reads the file.
fn prepare(
    vm: &Vm,
    path: &std::path::Path,
    args: &[OsString],
) -> Result<(Function, mlua::MultiValue), ScriptError> {
    let lua = &vm.lua;
    let exit = lua.create_function(|lua, code: Value| Ok(os_exit(lua, &code)))?;
    vm.program.call::<()>((EXIT, exit, lua.create_function(loader::is_beside)?))?;
    let list = lua.create_table()?;
    list.raw_set(0, lua.create_string(path.as_os_str().as_bytes())?)?;
    let mut values = mlua::MultiValue::new();
    for (index, arg) in args.iter().enumerate() {
        let arg = lua.create_string(arg.as_bytes())?;
        list.raw_set(index + 1, &arg)?;
        values.push_back(Value::String(arg));
    }
    lua.globals().set("arg", list)?;
    Ok((loader::program_chunk(lua, &vm.state, path)?, values))
}

/// Notes the code and has everything that runs end. Answers nothing, or what is wrong.
fn os_exit(lua: &Lua, code: &Value) -> Option<String> {
    let program = State::of(lua).program.borrow().clone();
    let code = match exit_code(code) {
        Ok(code) => code,
        Err(error) => return Some(format!("os.exit: {}", error.message)),
    };
    match program {
        Some(program) => {
            program.code.set(program.code.get().or(Some(code)));
            program.interrupt.raised();
            None
        }
        None => Some("os.exit: only in a script that is run by `openpista lua`".to_owned()),
    }
}

fn exit_code(value: &Value) -> Result<u8, ScriptError> {
    let number = match value {
        Value::Nil | Value::Boolean(true) => Some(0),
        Value::Boolean(false) => Some(1),
        Value::Integer(n) => u8::try_from(*n).ok(),
        Value::Number(n) if n.fract() == 0.0 && (0.0..256.0).contains(n) => Some(*n as u8),
        Value::Number(_) => None,
        other => {
            let message = format!(
                "an exit code is a whole number from 0 to 255, a boolean or nil, not {}",
                article(other)
            );
            return Err(ScriptError::new(ErrorKind::Result, message));
        }
    };
    number.ok_or_else(|| ScriptError::new(ErrorKind::Result, "an exit code is a whole number from 0 to 255"))
}

/// Polls `work` to its end; once it was told to end, for [`ENDING`] at most.
async fn interruptible<F: Future>(interrupt: &Rc<Interrupt>, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut late = pin!(async {
        interrupt.token.cancelled().await;
        tokio::time::sleep(ENDING).await;
    });
    poll_fn(|cx| {
        if let Poll::Ready(result) = interrupt.within(|| work.as_mut().poll(cx)) {
            return Poll::Ready(Some(result));
        }
        late.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The program of this VM, for the function `what`.
pub(super) fn here(lua: &Lua, what: &str) -> Result<Rc<Running>, ScriptError> {
    let running = State::of(lua).program.borrow().clone();
    running.ok_or_else(|| {
        misuse(super::state::caller(lua), format!("{what}: only in a script that is run by `openpista lua`"))
    })
}
