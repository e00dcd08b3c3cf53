//! Where each step of a global type stands in the source.

use std::collections::BTreeMap;
use std::fmt::Display;

use telltale_types::StateId;

use crate::ast::{Do, Message};
use crate::flow::ChoiceOrigin;
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
    /// If the step begins a branch, the choice that the branch belongs to. If a branch of one choice begins
    /// with another, that is the other.
    pub choice: Option<ChoiceSource<'m>>,
    /// Whether the statement of the protocol itself is over after it.
    pub is_last: bool,
    /// Whether there is another statement that is the same step.
    pub is_shared: bool,
}

impl<'m> StepSource<'m> {
    /// The statement of the protocol itself: the message, or the `do` that it comes from.
    pub fn statement(&self) -> &'m Place {
        self.call.unwrap_or(self.message)
    }
}

impl StepSource<'_> {
    /// Whether both are the same statement, run by the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        is_same((self.message, self.call), (other.message, other.call))
    }
}

fn is_same(one: (&Place, Option<&Place>), other: (&Place, Option<&Place>)) -> bool {
    let call = |call: Option<&Place>| call.map(std::ptr::from_ref::<Place>);
    std::ptr::eq(one.0, other.0) && call(one.1) == call(other.1)
}

/// Where the choice at a state comes from.
#[derive(Clone, Copy, Debug)]
pub struct ChoiceSource<'m> {
    /// The choice, in the protocol or in one that it runs.
    pub choice: &'m Place,
    /// The `do` of the protocol that runs the other one.
    pub call: Option<&'m Place>,
}

impl ChoiceSource<'_> {
    /// Whether both are the same statement, run by the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        is_same((self.choice, self.call), (other.choice, other.call))
    }
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
    choice: Option<Origin>,
    is_last: bool,
    is_shared: bool,
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
            choice: state.choice.map(|choice| places.choice(choice)),
            exits: (state.exits.iter())
                .map(|exit| ExitSource {
                    origin: Origin {
                        statement: places.message(exit.message),
                        call: exit.via.map(|call| places.call(call)),
                    },
                    branch: exit.branch.map(|branch| branch.ast.span),
                    choice: exit.branch.map(|branch| places.choice(branch.choice)),
                    is_last: exit.is_last,
                    is_shared: exit.is_shared,
                })
                .collect(),
        });
        let states = states.collect();
        Self { statements: places.list, states }
    }

    /// Where an exit of a state comes from, counting the exits in the order of the global type.
    pub fn step(&self, state: StateId, exit: usize) -> Option<StepSource<'_>> {
        let ExitSource { origin, branch, choice, is_last, is_shared } =
            *self.states.get(state.index())?.exits.get(exit)?;
        let (message, call) = self.places(origin);
        let choice = choice.map(|choice| self.choice_at(choice));
        Some(StepSource { message, call, branch, choice, is_last, is_shared })
    }

    /// The choice that is made at a state, if one is.
    pub fn choice(&self, state: StateId) -> Option<ChoiceSource<'_>> {
        let choice = self.states.get(state.index())?.choice?;
        Some(self.choice_at(choice))
    }

    fn choice_at(&self, choice: Origin) -> ChoiceSource<'_> {
        let (choice, call) = self.places(choice);
        ChoiceSource { choice, call }
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

    fn choice(&mut self, choice: ChoiceOrigin<'_>) -> Origin {
        let ChoiceOrigin { ast, via } = choice;
        let statement = self.find(std::ptr::from_ref(ast).cast(), ast.head, ast, None);
        Origin { statement, call: via.map(|call| self.call(call)) }
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
