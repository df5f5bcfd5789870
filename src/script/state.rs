//! What belongs to one VM beside Lua's own state: the draft of the plan, the handlers, the sources.

use super::{
    errors::ScriptError, explain, family::Family, loader::Sources, program::Running, settings::SettingKey,
    specs::Specs, stop, vm::Vm,
};
use crate::domain::{hook::TurnContext, id::HandlerId, plan::Plan, primitives::Primitives};
use mlua::{Function, Lua};
use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    rc::{Rc, Weak},
    sync::Arc,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How much `print` output of one evaluation is kept.
const MAX_PRINTED: usize = 256 << 10;

/// Takes a line of text.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// A place in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What handlers act through, and in whose name where no turn says.
pub(super) struct Equipment {
    pub(super) primitives: Primitives,
    pub(super) context: Arc<TurnContext>,
    /// Where sockets and processes are watched: the script's own runtime has clocks only.
    pub(super) runtime: Handle,
}

impl Equipment {
    /// Where and for whom the handler that runs now acts.
    pub(super) fn context(&self) -> Arc<TurnContext> {
        stop::turn().unwrap_or_else(|| Arc::clone(&self.context))
    }
}

/// What the VM is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The configuration runs: it declares.
    Loading,
    /// Handlers run: they act.
    Running,
}

/// The state of one generation, shared by the functions of the API.
pub(super) struct State {
    pub(super) phase: Cell<Phase>,
    pub(super) plan: RefCell<Plan>,
    pub(super) handlers: RefCell<Vec<Rc<Function>>>,
    pub(super) sources: RefCell<Sources>,
    pub(super) settings: Arc<[SettingKey]>,
    pub(super) poisoned: Cell<bool>,
    /// What handlers act through, once the engine around the script stands.
    pub(super) equipment: RefCell<Option<Rc<Equipment>>>,
    /// The VM itself, once it serves.
    pub(super) vm: OnceCell<Weak<Vm>>,
    /// How many tasks run.
    pub(super) running: Cell<usize>,
    /// Tasks that handlers started, which end with the generation.
    pub(super) tasks: CancellationToken,
    /// Tasks of what a person had evaluated last.
    pub(super) evaluated: RefCell<Option<Rc<Family>>>,
    /// What a VM for specs has besides.
    pub(super) specs: RefCell<Option<Specs>>,
    /// Whether this is to be one.
    pub(super) for_specs: Cell<bool>,
    /// What time it is, in seconds since 1970, where a spec says so.
    pub(super) clock: Cell<Option<f64>>,
    /// The program that runs in this VM, if one does.
    pub(super) program: RefCell<Option<Rc<Running>>>,
    output: RefCell<Option<Sink>>,
    captured: RefCell<Option<String>>,
    /// Those who listen to what is printed; the last one hears it.
    listeners: RefCell<Vec<(u64, Sink)>>,
}

impl State {
    pub(super) fn new(sources: Sources, settings: Arc<[SettingKey]>, output: Option<Sink>) -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Loading),
            plan: RefCell::default(),
            handlers: RefCell::default(),
            sources: RefCell::new(sources),
            settings,
            poisoned: Cell::new(false),
            equipment: RefCell::default(),
            vm: OnceCell::new(),
            running: Cell::new(0),
            tasks: CancellationToken::new(),
            evaluated: RefCell::new(None),
            specs: RefCell::default(),
            for_specs: Cell::new(false),
            clock: Cell::default(),
            program: RefCell::default(),
            output: RefCell::new(output),
            captured: RefCell::default(),
            listeners: RefCell::default(),
        })
    }

    /// The state of the VM that runs.
    pub(super) fn of(lua: &Lua) -> Rc<Self> {
        let state = lua.app_data_ref::<Rc<Self>>();
        // Set when the VM is made, before any function that could ask for it.
        Rc::clone(&state.expect("every VM has its state"))
    }

    /// Lets time pass where a spec says what time it is. False where time passes by itself.
    pub(super) fn pass(&self, seconds: f64) -> bool {
        self.clock.set(self.clock.get().map(|now| now + seconds));
        self.clock.get().is_some()
    }

    /// Keeps a function for later calls.
    pub(super) fn keep(&self, function: Function) -> HandlerId {
        let mut handlers = self.handlers.borrow_mut();
        let source = self.sources.borrow().hash(&function);
        handlers.push(Rc::new(function));
        HandlerId { index: handlers.len() as u32 - 1, source }
    }

    /// A function kept earlier.
    pub(super) fn handler(&self, id: HandlerId) -> Option<Rc<Function>> {
        self.handlers.borrow().get(id.index as usize).cloned()
    }

    /// What handlers act through.
    pub(super) fn equipment(&self, what: &str) -> Result<Rc<Equipment>, String> {
        self.acting(what)?;
        let equipment = self.equipment.borrow().clone();
        equipment.ok_or_else(|| format!("{what}: not available here: no engine stands around this script"))
    }

    /// The engine's runtime, once the engine around the script stands.
    pub(super) fn runtime(&self) -> Option<Handle> {
        self.equipment.borrow().as_ref().map(|equipment| equipment.runtime.clone())
    }

    /// Writes a line to wherever `print` goes.
    pub(super) fn print(&self, line: &str) {
        let listener = self.listeners.borrow().last().map(|(_, sink)| Arc::clone(sink));
        if let Some(listener) = listener {
            return listener(line);
        }
        if let Some(printed) = &mut *self.captured.borrow_mut() {
            if printed.len() + line.len() <= MAX_PRINTED {
                printed.push_str(line);
                printed.push('\n');
            }
            return;
        }
        let output = self.output.borrow().clone();
        match output {
            Some(sink) => sink(line),
            None => tracing::info!(target: "lua", "{line}"),
        }
    }

    /// From now on `print` writes there.
    pub(super) fn print_to(&self, output: Sink) {
        self.output.replace(Some(output));
    }

    /// From now on this one hears what is printed; the number ends that.
    pub(super) fn listen(&self, listener: Sink) -> u64 {
        let mut listeners = self.listeners.borrow_mut();
        let number = listeners.last().map_or(0, |(last, _)| last + 1);
        listeners.push((number, listener));
        number
    }

    /// That one hears no more.
    pub(super) fn unlisten(&self, number: u64) {
        self.listeners.borrow_mut().retain(|(other, _)| *other != number);
    }

    /// From now on `print` is kept; [`State::printed`] ends that.
    pub(super) fn capture(&self) {
        self.captured.borrow_mut().get_or_insert_default();
    }

    /// What was printed since [`State::capture`].
    pub(super) fn printed(&self) -> String {
        self.captured.take().unwrap_or_default()
    }

    /// Refuses what may only happen while the configuration loads.
    pub(super) fn declaring(&self, what: &str) -> Result<(), String> {
        match self.phase.get() {
            Phase::Loading => Ok(()),
            Phase::Running => Err(format!(
                "{what}: only while the configuration loads; what it declares is fixed afterwards"
            )),
        }
    }

    /// Refuses what may only happen afterwards.
    pub(super) fn acting(&self, what: &str) -> Result<(), String> {
        match self.phase.get() {
            Phase::Running if explain::refuses(what) => {
                Err(format!("{what}: not while explaining what would happen"))
            }
            Phase::Running => Ok(()),
            Phase::Loading => Err(format!("{what}: only inside a handler; loading only declares")),
        }
    }
}

/// The line of the script that called into the API.
pub(super) fn caller(lua: &Lua) -> Option<Place> {
    for level in 1..32 {
        let place = lua.inspect_stack(level, |frame| {
            let line = frame.current_line()?;
            let file = frame.source().short_src?.into_owned();
            Some(Place { file, line: line as u32 })
        })?;
        if let Some(place) = place
            && !place.file.starts_with("__mlua")
            && place.file != "?"
        {
            return Some(place);
        }
    }
    None
}

/// Where a function was written.
pub(super) fn written(function: &Function) -> Option<Place> {
    let info = function.info();
    Some(Place { file: info.short_src?, line: info.line_defined? as u32 })
}

/// An error of usage, at a place.
pub(super) fn misuse(place: Option<Place>, message: impl Into<String>) -> ScriptError {
    let error = ScriptError::new(super::errors::ErrorKind::Usage, message);
    match place {
        Some(place) => error.at(place.file, Some(place.line)),
        None => error,
    }
}
