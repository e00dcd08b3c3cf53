//! From resolved statements to their flow.

use telltale_types::{LabelId, RoleId, StateId};

use super::{
    BranchEntry, BranchOrigin, ChoiceOrigin, ChoiceSlot, EXIT, Flow, MessageSlot, ParSlot, Passes,
    Slot, SlotId,
};
use crate::ast::Do;
use crate::graph::{Exit, Graph, State, Structure};
use crate::limit::Budget;
use crate::mistakes::Mistakes;
use crate::resolve::{LoopIndex, Meaning, Protocol, Step};
use crate::structure::{Falls, are_apart};

/// The flow of a protocol, given the states of those that it runs.
pub(crate) fn build<'a>(
    protocol: &Protocol<'a>,
    graphs: &[Option<Graph<'a>>],
    falls: &Falls,
    budget: &mut Budget<'_>,
    mistakes: &mut Mistakes,
) -> Flow<'a> {
    let slots = vec![Slot::Exit];
    let mut builder = Builder { slots, loops: Vec::new(), graphs, falls, budget, mistakes };
    let entry = builder.steps(&protocol.body, EXIT);
    Flow { slots: builder.slots, entry }
}

struct Builder<'b, 'l, 'a> {
    slots: Vec<Slot<'a>>,
    /// The loops around what is being built.
    loops: Vec<OpenLoop>,
    /// By protocol; there for those that come earlier.
    graphs: &'b [Option<Graph<'a>>],
    falls: &'b Falls,
    budget: &'b mut Budget<'l>,
    mistakes: &'b mut Mistakes,
}

struct OpenLoop {
    index: LoopIndex,
    head: SlotId,
    after: SlotId,
}

impl<'a> Builder<'_, '_, 'a> {
    fn add(&mut self, slot: Slot<'a>) -> SlotId {
        let id = SlotId::at(self.slots.len());
        self.slots.push(slot);
        id
    }

    fn steps(&mut self, steps: &[Step<'a>], next: SlotId) -> SlotId {
        let last = steps.len().saturating_sub(1);
        let backwards = steps.iter().enumerate().rev();
        backwards.fold(next, |next, (at, step)| self.step(step, next, at == last))
    }

    fn step(&mut self, step: &Step<'a>, next: SlotId, is_last: bool) -> SlotId {
        match &step.meaning {
            Meaning::Message { ast, senders, receivers, label } => {
                let label = *label;
                let after = next;
                let to = |&sender| receivers.iter().map(move |&receiver| (sender, receiver));
                let pairs: Vec<_> = senders.iter().flat_map(to).collect();
                pairs.into_iter().rev().fold(after, |next, (sender, receiver)| {
                    let (via, is_last) = (None, next == after);
                    let message = MessageSlot { ast, via, sender, receiver, label, next, is_last };
                    self.add(Slot::Message(message))
                })
            }
            Meaning::Choice { ast, chooser, branches } => {
                let join = self.add(Slot::Skip { to: next, passes: Passes::BranchEnd });
                let choice = ChoiceOrigin { ast, via: None };
                let mut entries = Vec::new();
                for branch in branches {
                    let entry = self.steps(&branch.body, join);
                    let (ast, docs) = (branch.ast, &branch.ast.docs);
                    entries.push(BranchEntry { origin: BranchOrigin { ast, choice, docs }, entry });
                }
                let (origin, chooser, branches, join) = (choice, *chooser, entries, Some(join));
                self.add(Slot::Choice(ChoiceSlot { origin, chooser, branches, join }))
            }
            Meaning::Loop { ast, index, body } => {
                let head = self.add(Slot::Exit);
                self.loops.push(OpenLoop { index: *index, head, after: next });
                let to = self.steps(body, head);
                self.loops.pop();
                self.slots[head.index()] = Slot::Skip { to, passes: Passes::Loop(ast) };
                head
            }
            Meaning::Break(index) => self.open_loop(*index).map_or(next, |open| open.after),
            Meaning::Continue(index) => self.open_loop(*index).map_or(next, |open| open.head),
            Meaning::Par { arms } if are_apart(arms, self.falls) => {
                let to = self.one_after_another(arms, next);
                self.add(Slot::Skip { to, passes: Passes::Par(step.ast) })
            }
            Meaning::Par { arms } => {
                let endless = arms.iter().find_map(|arm| self.falls.catch(arm));
                let is_dead_end = !is_last && !self.falls.past(step);
                let arms = arms.iter().map(|arm| {
                    let end = self.add(Slot::ArmEnd);
                    self.steps(arm, end)
                });
                let (ast, via, arms) = (step.ast, None, arms.collect());
                let endless = endless.map(|step| step.ast);
                self.add(Slot::Par(ParSlot { ast, via, arms, next, endless, is_dead_end }))
            }
            Meaning::Do { ast, callee, roles, labels } => {
                let graphs = self.graphs;
                match &graphs[*callee] {
                    Some(graph)
                        if graph.has_messages()
                            && self.budget.repeats_in(*callee, ast, self.mistakes) =>
                    {
                        self.copy(graph, &Call { ast, roles, labels, next })
                    }
                    _ => next,
                }
            }
        }
    }

    fn open_loop(&self, index: LoopIndex) -> Option<&OpenLoop> {
        self.loops.iter().rfind(|open| open.index == index)
    }

    /// The arms one after the other: they share no role, so their events can be swapped. An arm
    /// that may never end comes last, for it would hold up the others.
    fn one_after_another(&mut self, arms: &[Vec<Step<'a>>], next: SlotId) -> SlotId {
        let (ending, endless): (Vec<_>, Vec<_>) =
            arms.iter().partition(|arm| self.falls.catch(arm).is_none());
        let in_order = ending.into_iter().chain(endless);
        in_order.rev().fold(next, |next, arm| self.steps(arm, next))
    }

    /// Copies states in front of what follows, and returns where the copy begins.
    fn copy(&mut self, graph: &Graph<'a>, call: &Call<'_, 'a>) -> SlotId {
        let base = SlotId::at(self.slots.len());
        // First one slot for each state, then those for the first messages of branches.
        self.slots.resize(self.slots.len() + graph.states.len(), Slot::Exit);
        for (at, state) in graph.states.iter().enumerate() {
            if let Some(slot) = call.structure(state, base) {
                self.slots[base.index() + at] = slot;
                continue;
            }
            let mut messages = state.exits.iter().map(|exit| call.message(exit, graph, base));
            let slot = match &state.choice {
                Some(choice) if !state.exits.is_empty() => {
                    let chooser = call.roles[state.exits[0].global.sender.index()];
                    let branches = (state.exits.iter().zip(messages))
                        .filter_map(|(exit, message)| {
                            let entry = self.add(Slot::Message(message));
                            Some(BranchEntry { origin: call.branch(exit.branch?), entry })
                        })
                        .collect();
                    let origin = call.choice(*choice);
                    Slot::Choice(ChoiceSlot { origin, chooser, branches, join: None })
                }
                _ => match messages.next() {
                    Some(message) => Slot::Message(message),
                    None => Slot::Skip { to: call.next, passes: Passes::Call },
                },
            };
            self.slots[base.index() + at] = slot;
        }
        match graph.par {
            Some(par) => self.add(Slot::Skip { to: base, passes: Passes::Par(par) }),
            None => base,
        }
    }
}

/// Another protocol as it is run here.
struct Call<'c, 'a> {
    ast: &'a Do,
    /// By the roles of the protocol that is run.
    roles: &'c [RoleId],
    /// By its labels.
    labels: &'c [LabelId],
    /// What follows.
    next: SlotId,
}

impl<'a> Call<'_, 'a> {
    /// The beginning of a `par`, or the end of an arm of one.
    fn structure(&self, state: &State<'a>, base: SlotId) -> Option<Slot<'a>> {
        match state.structure.as_ref()? {
            Structure::ArmEnd => Some(Slot::ArmEnd),
            Structure::Par { par, ast, endless, .. } => {
                let copied = |state: StateId| SlotId::at(base.index() + state.index());
                Some(Slot::Par(ParSlot {
                    ast,
                    via: Some(self.ast),
                    arms: par.arms.iter().copied().map(copied).collect(),
                    next: copied(par.next),
                    endless: *endless,
                    is_dead_end: false,
                }))
            }
        }
    }

    fn choice(&self, choice: ChoiceOrigin<'a>) -> ChoiceOrigin<'a> {
        ChoiceOrigin { via: Some(self.ast), ..choice }
    }

    fn branch(&self, branch: BranchOrigin<'a>) -> BranchOrigin<'a> {
        BranchOrigin { choice: self.choice(branch.choice), ..branch }
    }

    fn message(&self, exit: &Exit<'a>, graph: &Graph<'a>, base: SlotId) -> MessageSlot<'a> {
        MessageSlot {
            ast: exit.message,
            via: Some(self.ast),
            sender: self.roles[exit.global.sender.index()],
            receiver: self.roles[exit.global.receiver.index()],
            label: self.labels[exit.global.label.index()],
            next: SlotId::at(base.index() + exit.global.target.index()),
            is_last: graph.states[exit.global.target.index()].is_end(),
        }
    }
}
