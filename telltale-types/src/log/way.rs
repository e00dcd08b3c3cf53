//! One way in which a log may be understood: where every role is, and what is under way.
//!
//! Mostly there is one. There are several where a log does not say in which of several lanes a message was sent.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

use super::part::{Part, Strand};
use crate::{Action, LabelId, LaneId, RoleId, StateId};

/// See above. Ways are equal from which the log continues alike, whatever was counted on them.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// By part.
    pub(super) strands: Vec<Strand>,
    /// What was sent between two of the roles and not received. No queue is empty, so that equal ways are equal.
    pub(super) queues: BTreeMap<Channel, VecDeque<LabelId>>,
    /// How often the roles have done what, if somebody wants to know.
    pub(super) counts: Option<Counts>,
}

/// Who, in which state of its part, what; and how often.
pub(super) type Counts = BTreeMap<(RoleId, StateId, Action), u64>;

/// Sender, receiver and number.
pub(super) type Channel = (RoleId, RoleId, u16);

/// Something that a role may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) role: RoleId,
    pub(super) lane: LaneId,
    pub(super) state: StateId,
    pub(super) target: StateId,
    pub(super) action: Action,
    /// The number of the channel.
    pub(super) channel: u16,
}

impl Taken {
    fn pair(&self) -> (RoleId, RoleId) {
        self.action.direction.pair(self.role, self.action.peer)
    }

    pub(super) fn sender(&self) -> RoleId {
        self.pair().0
    }

    pub(super) fn receiver(&self) -> RoleId {
        self.pair().1
    }

    pub(super) fn channel(&self) -> Channel {
        (self.sender(), self.receiver(), self.channel)
    }
}

impl Way {
    pub(super) fn start(parts: &[Part]) -> Self {
        let strands = parts.iter().map(Part::start).collect();
        Self { strands, queues: BTreeMap::new(), counts: None }
    }

    fn place(&self) -> (&[Strand], &BTreeMap<Channel, VecDeque<LabelId>>) {
        (&self.strands, &self.queues)
    }

    pub(super) fn under_way_count(&self) -> usize {
        self.queues.values().map(VecDeque::len).sum()
    }

    /// The message that comes next out of a channel.
    pub(super) fn first(&self, channel: Channel) -> Option<LabelId> {
        self.queues.get(&channel)?.front().copied()
    }

    /// Moves a role on.
    pub(super) fn advance(&mut self, part: &Part, at: usize, taken: Taken) {
        part.enter(&mut self.strands[at], taken.lane, taken.target);
        if let Some(counts) = &mut self.counts {
            *counts.entry((taken.role, taken.state, taken.action)).or_default() += 1;
        }
    }

    pub(super) fn push(&mut self, channel: Channel, label: LabelId) {
        self.queues.entry(channel).or_default().push_back(label);
    }

    pub(super) fn pop(&mut self, channel: Channel) {
        let Some(queue) = self.queues.get_mut(&channel) else { return };
        queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&channel);
        }
    }
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Way {}

impl PartialOrd for Way {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Way {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}
