//! Where each step of a global type stands in the source.

use std::collections::BTreeMap;
use std::fmt::Display;

use telltale_types::StateId;

use crate::ast::{Choice, Do, Message};
use crate::forget::Forget;
use crate::graph::Graph;
use crate::name::Name;
use crate::quote::Quote;
use crate::span::SpanRange;

/// For every state and every exit of a global type, the statement it comes from.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    /// Each statement once, however many steps come from it.
    statements: Vec<Place>,
    states: Vec<StateSource>,
}

/// A statement in the source.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it stands; a line can be inserted at its beginning.
    pub span: SpanRange,
    /// How to speak of it from elsewhere: ``line 13, `Carol -> Bob: X` ``.
    pub quote: Quote,
    /// The protocol that it runs, if it is a `do`.
    pub runs: Option<String>,
}

/// Where one exit of a state comes from.
#[derive(Clone, Copy, Debug)]
pub struct StepSource<'m> {
    /// The message, in the protocol or in one that it runs.
    pub message: &'m Place,
    /// The `do` of the protocol that runs the other one.
    pub call: Option<&'m Place>,
    /// If the step begins a branch, that branch from brace to brace.
    pub branch: Option<SpanRange>,
    /// Whether the statement of the protocol itself is over after it.
    pub is_last: bool,
}

impl<'m> StepSource<'m> {
    /// The statement of the protocol itself: the message, or the `do` that it comes from.
    pub fn statement(&self) -> &'m Place {
        self.call.unwrap_or(self.message)
    }
}

/// Where the choice at a state comes from.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceSource<'m> {
    /// The choice, in the protocol or in one that it runs.
    pub choice: &'m Place,
    /// The `do` of the protocol that runs the other one.
    pub call: Option<&'m Place>,
}

#[derive(Clone, Debug)]
struct StateSource {
    choice: Option<Origin>,
    exits: Vec<ExitSource>,
}

#[derive(Clone, Copy, Debug)]
struct ExitSource {
    origin: Origin,
    branch: Option<SpanRange>,
    is_last: bool,
}

/// Places in the list of statements.
#[derive(Clone, Copy, Debug)]
struct Origin {
    statement: usize,
    call: Option<usize>,
}

impl SourceMap {
    pub(crate) fn new(graph: &Graph<'_>) -> Self {
        let mut places = Places::default();
        let states = graph.states.iter().map(|state| StateSource {
            choice: state.choice.map(|choice| Origin {
                statement: places.choice(choice.ast),
                call: choice.via.map(|call| places.call(call)),
            }),
            exits: (state.exits.iter())
                .map(|exit| {
                    let statement = places.message(exit.message);
                    let call = exit.via.map(|call| places.call(call));
                    let branch = exit.branch.map(|branch| branch.span);
                    ExitSource { origin: Origin { statement, call }, branch, is_last: exit.is_last }
                })
                .collect(),
        });
        let states = states.collect();
        Self { statements: places.list, states }
    }

    /// Where an exit of a state comes from, counting the exits in the order of the global type.
    pub fn step(&self, state: StateId, exit: usize) -> Option<StepSource<'_>> {
        let ExitSource { origin, branch, is_last } =
            *self.states.get(state.index())?.exits.get(exit)?;
        let (message, call) = self.places(origin);
        Some(StepSource { message, call, branch, is_last })
    }

    /// The choice that is made at a state, if one is.
    pub fn choice(&self, state: StateId) -> Option<ChoiceSource<'_>> {
        let (choice, call) = self.places(self.states.get(state.index())?.choice?);
        Some(ChoiceSource { choice, call })
    }

    fn places(&self, origin: Origin) -> (&Place, Option<&Place>) {
        let place = |at: usize| &self.statements[at];
        (place(origin.statement), origin.call.map(place))
    }
}

impl Forget for SourceMap {
    fn forget(&mut self) {
        self.statements.iter_mut().for_each(|place| place.span.forget());
        let exits = self.states.iter_mut().flat_map(|state| &mut state.exits);
        exits.for_each(|exit| exit.branch.forget());
    }
}

/// The places of statements, to be found again by the address of the statement.
#[derive(Default)]
struct Places {
    list: Vec<Place>,
    known: BTreeMap<*const (), usize>,
}

impl Places {
    fn message(&mut self, message: &Message) -> usize {
        self.find(std::ptr::from_ref(message).cast(), message.span, message, None)
    }

    fn choice(&mut self, choice: &Choice) -> usize {
        self.find(std::ptr::from_ref(choice).cast(), choice.head, choice, None)
    }

    fn call(&mut self, call: &Do) -> usize {
        self.find(std::ptr::from_ref(call).cast(), call.span, call, Some(&call.protocol))
    }

    fn find(
        &mut self,
        key: *const (),
        span: SpanRange,
        text: &impl Display,
        runs: Option<&Name>,
    ) -> usize {
        *self.known.entry(key).or_insert_with(|| {
            let runs = runs.map(ToString::to_string);
            self.list.push(Place { span, quote: Quote::new(span, text), runs });
            self.list.len() - 1
        })
    }
}
