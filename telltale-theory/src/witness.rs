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

use std::collections::{BTreeSet, VecDeque};

use telltale_types::StateId;

use crate::available::{Available, Roles, Wanted};
use crate::clash::{Clash, Clashes};
use crate::error::{Decision, Event, Violation};
use crate::graph::{Edge, EdgeId, Graph, Node};
use crate::view::View;
use crate::{Condition, Remedy, remedy, runs};

/// Explains one thing that is wrong for a role.
pub(crate) fn explain(
    clashes: &Clashes<'_>,
    condition: Condition,
    clash: Clash,
    available: &mut Available<'_>,
) -> Option<Violation> {
    let clash = match condition {
        Condition::SendValidity => clashes.with_send(clash)?,
        _ => clash,
    };
    let (graph, view) = (clashes.suspect.graph, clashes.suspect.view);
    Witness { graph, view, clashes, condition, clash }.violation(available)
}

struct Witness<'s> {
    graph: &'s Graph,
    view: &'s View,
    clashes: &'s Clashes<'s>,
    condition: Condition,
    clash: Clash,
}

impl Witness<'_> {
    fn violation(&self, available: &mut Available<'_>) -> Option<Violation> {
        let Self { condition, clash, .. } = *self;
        let role = self.view.role;
        let act = clash.here.exit?;
        let there = self.there(act);
        let instead = match condition {
            Condition::SendValidity => self.next_act(self.graph.edge(*there.last()?).target),
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
        let seen = runs::seen(self.clashes.suspect.machine, clash.set);
        let wrong = self.wrong_run(&there, act, clash.there.exit, available);
        Some(Violation {
            role,
            condition,
            decision,
            act: self.graph.step(act),
            instead: instead.map(|exit| self.graph.step(exit)),
            seen: seen.into_iter().map(|action| Event { role, action, lane: 0 }).collect(),
            here: steps(&self.clashes.runs.run_to(clash.here.vertex)),
            there: steps(&there),
            wrong,
            remedy: Remedy { advice, insertions: Vec::new() },
        })
    }

    /// The run to where the act is wrong, no longer than it has to be.
    fn there(&self, act: EdgeId) -> Vec<EdgeId> {
        let role = self.view.role;
        let mut run = self.clashes.runs.run_to(self.clash.there.vertex);
        let act = self.graph.edge(act).action(role);
        let decided = self.clashes.runs.vertex(self.clash.fork).length as usize + 1;
        let mut seen = BTreeSet::new();
        let mut is_wrong_at = |node| match self.condition {
            Condition::SendValidity => {
                !self.reaches(node, &mut seen, |edge| edge.action(role) == act)
            }
            Condition::SilentEnd => {
                !self.reaches(node, &mut seen, |edge| edge.action(role).is_some())
            }
            _ => false,
        };
        while let Some(last) = run.last().map(|&exit| self.graph.edge(exit)) {
            if run.len() <= decided || last.action(role).is_some() || !is_wrong_at(last.source) {
                break;
            }
            run.pop();
        }
        run
    }

    /// Whether exits without the role lead from a node to one of some exits, if they do so from none
    /// of the nodes that were seen before.
    fn reaches(
        &self,
        node: Node,
        seen: &mut BTreeSet<Node>,
        wanted: impl Fn(&Edge) -> bool,
    ) -> bool {
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            if !seen.insert(node) {
                continue;
            }
            for edge in self.graph.exits(node) {
                if wanted(edge) {
                    return true;
                }
                if edge.action(self.view.role).is_none() {
                    stack.push(edge.target);
                }
            }
        }
        false
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
        &self,
        there: &[EdgeId],
        act: EdgeId,
        instead: Option<EdgeId>,
        available: &mut Available<'_>,
    ) -> Vec<Event> {
        let mut wrong: Vec<Event> = there.iter().flat_map(|&exit| self.split(exit)).collect();
        let [sent, received] = self.split(act);
        let first = instead.map(|exit| self.split(exit)[0]);
        match self.condition {
            Condition::SendValidity => wrong.push(sent),
            Condition::NoMixedChoice => {
                wrong.extend(first);
                wrong.push(sent);
            }
            Condition::ReceiveValidity => {
                wrong.extend(first);
                let early = instead.map(|exit| self.overtaking(act, exit, available));
                wrong.extend(early.unwrap_or_default());
                wrong.push(received);
            }
            Condition::SilentEnd | Condition::Fork | Condition::Join => {}
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
    fn overtaking(
        &self,
        act: EdgeId,
        instead: EdgeId,
        available: &mut Available<'_>,
    ) -> Vec<Event> {
        let Edge { sender, receiver, label, .. } = *self.graph.edge(act);
        let wanted = Wanted { sender, receiver, labels: &[label] };
        // It was found before, within the limit.
        let found = available.search(wanted, &[self.graph.edge(instead).target], usize::MAX);
        let mut stuck = Roles::of(self.view.role);
        let mut events = Vec::new();
        for exit in found.ok().flatten().map(|found| found.path).unwrap_or_default() {
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
