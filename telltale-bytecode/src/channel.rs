//! Which roles talk to each other, and on which channels at most one message is ever in flight.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use telltale_types::{GlobalExit, GlobalType, RoleId, StateId};

/// The channel from one role to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The only role that sends into it.
    pub from: RoleId,
    /// The only role that receives from it.
    pub to: RoleId,
    /// Its number, or that it is single: a byte for each of them in the binary.
    kind: u8,
}

/// Instead of a number: there are never two messages in the channel at once.
const SINGLE: u8 = u8::MAX;

impl Channel {
    pub(crate) const fn from_kind(from: RoleId, to: RoleId, kind: u8) -> Self {
        Self { from, to, kind }
    }

    pub(crate) const fn kind(self) -> u8 {
        self.kind
    }

    fn single(from: RoleId, to: RoleId, is_single: bool) -> Self {
        Self { from, to, kind: if is_single { SINGLE } else { 0 } }
    }

    /// Whether the protocol never has two messages in it at once.
    pub const fn is_single(self) -> bool {
        self.kind == SINGLE
    }

    /// Which of the channels between the two it is: 0 unless they talk to each other in several arms of a
    /// parallel part ([`Apart::number`](telltale_types::Apart::number)).
    pub const fn lane(self) -> u16 {
        if self.is_single() { 0 } else { self.kind as u16 }
    }
}

/// A set of roles.
type Roles = [u64; 4];

/// More steps than this are not spent on finding out; the channel then counts as not single.
const BUDGET: usize = 4_000_000;

/// The channels of a protocol, in the order of their roles.
pub(crate) fn channels(global: &GlobalType) -> Vec<Channel> {
    let exits =
        global.states().flat_map(|state| global.exits(state).map(move |exit| (state, exit)));
    let lanes = global.lanes();
    if lanes.len() > 1 {
        let split = global.channels();
        let of = |(state, exit): (StateId, GlobalExit)| {
            let lane = split.of(lanes.of_state(state), &(exit.sender, exit.receiver)).number;
            Channel::from_kind(exit.sender, exit.receiver, lane as u8)
        };
        // What happens at once has no order in which to follow it.
        return exits.map(of).collect::<BTreeSet<_>>().into_iter().collect();
    }
    let mut starts: BTreeMap<(RoleId, RoleId), Vec<StateId>> = BTreeMap::new();
    for (_, exit) in exits {
        starts.entry((exit.sender, exit.receiver)).or_default().push(exit.target);
    }
    let mut budget = BUDGET;
    let channel = |((from, to), starts)| {
        Channel::single(from, to, is_single(global, from, to, starts, &mut budget))
    };
    starts.into_iter().map(channel).collect()
}

/// Whether every message on the channel is received before the next one is sent.
///
/// From each message on, the set of roles that act *after its receipt* is followed along all runs:
/// first the receiver, then whoever gets a message from one of the set. Where runs meet, only
/// what holds in all of them is kept. The sender must be in the set when it sends again.
fn is_single(
    global: &GlobalType,
    from: RoleId,
    to: RoleId,
    starts: Vec<StateId>,
    budget: &mut usize,
) -> bool {
    let mut after: BTreeMap<StateId, Roles> = BTreeMap::new();
    let mut queue = VecDeque::new();
    for start in starts {
        meet(&mut after, &mut queue, start, with([0; 4], to));
    }
    while let Some(state) = queue.pop_front() {
        let roles = after[&state];
        for exit in global.exits(state) {
            let Some(left) = budget.checked_sub(1) else { return false };
            *budget = left;
            if (exit.sender, exit.receiver) == (from, to) {
                if !contains(roles, from) {
                    return false;
                }
                continue;
            }
            let told =
                if contains(roles, exit.sender) { with(roles, exit.receiver) } else { roles };
            meet(&mut after, &mut queue, exit.target, told);
        }
    }
    true
}

fn meet(
    after: &mut BTreeMap<StateId, Roles>,
    queue: &mut VecDeque<StateId>,
    state: StateId,
    roles: Roles,
) {
    let known = after.get(&state);
    let both = known.map_or(roles, |known| std::array::from_fn(|at| known[at] & roles[at]));
    if known != Some(&both) {
        after.insert(state, both);
        queue.push_back(state);
    }
}

fn with(mut roles: Roles, role: RoleId) -> Roles {
    roles[role.index() / 64] |= 1 << (role.index() % 64);
    roles
}

fn contains(roles: Roles, role: RoleId) -> bool {
    roles[role.index() / 64] >> (role.index() % 64) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use telltale_types::{GlobalTerm, Label};

    fn singles(term: &GlobalTerm) -> Vec<bool> {
        let global = term.close().expect("a global type");
        channels(&global).into_iter().map(Channel::is_single).collect()
    }

    fn send(from: &str, to: &str, then: GlobalTerm) -> GlobalTerm {
        GlobalTerm::send(from, to, Label::new("X"), then)
    }

    #[test]
    fn an_answered_loop_is_single_and_a_stream_is_not() {
        let again = || GlobalTerm::var("t");
        let ping_pong = GlobalTerm::mu("t", send("A", "B", send("B", "A", again())));
        assert_eq!(singles(&ping_pong), [true, true]);
        assert_eq!(singles(&GlobalTerm::mu("t", send("A", "B", again()))), [false]);
        let ring = send("A", "B", send("B", "C", send("C", "A", again())));
        assert_eq!(singles(&GlobalTerm::mu("t", ring)), [true, true, true]);
    }

    #[test]
    fn an_answer_that_does_not_wait_for_the_message_does_not_count() {
        // B's message to A may overtake A's first one.
        let crossing = send("A", "B", send("C", "A", send("A", "B", GlobalTerm::end())));
        assert_eq!(singles(&crossing), [false, true]);
    }

    #[test]
    fn one_branch_without_an_answer_is_enough() {
        let branches = [
            ("B", Label::new("Ask"), send("B", "A", GlobalTerm::var("t"))),
            ("B", Label::new("Tell"), GlobalTerm::var("t")),
        ];
        assert_eq!(singles(&GlobalTerm::mu("t", GlobalTerm::choice("A", branches))), [false, true]);
    }
}
