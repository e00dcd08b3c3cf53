//! The conditions as they are defined, on pairs of all nodes.
//!
//! A node is a state of the protocol. Where a parallel part begins is a node, and so is the end of
//! each of its arms.

use std::collections::BTreeSet;

use telltale_types::{
    Direction, GlobalExit, GlobalState, GlobalType, LabelId, LaneId, RoleId, StateId,
};

use super::parts::{Parts, reached};
use crate::Condition;

type Pair = (StateId, StateId);

/// Sender, receiver, and the number that tells the channels of the two apart.
pub(super) type Channel = (RoleId, RoleId, u16);

/// Which roles violate which conditions.
pub fn violated(global: &GlobalType) -> BTreeSet<(RoleId, Condition)> {
    let parts = Parts::of(global);
    let mut violated = BTreeSet::new();
    for (role, _) in global.names().roles() {
        let seen_by = SeenBy { parts: &parts, role };
        for (a, b) in seen_by.indistinguishable() {
            let broken = [
                (Condition::SendValidity, seen_by.sends_wrongly(a, b)),
                (Condition::ReceiveValidity, seen_by.receives_wrongly(a, b)),
                (Condition::NoMixedChoice, seen_by.mixes(a, b)),
                (Condition::SilentEnd, seen_by.ends_silently(a, b)),
                (Condition::Fork, seen_by.forks_wrongly(a, b)),
                (Condition::Join, seen_by.joins_wrongly(a, b)),
            ];
            violated.extend(broken.iter().filter(|(_, is)| *is).map(|(what, _)| (role, *what)));
        }
    }
    violated
}

/// A protocol as one role `p` sees it.
pub(super) struct SeenBy<'g> {
    pub(super) parts: &'g Parts,
    pub(super) role: RoleId,
}

/// What a role does: direction, the channel, and the message.
pub(super) type Act = (Direction, Channel, LabelId);

impl SeenBy<'_> {
    /// `a ~ b` for a role: the least symmetric relation with
    ///
    /// ```text
    /// 0 ~ 0
    /// e ~ e                for every arm of p that begins at e, of a parallel part at which p forks
    /// n ~ n                if n follows a parallel part at which p forks
    /// a ~ b and a silent move a→a'                                gives a' ~ b
    /// a ~ b and exits a→a', b→b' that are the same event of p     give  a' ~ b'
    /// ```
    fn indistinguishable(&self) -> BTreeSet<Pair> {
        let mut pairs = BTreeSet::new();
        let mut open: Vec<Pair> = self.begins().into_iter().map(|state| (state, state)).collect();
        while let Some((a, b)) = open.pop() {
            if !pairs.insert((a, b)) {
                continue;
            }
            open.push((b, a));
            open.extend(self.silent_moves(a).into_iter().map(|next| (next, b)));
            for (act, one) in self.acts(a) {
                let same = self.acts(b).into_iter().filter(|(other, _)| *other == act);
                open.extend(same.map(|(_, other)| (one.target, other.target)));
            }
        }
        pairs
    }

    /// Where the role knows where it is.
    fn begins(&self) -> BTreeSet<StateId> {
        let forks = self.parts.pars().filter(|(_, par)| self.parts.forks(self.role, par));
        let known = forks
            .flat_map(|(_, par)| self.parts.arms_of(self.role, par).into_iter().chain([par.next]));
        known.chain([StateId::START]).collect()
    }

    /// Where a node leads without the role.
    pub(super) fn silent_moves(&self, at: StateId) -> Vec<StateId> {
        match self.parts.state(at) {
            GlobalState::Exits(exits) => {
                let without = exits.iter().filter(|exit| !self.takes_part(**exit));
                without.map(|exit| exit.target).collect()
            }
            GlobalState::Par(par) => match self.parts.arms_of(self.role, par)[..] {
                [] => vec![par.next],
                [arm] => vec![arm],
                _ => Vec::new(),
            },
            GlobalState::ArmEnd => {
                let (_, par, _) = self.arm(at);
                if self.parts.forks(self.role, par) { Vec::new() } else { vec![par.next] }
            }
        }
    }

    fn takes_part(&self, exit: GlobalExit) -> bool {
        exit.sender == self.role || exit.receiver == self.role
    }

    fn receives(&self, at: StateId) -> bool {
        self.parts.exits(at).iter().any(|exit| exit.receiver == self.role)
    }

    /// What the role can do at a node, and by which exits.
    pub(super) fn acts(&self, at: StateId) -> Vec<(Act, GlobalExit)> {
        let own = self.parts.exits(at).iter().filter(|exit| self.takes_part(**exit));
        let act = |exit: &GlobalExit| {
            let sends = exit.sender == self.role;
            let direction = if sends { Direction::Send } else { Direction::Receive };
            ((direction, self.parts.channel(at, *exit), exit.label), *exit)
        };
        own.map(act).collect()
    }

    /// The parallel part whose arm ends at a node.
    fn arm(&self, arm_end: StateId) -> (StateId, &telltale_types::Par, usize) {
        self.parts.arm(self.parts.lane(arm_end)).expect("an arm ends in an arm")
    }

    /// All nodes that silent moves lead to.
    pub(super) fn silently(&self, from: StateId) -> BTreeSet<StateId> {
        reached([from], |state| self.silent_moves(state))
    }

    /// Whether the role has nothing more to do, be it in the lane of a node or after it.
    fn is_idle(&self, from: StateId) -> bool {
        let steps = |state| match self.parts.state(state) {
            GlobalState::Exits(exits) => exits.iter().map(|exit| exit.target).collect(),
            GlobalState::Par(par) => par.arms.iter().copied().chain([par.next]).collect(),
            GlobalState::ArmEnd => vec![self.arm(state).1.next],
        };
        reached([from], steps).into_iter().all(|state| self.acts(state).is_empty())
    }

    fn sends_wrongly(&self, a: StateId, b: StateId) -> bool {
        let reachable: Vec<Act> = self
            .silently(b)
            .into_iter()
            .flat_map(|node| self.acts(node))
            .map(|(act, _)| act)
            .collect();
        let mut sends = self.acts(a).into_iter().filter(|((way, ..), _)| *way == Direction::Send);
        sends.any(|(act, _)| !reachable.contains(&act))
    }

    fn receives_wrongly(&self, a: StateId, b: StateId) -> bool {
        let receipts = |at| self.parts.exits(at).iter().filter(|exit| exit.receiver == self.role);
        receipts(a).any(|one| {
            let channel = self.parts.channel(a, *one);
            receipts(b).any(|other| {
                channel != self.parts.channel(b, *other)
                    && self.is_available(channel, one.label, other.target)
            })
        })
    }

    fn mixes(&self, a: StateId, b: StateId) -> bool {
        self.parts.exits(a).iter().any(|exit| exit.sender == self.role) && self.receives(b)
    }

    fn ends_silently(&self, a: StateId, b: StateId) -> bool {
        self.receives(b) && self.is_idle(a)
    }

    fn forks_wrongly(&self, a: StateId, b: StateId) -> bool {
        let forks = self.parts.par(a).is_some_and(|par| self.parts.forks(self.role, par));
        forks && (self.receives(b) || !self.silently(b).contains(&a))
    }

    fn joins_wrongly(&self, a: StateId, b: StateId) -> bool {
        if !matches!(self.parts.state(a), GlobalState::ArmEnd) {
            return false;
        }
        let (_, par, _) = self.arm(a);
        let joins = self.parts.forks(self.role, par) && !self.is_idle(par.next);
        joins
            && (self.receives(b) || !self.silently(b).iter().any(|&node| self.is_same_end(a, node)))
    }

    /// Whether both are ends of the same arm.
    fn is_same_end(&self, a: StateId, b: StateId) -> bool {
        let is_end = |at| matches!(self.parts.state(at), GlobalState::ArmEnd);
        is_end(a) && is_end(b) && self.parts.lane(a) == self.parts.lane(b)
    }

    /// `avail(c:m, n, {(p, lane(n))})`: going on from `n` with the role stuck, some run puts the
    /// message at the head of the channel.
    fn is_available(&self, channel: Channel, label: LabelId, from: StateId) -> bool {
        let stuck = BTreeSet::from([(self.role, self.parts.lane(from))]);
        let mut seen = BTreeSet::new();
        let mut open = vec![Ahead { at: from, begun: BTreeSet::new(), stuck }];
        while let Some(ahead) = open.pop() {
            if !seen.insert(ahead.clone()) {
                continue;
            }
            match self.parts.state(ahead.at) {
                GlobalState::Exits(exits) => {
                    for exit in exits {
                        let sender_is_stuck = ahead.is_stuck(self.parts, exit.sender);
                        if self.parts.channel(ahead.at, *exit) != channel {
                            open.push(ahead.after(self.parts, *exit));
                        } else if exit.label == label && !sender_is_stuck {
                            return true;
                        }
                    }
                }
                GlobalState::Par(_) => open.extend(ahead.entered(self.parts)),
                GlobalState::ArmEnd => open.push(ahead.left(self.parts)),
            }
        }
        false
    }
}

/// How far a run has gone on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Ahead {
    at: StateId,
    /// The parallel parts around the node that were met on the way. Of the others around it, the
    /// arms beside count as done.
    begun: BTreeSet<StateId>,
    /// Who is stuck, and in which lane.
    stuck: BTreeSet<(RoleId, LaneId)>,
}

impl Ahead {
    fn is_stuck(&self, parts: &Parts, role: RoleId) -> bool {
        let lane = parts.lane(self.at);
        self.stuck.iter().any(|&(who, around)| who == role && parts.is_within(lane, around))
    }

    /// What a stuck one should have sent makes its receiver stuck.
    fn after(&self, parts: &Parts, exit: GlobalExit) -> Self {
        let mut after = Self { at: exit.target, ..self.clone() };
        if self.is_stuck(parts, exit.sender) {
            after.stuck.insert((exit.receiver, parts.lane(self.at)));
        }
        after
    }

    /// Into the first arm of a parallel part; into any if some arm may never be over, since nothing
    /// follows then.
    fn entered(&self, parts: &Parts) -> Vec<Self> {
        let par = parts.par(self.at).expect("a parallel part begins");
        let arms = if parts.is_endless(self.at) { &par.arms[..] } else { &par.arms[..1] };
        let into = |&arm| {
            let mut into = Self { at: arm, ..self.clone() };
            into.begun.insert(self.at);
            into
        };
        arms.iter().map(into).collect()
    }

    /// Into the next arm, or behind the parallel part: who is stuck in an arm is stuck after it.
    fn left(&self, parts: &Parts) -> Self {
        let (begin, par, index) = parts.arm(parts.lane(self.at)).expect("an arm ends in an arm");
        let mut out = self.clone();
        let next = par.arms.get(index + 1).filter(|_| self.begun.contains(&begin));
        if let Some(&next) = next {
            out.at = next;
            return out;
        }
        let (inside, around) = (
            |lane| par.arms.iter().any(|&arm| parts.is_within(lane, parts.lane(arm))),
            parts.lane(begin),
        );
        let lift =
            |&(role, lane): &(RoleId, LaneId)| (role, if inside(lane) { around } else { lane });
        out.stuck = self.stuck.iter().map(lift).collect();
        out.begun.remove(&begin);
        out.at = par.next;
        out
    }
}
