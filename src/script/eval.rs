//! Evaluating what a person types, in the live VM.

use super::{
    call::Limits,
    errors::{ErrorKind, ScriptError},
    handle::ScriptHandle,
    pretty::pretty,
    vm::Vm,
};
use mlua::{Error, Function, chunk::ChunkMode};
use std::rc::Rc;

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
        let evaluated = self.run(limits.wall, move |vm| async move {
            let capture = Capture::new(&vm);
            let outcome = evaluate(&vm, &code, limits).await;
            Ok(Evaluation { printed: capture.end(), outcome })
        });
        evaluated
            .await
            .unwrap_or_else(|error| Evaluation { printed: String::new(), outcome: Outcome::Error(error) })
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

async fn evaluate(vm: &Vm, code: &str, limits: Limits) -> Outcome {
    let function = match compile(vm, code) {
        Ok(function) => function,
        Err(Error::SyntaxError { incomplete_input: true, .. }) => return Outcome::Incomplete,
        Err(error) => return Outcome::Error(error.into()),
    };
    let values = match vm.invoke_all(&function, (), limits).await {
        Ok(values) => values,
        Err(error) => return Outcome::Error(error),
    };
    if values.is_empty() {
        return Outcome::Values(None);
    }
    match values.iter().map(|value| pretty(&vm.lua, value)).collect::<mlua::Result<Vec<_>>>() {
        Ok(shown) => Outcome::Values(Some(shown.join(", "))),
        Err(error) => Outcome::Error(ScriptError::new(ErrorKind::Runtime, error.to_string())),
    }
}

fn compile(vm: &Vm, code: &str) -> mlua::Result<Function> {
    let load = |text: &str| vm.lua.load(text).set_name("=repl").set_mode(ChunkMode::Text).into_function();
    load(&format!("return {code}")).or_else(|_| load(code))
}
