//! The turn as a state machine: events in, actions out. No clock, no input or output.

use super::{
    guard::{Advice, LoopGuard},
    resumed::Past,
};
use crate::domain::{
    call::{ToolCall, ToolResult, ToolStatus},
    chat::{ChatError, ChatResponse},
    message::{AssistantMessage, Message},
    outcome::TurnEnd,
};
use std::collections::VecDeque;

/// How often a conversation that does not fit is shortened before the turn gives up.
const MAX_SHRINKS: u32 = 8;

/// How often an answer may be sent back for another try.
pub const MAX_RETURNS: u32 = 2;

/// What bounds a turn.
#[derive(Clone, Copy, Debug)]
pub struct TurnLimits {
    /// Rounds of tool calls; then the model is asked once to sum up.
    pub max_tool_rounds: u32,
    /// Tokens in one answer at most, where a budget leaves more. `None`: the server's own limit.
    pub max_tokens: Option<u32>,
}

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// The turn begins; its user message is stored.
    Begin,
    /// The model answered.
    Model(ChatResponse),
    /// The model answered, and a hook wants another try.
    SentBack {
        /// The answer.
        response: ChatResponse,
        /// What the model is told about it.
        remark: String,
    },
    /// The model did not.
    ModelFailed(ChatError),
    /// A call that was to be run has its result.
    ToolDone(ToolResult),
    /// The conversation was made shorter (`true`), or could not be.
    Shrunk(bool),
    /// A budget does not allow the next model call; the text says which and how to go on.
    OverBudget(String),
    /// Something could not be stored.
    StoreFailed(String),
    /// The person, or the end of the program, stops the turn. `partial` is what the model had
    /// said so far in the answer under way.
    Cancel {
        /// The text so far.
        partial: String,
    },
}

/// Something to do. Actions of one step are done in order.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Append to the history, and store.
    Store(Message),
    /// Ask the model.
    CallModel {
        /// Whether tools are on offer.
        tools: bool,
    },
    /// Make the conversation fit `limit` tokens, or fewer than now when that isn't known.
    Shrink {
        /// The window that the server named.
        limit: Option<u32>,
    },
    /// Authorise and run these, at the same time.
    RunTools(Vec<ToolCall>),
    /// Tell the person.
    Notice(String),
    /// The turn is over.
    Finish(TurnEnd),
}

#[derive(Debug, PartialEq)]
enum State {
    Fresh,
    Calling { tools: bool },
    Shrinking { tools: bool, error: String },
    Running { open: Vec<ToolCall> },
    Over,
}

/// One turn.
#[derive(Debug)]
pub struct Turn {
    limits: TurnLimits,
    state: State,
    rounds: u32,
    shrinks: u32,
    empty_answers: u32,
    unreadable_calls: u32,
    returns: u32,
    guard: LoopGuard,
    advice: Advice,
    /// Tokens that the next answer may have.
    answer_limit: Option<u32>,
}

impl Turn {
    /// A turn that has not begun.
    pub fn new(limits: TurnLimits) -> Self {
        Self {
            limits,
            state: State::Fresh,
            rounds: 0,
            shrinks: 0,
            empty_answers: 0,
            unreadable_calls: 0,
            returns: 0,
            guard: LoopGuard::default(),
            advice: Advice::GoOn,
            answer_limit: limits.max_tokens,
        }
    }

    /// The next answer may have so many tokens; `None`: as many as the server lets it have.
    pub fn limit_answer(&mut self, tokens: Option<u32>) {
        self.answer_limit = tokens;
    }

    /// A turn that goes on with the calls that have no result yet, `open`, after what happened before
    /// its program ended.
    pub(super) fn resumed(limits: TurnLimits, past: Past, open: Vec<ToolCall>) -> Self {
        let Past { rounds, guard } = past;
        Self { rounds, guard, state: State::Running { open }, ..Self::new(limits) }
    }

    /// Rounds of tool calls so far.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Whether the next answer may be sent back: the number of the try that it is, from 1.
    pub fn may_send_back(&self) -> Option<u32> {
        (self.returns < MAX_RETURNS).then_some(self.returns + 1)
    }

    /// Takes an event, and says what to do. Events that come after the end are ignored.
    pub fn handle(&mut self, input: Input) -> VecDeque<Action> {
        let state = std::mem::replace(&mut self.state, State::Over);
        let actions = match (state, input) {
            (State::Over, _) => vec![],
            (state, Input::Cancel { partial }) => cancel(state, partial),
            (state, Input::StoreFailed(message)) => unstored(state, message),
            (_, Input::OverBudget(message)) => vec![fail("budget", message)],
            (State::Fresh, Input::Begin) => self.call_model(true),
            (State::Calling { tools }, Input::Model(response)) => self.answered(tools, response),
            (State::Calling { tools }, Input::SentBack { response, remark }) => {
                self.sent_back(tools, response, remark)
            }
            (State::Calling { tools }, Input::ModelFailed(error)) => self.failed(tools, error),
            (State::Shrinking { tools, .. }, Input::Shrunk(true)) => self.call_model(tools),
            (State::Shrinking { error, .. }, Input::Shrunk(false)) => vec![fail("model", error)],
            (State::Running { open }, Input::ToolDone(result)) => self.tool_done(open, result),
            // An event that does not belong to the state is a late one: it changes nothing.
            (state, _) => {
                self.state = state;
                vec![]
            }
        };
        actions.into()
    }

    fn call_model(&mut self, tools: bool) -> Vec<Action> {
        self.state = State::Calling { tools };
        vec![Action::CallModel { tools }]
    }

    fn answered(&mut self, tools: bool, response: ChatResponse) -> Vec<Action> {
        let ChatResponse { mut message, cut, .. } = response;
        if !tools {
            // It was told that there are none left: what it asks for anyway is not run.
            message.calls.clear();
        }
        if !message.calls.is_empty() {
            self.rounds += 1;
            let calls = message.calls.clone();
            self.state = State::Running { open: calls.clone() };
            return vec![Action::Store(Message::Assistant(message)), Action::RunTools(calls)];
        }
        if message.text.trim().is_empty() && cut {
            return vec![fail("model", cut_before_a_word(self.answer_limit))];
        }
        if message.text.trim().is_empty() {
            return self.said_nothing(tools);
        }
        let text = message.text.clone();
        let mut actions = vec![Action::Store(Message::Assistant(message))];
        if cut {
            let limit =
                self.answer_limit.map_or(String::new(), |limit| format!(", {limit} tokens (max_tokens)"));
            actions.push(Action::Notice(format!("the model's answer was cut at its length limit{limit}")));
        }
        actions.push(Action::Finish(TurnEnd::Answered(text)));
        actions
    }

    fn sent_back(&mut self, tools: bool, mut response: ChatResponse, remark: String) -> Vec<Action> {
        if self.may_send_back().is_none() {
            return self.answered(tools, response);
        }
        self.returns += 1;
        // An answer that goes back asks for nothing.
        response.message.calls.clear();
        let mut actions = vec![
            Action::Store(Message::Assistant(response.message)),
            Action::Notice(format!("the answer was sent back for another try: {remark}")),
            Action::Store(Message::Notice { text: remark }),
        ];
        actions.extend(self.call_model(tools));
        actions
    }

    fn said_nothing(&mut self, tools: bool) -> Vec<Action> {
        self.empty_answers += 1;
        if self.empty_answers == 1 {
            let mut actions = vec![Action::Store(Message::Notice {
                text: "Your last answer was empty. Answer the user in words.".into(),
            })];
            actions.extend(self.call_model(tools));
            return actions;
        }
        if self.rounds == 0 {
            return vec![fail("model", "the model gave an empty answer twice".into())];
        }
        // Tools ran: the work is in the history, and the user must hear of it.
        let text = format!(
            "The model ended without a word after {} round(s) of tool calls. Their results are kept in this \
             session: ask again to go on from there.",
            self.rounds
        );
        vec![
            Action::Store(Message::Assistant(AssistantMessage { text: text.clone(), ..Default::default() })),
            Action::Finish(TurnEnd::Answered(text)),
        ]
    }

    fn failed(&mut self, tools: bool, error: ChatError) -> Vec<Action> {
        match error {
            ChatError::ContextOverflow { limit, .. } if self.shrinks < MAX_SHRINKS => {
                self.shrinks += 1;
                self.state = State::Shrinking { tools, error: error.to_string() };
                vec![Action::Shrink { limit }]
            }
            ChatError::Unreadable { message, .. } if self.unreadable_calls < MAX_UNREADABLE => {
                self.unreadable_calls += 1;
                let why = if tools { REWRITE_CALL } else { NO_MORE_CALLS };
                let mut actions = vec![
                    Action::Notice(format!("{message}. The model is asked once more")),
                    Action::Store(Message::Notice { text: format!("{message}. {why}") }),
                ];
                actions.extend(self.call_model(tools));
                actions
            }
            ChatError::Config(message) => vec![fail("config", message)],
            error => vec![fail("model", error.to_string())],
        }
    }

    fn tool_done(&mut self, mut open: Vec<ToolCall>, result: ToolResult) -> Vec<Action> {
        let Some(index) = open.iter().position(|call| call.id == result.call_id) else {
            self.state = State::Running { open };
            return vec![];
        };
        let call = open.remove(index);
        self.advice = self.advice.max(self.guard.record(&call, &result));
        let mut actions = vec![Action::Store(Message::Tool(result))];
        if !open.is_empty() {
            self.state = State::Running { open };
            return actions;
        }
        let advice = std::mem::replace(&mut self.advice, Advice::GoOn);
        let (remark, tools) = if advice == Advice::Stop {
            (Some(LOOP_STOP.to_owned()), false)
        } else if self.rounds >= self.limits.max_tool_rounds {
            (Some(rounds_used(self.rounds)), false)
        } else if advice == Advice::Repeats {
            (Some(LOOP_HINT.to_owned()), true)
        } else if advice == Advice::Denied {
            (Some(DENIED_HINT.to_owned()), true)
        } else {
            (None, true)
        };
        if !tools {
            let why = if advice == Advice::Stop {
                "the model repeats itself: it is asked to sum up".to_owned()
            } else {
                format!("{} tool rounds used (max_tool_rounds): the model is asked to sum up", self.rounds)
            };
            actions.push(Action::Notice(why));
        }
        actions.extend(remark.map(|text| Action::Store(Message::Notice { text })));
        actions.extend(self.call_model(tools));
        actions
    }
}

/// How often a model is told in one turn that its call can't be read.
const MAX_UNREADABLE: u32 = 1;

const REWRITE_CALL: &str = "Nothing was run. Make the call again through the tool-calling interface, or as \
     <tool_call>{\"name\": …, \"arguments\": {…}}</tool_call>; or answer in words.";
const NO_MORE_CALLS: &str = "No tools are on offer now. Answer in words.";

const LOOP_HINT: &str = "You have made the same call with the same result three times. It will not change: \
     use what you know, or try something else.";
const LOOP_STOP: &str = "You keep making the same call with the same result, so tools are switched off for the \
     rest of this turn. Tell the user what you found and what is left to do.";
const DENIED_HINT: &str = "Several calls in a row were refused. Don't look for ways around it: tell the user what \
     you wanted to do and why, and ask how to go on.";

fn rounds_used(rounds: u32) -> String {
    format!(
        "You have used all {rounds} rounds of tool calls of this turn. Answer now from what you have: say what \
         was done, what you found and what is left to do."
    )
}

/// An answer that a length limit cut before it said anything: the model was still thinking.
fn cut_before_a_word(limit: Option<u32>) -> String {
    let limit = match limit {
        Some(limit) => format!("{limit} tokens (max_tokens)"),
        None => "the server's own limit".to_owned(),
    };
    format!(
        "the model used its whole answer for thinking: the length limit, {limit}, cut it before it said a word. \
         Raise max_tokens, give the model a larger context window, or ask for less thinking"
    )
}

fn fail(kind: &'static str, message: String) -> Action {
    Action::Finish(TurnEnd::Failed { kind, message })
}

/// Calls whose answer is not known to be stored are not run. The answer may be stored later, so each call
/// gets its result.
fn unstored(state: State, message: String) -> Vec<Action> {
    let State::Running { open } = state else { return vec![fail("storage", message)] };
    let result = |call| ToolResult::new(call, ToolStatus::Interrupted, "not run: the database failed");
    let results = open.iter().map(|call| Action::Store(Message::Tool(result(call))));
    results.chain([fail("storage", message)]).collect()
}

/// Whatever the state, the history stays valid: every call gets its result.
fn cancel(state: State, partial: String) -> Vec<Action> {
    let mut actions = Vec::new();
    if let State::Running { open } = state {
        actions.extend(open.iter().map(|call| {
            let text = "cancelled by the user before it finished; whether it took effect is unknown";
            Action::Store(Message::Tool(ToolResult::new(call, ToolStatus::Cancelled, text)))
        }));
    }
    if !partial.trim().is_empty() {
        let message = AssistantMessage { text: partial, ..Default::default() };
        actions.push(Action::Store(Message::Assistant(message)));
    }
    actions.push(Action::Store(Message::Notice { text: "The user stopped this turn here.".into() }));
    actions.push(Action::Finish(TurnEnd::Cancelled));
    actions
}
