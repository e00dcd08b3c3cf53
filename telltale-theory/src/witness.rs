//! Counterexamples: two runs that look the same to a role, where it would have to act differently.
//!
//! Where the two runs part, the sender of that node is the *decider*. (One run may be a prefix of
//! the other; then they part at the exit that the condition speaks of.) With the runs `ρ1` to the
//! act and `ρ2` to where the act is wrong, the run that goes wrong is
//!
//! ```text
//! send validity     split(ρ2) · p!q:m
//! no mixed choice   split(ρ2) · r!p:m' · p!q:m
//! receive validity  split(ρ2) · r!p:m' · [along the avail path, B = {p}: x ∈ B → add y to B, nothing happens;
//!                                         else x!y:l, and y?x:l if y ∉ B] · p?q:m
//! silent end        split(ρ2), and p waits for ever
//! ```
//!
//! One violation is reported for each role, condition and decision: the one with the shortest runs.

use std::collections::{BTreeSet, VecDeque};

use telltale_types::StateId;

use crate::available::{Available, Roles};
use crate::clash::{Clash, Clashes, Suspect};
use crate::error::{Decision, Event, Violation};
use crate::graph::{EdgeId, Graph, Node};
use crate::view::View;
use crate::{Condition, Remedy, remedy, runs};

/// Explains what is wrong for a role.
pub(crate) fn violations(suspect: &Suspect<'_>, available: &mut Available<'_>) -> Vec<Violation> {
    let mut clashes = Clashes::new(suspect, available);
    let shortest = clashes.shortest();
    let mut witness = Witness { graph: suspect.graph, view: suspect.view, suspect, clashes };
    let explain = |((condition, _), clash)| witness.explain(condition, clash);
    shortest.into_iter().filter_map(explain).collect()
}

struct Witness<'s, 'a, 'g> {
    graph: &'s Graph,
    view: &'s View,
    suspect: &'s Suspect<'s>,
    clashes: Clashes<'s, 'a, 'g>,
}

impl Witness<'_, '_, '_> {
    fn explain(&mut self, condition: Condition, clash: Clash) -> Option<Violation> {
        let role = self.view.role;
        let act = clash.here.exit?;
        let there = self.clashes.runs.run_to(clash.there.vertex);
        let instead = match condition {
            Condition::SendValidity => {
                self.next_act(self.clashes.runs.vertex(clash.there.vertex).node)
            }
            _ => clash.there.exit,
        };
        let steps = |run: &[EdgeId]| run.iter().map(|&exit| self.graph.step(exit)).collect();
        let (here_exit, there_exit) = clash.parted;
        let decision = Decision {
            decider: self.graph.edge(here_exit).sender,
            state: StateId(self.graph.edge(here_exit).source),
            here: self.graph.step(here_exit),
            there: self.graph.step(there_exit),
        };
        let edge = |exit| self.graph.edge(exit);
        let parted = (edge(here_exit), edge(there_exit));
        let advice = remedy::advice(role, condition, parted, edge(act), instead.map(edge));
        let seen = runs::seen(self.suspect.machine, clash.set);
        let wrong = self.wrong_run(condition, &there, act, clash.there.exit);
        Some(Violation {
            role,
            condition,
            decision,
            act: self.graph.step(act),
            instead: instead.map(|exit| self.graph.step(exit)),
            seen: seen.into_iter().map(|action| Event { role, action }).collect(),
            here: steps(&self.clashes.runs.run_to(clash.here.vertex)),
            there: steps(&there),
            wrong,
            remedy: Remedy { advice, insertions: Vec::new() },
        })
    }

    /// What the role does next after a node, if anything.
    fn next_act(&self, node: Node) -> Option<EdgeId> {
        let mut seen = BTreeSet::from([node]);
        let mut queue = VecDeque::from([node]);
        while let Some(node) = queue.pop_front() {
            for exit in self.graph.exit_ids(node) {
                let edge = self.graph.edge(exit);
                if edge.action(self.view.role).is_some() {
                    return Some(exit);
                }
                if seen.insert(edge.target) {
                    queue.push_back(edge.target);
                }
            }
        }
        None
    }

    fn wrong_run(
        &mut self,
        condition: Condition,
        there: &[EdgeId],
        act: EdgeId,
        instead: Option<EdgeId>,
    ) -> Vec<Event> {
        let mut wrong: Vec<Event> = there.iter().flat_map(|&exit| self.split(exit)).collect();
        let [sent, received] = self.split(act);
        let first = instead.map(|exit| self.split(exit)[0]);
        match condition {
            Condition::SendValidity => wrong.push(sent),
            Condition::NoMixedChoice => {
                wrong.extend(first);
                wrong.push(sent);
            }
            Condition::ReceiveValidity => {
                wrong.extend(first);
                wrong.extend(instead.map(|exit| self.overtaking(act, exit)).unwrap_or_default());
                wrong.push(received);
            }
            Condition::SilentEnd => {}
        }
        wrong
    }

    /// The two events of an exchange.
    fn split(&self, exit: EdgeId) -> [Event; 2] {
        let edge = self.graph.edge(exit);
        [
            Event::sent(edge.sender, edge.receiver, edge.label),
            Event::received(edge.sender, edge.receiver, edge.label),
        ]
    }

    /// What the others do, after the exit `instead`, until the message of `act` is there first.
    fn overtaking(&mut self, act: EdgeId, instead: EdgeId) -> Vec<Event> {
        let from = self.graph.edge(instead).target;
        let action = self.graph.edge(act).action(self.view.role);
        // It was found before, within the limit.
        let found =
            action.and_then(|action| self.clashes.path(action, from, usize::MAX).ok().flatten());
        let mut stuck = Roles::of(self.view.role);
        let mut events = Vec::new();
        for exit in found.map(|found| found.path).unwrap_or_default() {
            let edge = self.graph.edge(exit);
            let [sent, received] = self.split(exit);
            if stuck.contains(edge.sender) {
                stuck = stuck.with(edge.receiver);
                continue;
            }
            events.push(sent);
            if !stuck.contains(edge.receiver) {
                events.push(received);
            }
        }
        events
    }
}
