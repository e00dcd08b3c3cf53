//! From resolved statements to their flow.

use telltale_types::{LabelId, RoleId};

use super::{BranchEntry, ChoiceSlot, EXIT, Flow, MessageSlot, Passes, Slot, SlotId};
use crate::ast::Do;
use crate::resolve::{LoopIndex, Meaning, Protocol, Resolved, Step};
use crate::structure::Falls;

/// The flow of every protocol, by its place in the list.
pub(crate) fn build<'a>(resolved: &Resolved<'a>, falls: &Falls) -> Vec<Flow<'a>> {
    let mut flows: Vec<Option<Flow<'a>>> = resolved.protocols.iter().map(|_| None).collect();
    for &index in &resolved.callees_first {
        let flow = Builder::flow(&resolved.protocols[index], &flows, falls);
        flows[index] = Some(flow);
    }
    flows.into_iter().flatten().collect()
}

struct Builder<'b, 'a> {
    slots: Vec<Slot<'a>>,
    /// The loops around what is being built.
    loops: Vec<OpenLoop>,
    flows: &'b [Option<Flow<'a>>],
    falls: &'b Falls,
}

struct OpenLoop {
    index: LoopIndex,
    head: SlotId,
    after: SlotId,
}

impl<'a> Builder<'_, 'a> {
    fn flow(protocol: &Protocol<'a>, flows: &[Option<Flow<'a>>], falls: &Falls) -> Flow<'a> {
        let mut builder = Builder { slots: vec![Slot::Exit], loops: Vec::new(), flows, falls };
        let entry = builder.steps(&protocol.body, EXIT);
        Flow { slots: builder.slots, entry }
    }

    fn add(&mut self, slot: Slot<'a>) -> SlotId {
        let id = SlotId(self.slots.len() as u32);
        self.slots.push(slot);
        id
    }

    fn steps(&mut self, steps: &[Step<'a>], next: SlotId) -> SlotId {
        steps.iter().rev().fold(next, |next, step| self.step(step, next))
    }

    fn step(&mut self, step: &Step<'a>, next: SlotId) -> SlotId {
        match &step.meaning {
            Meaning::Message { ast, sender, receivers, label } => {
                receivers.iter().rev().fold(next, |next, &receiver| {
                    let (sender, label) = (*sender, *label);
                    let message = MessageSlot { ast, via: None, sender, receiver, label, next };
                    self.add(Slot::Message(message))
                })
            }
            Meaning::Choice { ast, chooser, branches } => {
                let join = self.add(Slot::Skip { to: next, passes: Passes::BranchEnd });
                let mut entries = Vec::new();
                for branch in branches {
                    let entry = self.steps(&branch.body, join);
                    entries.push(BranchEntry { ast: branch.ast, entry });
                }
                let (chooser, branches) = (*chooser, entries);
                self.add(Slot::Choice(ChoiceSlot { ast, via: None, chooser, branches, join }))
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
            Meaning::Par { arms } => self.par(arms, next),
            Meaning::Do { ast, callee, roles, labels } => {
                let flows = self.flows;
                match &flows[*callee] {
                    Some(flow) => self.copy(flow, &Renaming { call: ast, roles, labels, next }),
                    None => next,
                }
            }
        }
    }

    fn open_loop(&self, index: LoopIndex) -> Option<&OpenLoop> {
        self.loops.iter().rfind(|open| open.index == index)
    }

    /// The arms one after the other: they share no role, so their events can be swapped. An arm
    /// that never ends comes last.
    fn par(&mut self, arms: &[Vec<Step<'a>>], next: SlotId) -> SlotId {
        let (ending, endless): (Vec<_>, Vec<_>) =
            arms.iter().partition(|arm| self.falls.through(arm));
        let in_order = ending.into_iter().chain(endless);
        in_order.rev().fold(next, |next, arm| self.steps(arm, next))
    }

    /// Copies a flow in front of what follows, and returns where the copy begins.
    fn copy(&mut self, flow: &Flow<'a>, renaming: &Renaming<'_, 'a>) -> SlotId {
        let base = self.slots.len() as u32;
        self.slots.extend(flow.slots.iter().map(|slot| renaming.apply(slot, base)));
        SlotId(base + flow.entry.0)
    }
}

/// What becomes of a flow that is copied.
struct Renaming<'r, 'a> {
    call: &'a Do,
    /// By the roles of the protocol that is run.
    roles: &'r [RoleId],
    /// By its labels.
    labels: &'r [LabelId],
    /// What follows.
    next: SlotId,
}

impl<'a> Renaming<'_, 'a> {
    fn apply(&self, slot: &Slot<'a>, base: u32) -> Slot<'a> {
        let moved = |slot: SlotId| SlotId(base + slot.0);
        match slot {
            Slot::Exit => Slot::Skip { to: self.next, passes: Passes::Call },
            Slot::Skip { to, .. } => Slot::Skip { to: moved(*to), passes: Passes::Call },
            Slot::Message(message) => Slot::Message(MessageSlot {
                ast: message.ast,
                via: Some(self.call),
                sender: self.roles[message.sender.index()],
                receiver: self.roles[message.receiver.index()],
                label: self.labels[message.label.index()],
                next: moved(message.next),
            }),
            Slot::Choice(choice) => {
                let moved_entry = |branch: &BranchEntry<'a>| BranchEntry {
                    entry: moved(branch.entry),
                    ..*branch
                };
                Slot::Choice(ChoiceSlot {
                    ast: choice.ast,
                    via: Some(self.call),
                    chooser: self.roles[choice.chooser.index()],
                    branches: choice.branches.iter().map(moved_entry).collect(),
                    join: moved(choice.join),
                })
            }
        }
    }
}
