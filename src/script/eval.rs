//! Evaluating what a person types, in the live VM.

use super::{
    call::{GRACE, Limits},
    errors::{ErrorKind, ScriptError},
    family::Family,
    handle::ScriptHandle,
    pretty::pretty,
    state::Sink,
    values::{Secrets, to_json},
    vm::Vm,
    waits::Waits,
};
use mlua::{Error, Function, MultiValue, chunk::ChunkMode};
use std::{rc::Rc, sync::Arc, time::Duration};

/// Longer than any program runs, and within what clocks can count.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The form in which values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Like Lua literals, on one line; for a person.
    Readable,
    /// JSON, one value a line; what cannot be JSON is an error.
    Json,
}

/// What came of evaluating a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What `print` wrote meanwhile.
    pub printed: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The values, ready to be shown; `None` when there were none.
    Values(Option<String>),
    /// The text is the beginning of something: more has to follow.
    Incomplete,
    /// It failed.
    Error(ScriptError),
}

impl ScriptHandle {
    /// Evaluates `code`: as an expression, or else as a statement. Its globals stay.
    pub async fn eval(&self, code: impl Into<String>, limits: Limits) -> Evaluation {
        let code = code.into();
        let evaluated = self.run_waiting(limits.wall, move |vm, waits| async move {
            let capture = Capture::new(&vm);
            let outcome = evaluate(&vm, &code, Form::Readable, limits, waits).await;
            Ok(Evaluation { printed: capture.end(), outcome })
        });
        evaluated
            .await
            .unwrap_or_else(|error| Evaluation { printed: String::new(), outcome: Outcome::Error(error) })
    }

    /// The same, but `print` writes to `listener`, at once.
    pub async fn eval_printing(&self, code: impl Into<String>, limits: Limits, listener: Sink) -> Outcome {
        let code = code.into();
        let evaluated = self.run_waiting(limits.wall, move |vm, waits| async move {
            let _listening = Listening(vm.state.listen(listener), Rc::clone(&vm));
            Ok(evaluate(&vm, &code, Form::Readable, limits, waits).await)
        });
        evaluated.await.unwrap_or_else(Outcome::Error)
    }

    /// The same, but `print` writes where it always does.
    pub async fn evaluate(&self, code: impl Into<String>, form: Form, limits: Limits) -> Outcome {
        let code = code.into();
        let evaluated = self.run_waiting(limits.wall, move |vm, waits| async move {
            let family = Rc::new(Family::default());
            vm.state.evaluated.replace(Some(Rc::clone(&family)));
            Ok(family.during(evaluate(&vm, &code, form, limits, waits)).await)
        });
        evaluated.await.unwrap_or_else(Outcome::Error)
    }

    /// Waits until the tasks have ended that were started by what was evaluated last.
    pub async fn evaluated_tasks(&self) {
        let ended = self.run(FOREVER, |vm| async move {
            let family = vm.state.evaluated.borrow().clone();
            if let Some(family) = family {
                family.ended().await;
            }
            Ok(())
        });
        // A host that has ended has no tasks.
        let _ = ended.await;
    }

    /// From now on `print` writes there.
    ///
    /// # Errors
    /// When the thread does not answer.
    pub async fn print_to(&self, output: Sink) -> Result<(), ScriptError> {
        self.run(GRACE, move |vm| async move {
            vm.state.print_to(output);
            Ok(())
        })
        .await
    }
}

/// Keeps what is printed, until it is dropped.
struct Capture(Rc<Vm>);

impl Capture {
    fn new(vm: &Rc<Vm>) -> Self {
        vm.state.capture();
        Self(Rc::clone(vm))
    }

    fn end(self) -> String {
        self.0.state.printed()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.0.state.printed();
    }
}

/// Hears what is printed, until it is dropped.
struct Listening(u64, Rc<Vm>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.1.state.unlisten(self.0);
    }
}

async fn evaluate(vm: &Vm, code: &str, form: Form, limits: Limits, waits: Arc<Waits>) -> Outcome {
    let function = match compile(vm, code) {
        Ok(function) => function,
        Err(Error::SyntaxError { incomplete_input: true, .. }) => return Outcome::Incomplete,
        Err(error) => return Outcome::Error(error.into()),
    };
    let values = match vm.invoke_all_waiting(&function, (), limits, waits).await {
        Ok(values) => values,
        Err(error) => return Outcome::Error(error),
    };
    if values.is_empty() {
        return Outcome::Values(None);
    }
    let shown = match form {
        Form::Readable => readable(vm, &values),
        Form::Json => json(vm, &values),
    };
    shown.map_or_else(Outcome::Error, |shown| Outcome::Values(Some(shown)))
}

fn readable(vm: &Vm, values: &MultiValue) -> Result<String, ScriptError> {
    let shown = values.iter().map(|value| pretty(&vm.lua, value)).collect::<mlua::Result<Vec<_>>>();
    shown
        .map(|shown| shown.join(", "))
        .map_err(|error| ScriptError::new(ErrorKind::Runtime, error.to_string()))
}

fn json(vm: &Vm, values: &MultiValue) -> Result<String, ScriptError> {
    let line = |value| to_json(&vm.lua, value, "value", Secrets::Refused).map(|json| json.to_string());
    let lines = values.iter().map(line).collect::<Result<Vec<_>, _>>();
    lines
        .map(|lines| lines.join("\n"))
        .map_err(|reason| ScriptError::new(ErrorKind::Result, format!("no JSON: {reason}")))
}

/// What a text that is evaluated is called in messages.
const NAME: &str = "repl";

fn compile(vm: &Vm, code: &str) -> mlua::Result<Function> {
    vm.state.sources.borrow_mut().evaluating(NAME, code);
    let load =
        |text: &str| vm.lua.load(text).set_name(format!("={NAME}")).set_mode(ChunkMode::Text).into_function();
    load(&format!("return {code}")).or_else(|_| load(code))
}
