//! The messages with which each choice may begin.
//!
//! A branch that begins with another choice of the same role has the branches of that one: they
//! become branches of the outer choice. The inner one keeps its slot, for a loop may come to it
//! again. So what a choice begins with is known once that is known of the choices that its branches
//! begin with; they are visited by a depth-first search that keeps its own stack.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{LabelId, RoleId};

use super::begins::Begins;
use super::heads::{Heads, without_message};
use super::{Ahead, BranchEntry, BranchOrigin, ChoiceSlot, Flow, MessageSlot, Slot, SlotId};
use crate::ast::{self, Block};
use crate::diagnostic::Diagnostic;
use crate::limit::Budget;
use crate::mistakes::Mistakes;

/// The messages with which choices begin.
pub(crate) struct Firsts<'a> {
    by_choice: BTreeMap<SlotId, Found<'a>>,
    several: BTreeSet<SlotId>,
}

/// A message with which a choice may begin.
#[derive(Clone, Copy)]
pub(crate) struct First<'a> {
    pub(crate) message: SlotId,
    /// The innermost branch that it begins.
    pub(crate) branch: BranchOrigin<'a>,
    /// The innermost branch of this protocol that it begins.
    pub(super) block: &'a Block,
}

/// What is found in front of the first messages of a choice.
#[derive(Default)]
struct Found<'a> {
    firsts: Vec<First<'a>>,
    /// The ends of branches of choices around it, and the first branch by which each is reached.
    ends: BTreeMap<SlotId, &'a Block>,
}

impl<'a> Found<'a> {
    fn passes(&mut self, ends: &[SlotId], block: &'a Block) {
        for &end in ends {
            self.ends.entry(end).or_insert(block);
        }
    }
}

impl<'a> Firsts<'a> {
    /// The messages with which a choice may begin, no two to one receiver with one label.
    pub(crate) fn of(&self, choice: SlotId) -> &[First<'a>] {
        self.by_choice.get(&choice).map_or(&[], |found| &found.firsts)
    }

    /// Whether a message is one step with another one that begins a branch of the same choice.
    pub(crate) fn are_several(&self, message: SlotId) -> bool {
        self.several.contains(&message)
    }
}

/// Finds out how every choice begins, and reports what is wrong with that. In a choice of a protocol
/// that is run nothing is: that was reported there.
pub(crate) fn firsts<'a>(
    flow: &Flow<'a>,
    ahead: &Ahead,
    roles: &[&'a ast::Role],
    budget: &mut Budget<'_>,
    mistakes: &mut Mistakes,
) -> Firsts<'a> {
    let firsts = Firsts { by_choice: BTreeMap::new(), several: BTreeSet::new() };
    let heads = Heads { flow, roles };
    let (path, open, circles) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut search = Search { flow, ahead, heads, firsts, path, open, circles };
    for (at, slot) in flow.slots.iter().enumerate() {
        if let Slot::Choice(choice) = slot {
            search.visit(SlotId::at(at), choice, budget, mistakes);
        }
    }
    search.firsts
}

struct Search<'s, 'a> {
    flow: &'s Flow<'a>,
    ahead: &'s Ahead,
    heads: Heads<'s, 'a>,
    firsts: Firsts<'a>,
    /// The choices that are being visited, each at a branch that begins with the next one.
    path: Vec<Visit<'s, 'a>>,
    /// How deep in the path they are.
    open: BTreeMap<SlotId, usize>,
    /// Those of which it was reported that a branch comes back to them.
    circles: BTreeSet<SlotId>,
}

/// A choice that is being visited.
struct Visit<'s, 'a> {
    slot: SlotId,
    choice: &'s ChoiceSlot<'a>,
    /// The branch at which the visit is.
    branch: usize,
    found: Found<'a>,
    /// The firsts, by receiver and label.
    places: BTreeMap<(RoleId, LabelId), usize>,
    /// The choices that branches begin with.
    inner: BTreeSet<SlotId>,
    /// What there is to say if all branches are one.
    alike: Option<Diagnostic>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn visit(
        &mut self,
        slot: SlotId,
        choice: &'s ChoiceSlot<'a>,
        budget: &mut Budget<'_>,
        mistakes: &mut Mistakes,
    ) {
        if !self.firsts.by_choice.contains_key(&slot) {
            self.begin(slot, choice);
        }
        while let Some(mut visit) = self.path.pop() {
            let choice = visit.choice;
            let Some(branch) = choice.branches.get(visit.branch) else {
                self.finish(visit, budget, mistakes);
                continue;
            };
            let (ends, begins) = Begins::of(self.flow, self.ahead, branch.entry);
            if let Begins::Choice(slot, inner) = begins
                && inner.chooser == choice.chooser
                && !self.open.contains_key(&slot)
                && !self.firsts.by_choice.contains_key(&slot)
            {
                self.path.push(visit);
                self.begin(slot, inner);
            } else {
                self.take(&mut visit, branch, &ends, begins, mistakes);
                visit.branch += 1;
                self.path.push(visit);
            }
        }
    }

    fn begin(&mut self, slot: SlotId, choice: &'s ChoiceSlot<'a>) {
        self.open.insert(slot, self.path.len());
        self.path.push(Visit {
            slot,
            choice,
            branch: 0,
            found: Found::default(),
            places: BTreeMap::new(),
            inner: BTreeSet::new(),
            alike: None,
        });
    }

    fn finish(&mut self, visit: Visit<'s, 'a>, budget: &mut Budget<'_>, mistakes: &mut Mistakes) {
        let Visit { slot, choice, mut found, alike, .. } = visit;
        if found.firsts.len() == 1 {
            mistakes.extend(alike);
        }
        let repeated = found.firsts.len().saturating_sub(choice.branches.len());
        if !budget.repeats(repeated, choice.origin.ast, mistakes) {
            found.firsts.clear();
        }
        self.open.remove(&slot);
        self.firsts.by_choice.insert(slot, found);
    }

    /// Takes what a branch begins with, or reports what is wrong with it.
    fn take(
        &mut self,
        visit: &mut Visit<'s, 'a>,
        branch: &BranchEntry<'a>,
        ends: &[SlotId],
        begins: Begins<'s, 'a>,
        mistakes: &mut Mistakes,
    ) {
        let (heads, choice, block) = (self.heads, visit.choice, branch.origin.ast);
        let is_over = choice.join.is_some_and(|join| ends.contains(&join));
        match begins {
            Begins::Nothing => {}
            Begins::Exit => mistakes.push(without_message(block)),
            _ if is_over => mistakes.push(without_message(block)),
            Begins::Par(par) => mistakes.push(heads.par(choice, block, par)),
            Begins::Message(_, message) if message.sender != choice.chooser => {
                mistakes.push(heads.foreign(choice, block, message));
            }
            Begins::Message(message, _) => {
                visit.found.passes(ends, block);
                self.add(visit, First { message, branch: branch.origin, block }, mistakes);
            }
            Begins::Choice(_, inner) if inner.chooser != choice.chooser => {
                mistakes.push(heads.nested(choice, block, inner));
            }
            Begins::Choice(slot, _) if self.open.contains_key(&slot) => {
                mistakes.extend(self.circle(slot, visit));
            }
            Begins::Choice(slot, inner) => {
                visit.found.passes(ends, block);
                if visit.inner.insert(slot) {
                    self.flatten(visit, branch, (slot, inner), mistakes);
                }
            }
        }
    }

    /// Makes the branches of an inner choice branches of the one that is visited.
    fn flatten(
        &mut self,
        visit: &mut Visit<'s, 'a>,
        branch: &BranchEntry<'a>,
        (slot, inner): (SlotId, &'s ChoiceSlot<'a>),
        mistakes: &mut Mistakes,
    ) {
        for (&end, &block) in &self.firsts.by_choice[&slot].ends {
            if Some(end) == visit.choice.join {
                mistakes.push(self.heads.ends(visit.choice, block));
            } else {
                visit.found.passes(&[end], block);
            }
        }
        for mut first in self.firsts.of(slot).to_vec() {
            if inner.origin.via.is_some() {
                first.block = branch.origin.ast;
            }
            if first.branch.docs.is_empty() {
                first.branch.docs = branch.origin.docs;
            }
            self.add(visit, first, mistakes);
        }
    }

    /// Adds a first message, unless there is one that is the same step.
    fn add(&mut self, visit: &mut Visit<'s, 'a>, mut first: First<'a>, mistakes: &mut Mistakes) {
        let Some(message) = self.message(&first) else { return };
        if first.branch.docs.is_empty() {
            first.branch.docs = &message.ast.docs;
        }
        let firsts = &mut visit.found.firsts;
        let key = (message.receiver, message.label);
        let place = *visit.places.entry(key).or_insert(firsts.len());
        let Some((known, before)) =
            firsts.get(place).and_then(|known| Some((known, self.message(known)?)))
        else {
            firsts.push(first);
            return;
        };
        let alike = || self.heads.alike(before, message, first.block);
        if self.ahead.slot(before.next) != self.ahead.slot(message.next) {
            mistakes.push(alike());
            return;
        }
        visit.alike.get_or_insert_with(alike);
        if known.message != first.message {
            self.firsts.several.extend([known.message, first.message]);
        }
    }

    fn message(&self, first: &First<'a>) -> Option<&'s MessageSlot<'a>> {
        let slot = &self.flow.slots[first.message.index()];
        if let Slot::Message(message) = slot { Some(message) } else { None }
    }

    /// What there is to say, once for each choice, of the loops that come to it again without a message.
    fn circle(&mut self, slot: SlotId, last: &Visit<'s, 'a>) -> Option<Diagnostic> {
        let depth = *self.open.get(&slot)?;
        if !self.circles.insert(slot) {
            return None;
        }
        let visits = self.path[depth..].iter().chain([last]);
        let entries = visits.filter_map(|visit| visit.choice.branches.get(visit.branch));
        self.heads.circle(entries.map(|branch| branch.entry))
    }
}
