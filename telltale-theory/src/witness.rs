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
//! Where there are parallel parts, a run comes to a place inside of an arm before the other arms have
//! begun; where it leaves an arm or walks past the part, the others are taken in full, one after
//! another. A role that is not told where it forks or joins need not make any run go wrong. One does if what it
//! sends first behind the fork or the join cannot be what it does next; behind a join, the arms beside are done before.

use std::collections::{BTreeSet, VecDeque};

use telltale_types::{Action, StateId};

use crate::available::{Available, Channel, Wanted};
use crate::clash::{Clash, Clashes, Suspect};
use crate::error::{Decision, Event, Violation};
use crate::graph::{Edge, EdgeId, Graph, Node};
use crate::lanes::{self, NOBODY, Parallel};
use crate::view::View;
use crate::{Condition, Remedy, Step, remedy, runs};

/// Explains one thing that is wrong for a role.
pub(crate) fn explain(
    clashes: &Clashes<'_>,
    condition: Condition,
    clash: Clash,
    available: &mut Available<'_>,
) -> Option<Violation> {
    let clash = match condition {
        Condition::SendValidity => clashes.with_send(clash)?,
        Condition::Fork | Condition::Join => clashes.with_fork(clash),
        _ => clash,
    };
    let Suspect { graph, parallel, view, .. } = clashes.suspect;
    Witness { graph, parallel, view, clashes, condition, clash }.violation(available)
}

struct Witness<'s> {
    graph: &'s Graph,
    parallel: Option<&'s Parallel>,
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
        let act = self.exchange_of(act)?;
        let then = || self.next_act(self.end_of(&there));
        let instead = match condition {
            Condition::SendValidity => then(),
            Condition::Fork | Condition::Join => {
                clash.there.exit.and_then(|exit| self.exchange_of(exit)).or_else(then)
            }
            _ => clash.there.exit,
        };
        let end = self.end_of(&there);
        let (here, there) =
            (self.in_full(&self.clashes.runs.run_to(clash.here.vertex)), self.in_full(&there));
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
        let wrong = self.wrong_run((&there, end), act, clash.there.exit, available);
        Some(Violation {
            role,
            condition,
            decision,
            act: self.graph.step(act),
            instead: instead.map(|exit| self.graph.step(exit)),
            seen: self.seen(),
            here,
            there,
            wrong,
            remedy: Remedy { advice, insertions: Vec::new() },
        })
    }

    /// What the role has seen when it comes to where it cannot know what to do.
    fn seen(&self) -> Vec<Event> {
        let role = self.view.role;
        let mut events = Vec::new();
        for action in runs::seen(self.clashes.suspect.machine, self.clash.set) {
            match self.parallel {
                Some(parallel) if action.peer == NOBODY => {
                    let (lane, past) = lanes::sent_to_nobody(action.label);
                    let arms = past.then(|| parallel.all_through(parallel.part(lane).0));
                    let steps = arms.into_iter().flatten();
                    let own = steps.flat_map(|step| self.split(step));
                    events.extend(own.filter(|event| event.role == role));
                }
                _ => events.push(Event { role, action, lane: 0 }),
            }
        }
        events
    }

    /// The exchanges of a run, with those of the arms that it does not show.
    fn in_full(&self, run: &[EdgeId]) -> Vec<Step> {
        let mut steps = Vec::new();
        for &exit in run {
            let edge = self.graph.edge(exit);
            match self.parallel {
                Some(parallel) if !edge.is_exchange() => steps.extend(parallel.beside(edge)),
                _ => steps.push(self.graph.step(exit)),
            }
        }
        steps
    }

    /// Where a run ends.
    fn end_of(&self, run: &[EdgeId]) -> Node {
        run.last().map_or(0, |&exit| self.graph.edge(exit).target)
    }

    /// Where an edge leads; where the role joins, to what follows.
    fn past_join(&self, edge: &Edge) -> Node {
        match self.parallel {
            Some(parallel) if edge.is_join() => {
                let (lane, _) = lanes::sent_to_nobody(edge.label);
                parallel.part(lane).0.next.0
            }
            _ => edge.target,
        }
    }

    /// The first exchange of the role after it forks or joins.
    fn exchange_of(&self, act: EdgeId) -> Option<EdgeId> {
        let edge = self.graph.edge(act);
        match self.parallel {
            Some(_) if !edge.is_exchange() => self.next_act(self.past_join(edge)),
            _ => Some(act),
        }
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

    /// What the role sends or receives next after a node, if anything.
    fn next_act(&self, node: Node) -> Option<EdgeId> {
        let mut seen = BTreeSet::from([node]);
        let mut queue = VecDeque::from([node]);
        while let Some(node) = queue.pop_front() {
            for exit in self.graph.exit_ids(node) {
                let edge = self.graph.edge(exit);
                if edge.is_exchange() && edge.action(self.view.role).is_some() {
                    return Some(exit);
                }
                let target = self.past_join(edge);
                if seen.insert(target) {
                    queue.push_back(target);
                }
            }
        }
        None
    }

    fn wrong_run(
        &self,
        (there, end): (&[Step], Node),
        act: EdgeId,
        instead: Option<EdgeId>,
        available: &mut Available<'_>,
    ) -> Vec<Event> {
        let mut wrong: Vec<Event> = there.iter().flat_map(|&step| self.split(step)).collect();
        let [sent, received] = self.split(self.graph.step(act));
        let instead = instead.filter(|&exit| self.graph.edge(exit).is_exchange());
        let first = instead.map(|exit| self.split(self.graph.step(exit))[0]);
        if self.is_about_lanes() {
            let is_first = sent.role == self.view.role && self.acts_at_once(act);
            // What is on its way to the role has to be taken before.
            if !is_first || first.is_none() && self.may_come_next(end, sent) {
                return Vec::new();
            }
            wrong.extend(first);
            wrong.extend(self.beside().into_iter().flat_map(|step| self.split(step)));
            wrong.push(sent);
            return wrong;
        }
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

    /// Whether the role may do something next on some way on from a node, though it may fork or join before.
    fn may_come_next(&self, node: Node, sent: Event) -> bool {
        let mut seen = BTreeSet::from([node]);
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            for exit in self.graph.exit_ids(node) {
                let edge = self.graph.edge(exit);
                if edge.is_exchange() && edge.action(self.view.role).is_some() {
                    if self.split(self.graph.step(exit)).contains(&sent) {
                        return true;
                    }
                    continue;
                }
                open.extend(
                    [edge.target, self.past_join(edge)].into_iter().filter(|&to| seen.insert(to)),
                );
            }
        }
        false
    }

    /// Whether the role sends something directly behind the fork or the join, with no other between.
    fn acts_at_once(&self, act: EdgeId) -> bool {
        let forks = self.clash.here.exit.map(|exit| self.graph.edge(exit));
        let Some(forks) = forks.filter(|edge| !edge.is_exchange()) else { return true };
        let is_act = |edge: &Edge| std::ptr::eq(edge, self.graph.edge(act));
        self.reaches(self.past_join(forks), &mut BTreeSet::new(), is_act)
    }

    /// What happens in the arms beside the one that the role takes to be over.
    fn beside(&self) -> Vec<Step> {
        let act = self.clash.here.exit.map(|exit| self.graph.edge(exit));
        match (self.parallel, act) {
            (Some(parallel), Some(act)) if act.is_join() => {
                parallel.beside_lane(lanes::sent_to_nobody(act.label).0)
            }
            _ => Vec::new(),
        }
    }

    /// Whether what the role is not told is only that it forks or joins: then nothing need go wrong.
    fn is_about_lanes(&self) -> bool {
        let there = self.clashes.runs.vertex(self.clash.there.vertex).node;
        let forks = |&(_, exit): &(Action, EdgeId)| !self.graph.edge(exit).is_exchange();
        match self.condition {
            Condition::Fork | Condition::Join => true,
            Condition::SendValidity => {
                self.view.part(self.view.part_of(there)).exits.iter().any(forks)
            }
            _ => false,
        }
    }

    /// The two events of an exchange.
    fn split(&self, step: Step) -> [Event; 2] {
        let Edge { sender, receiver, label, apart, .. } = *self.graph.at(step);
        [Event::sent(sender, receiver, label), Event::received(sender, receiver, label)]
            .map(|event| event.in_lane(apart.number))
    }

    /// What the others do, after the exit `instead`, until the message of `act` is there first.
    fn overtaking(
        &self,
        act: EdgeId,
        instead: EdgeId,
        available: &mut Available<'_>,
    ) -> Vec<Event> {
        let (act, start) = (self.graph.edge(act), self.graph.edge(instead).target);
        let wanted = Wanted { channel: Channel::of(act), labels: &[act.label] };
        // It was found before, within the limit.
        let found = available.search(wanted, &[start], usize::MAX);
        let mut stuck = available.stuck_at(start, self.view.role);
        let mut events = Vec::new();
        for exit in found.ok().flatten().map(|found| found.path).unwrap_or_default() {
            let edge = available.edge(exit);
            if edge.is_exchange() {
                let [sent, received] = self.split(available.step(exit));
                let can_send = !stuck.contains(edge.sender);
                let can_receive = can_send && !stuck.contains(edge.receiver);
                events.extend(can_send.then_some(sent));
                events.extend(can_receive.then_some(received));
            } else if let Some(parallel) = self.parallel {
                let beside = stuck.began_inside().then(|| parallel.beside(edge));
                let beside = beside.into_iter().flatten();
                events.extend(beside.flat_map(|step| self.split(step)));
            }
            stuck = available.pass(edge, stuck).unwrap_or_default();
        }
        events
    }
}
