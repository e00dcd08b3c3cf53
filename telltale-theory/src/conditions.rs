//! The conditions, in their fast form.
//!
//! `a ~ b` (for `p`: "`p` cannot tell `a` from `b`") holds when two runs with the same view for `p`
//! end in `a` and `b`, which is when some state of `p`'s [`Machine`] holds both. So a condition of
//! the form "for all `a ~ b`" is checked on every state of the machine, as if the state were one
//! node. With the definitions of Li, Stutz, Wies and Zufferey (CAV 2023), where `n ⇒ e` means "from
//! `n`, exits not involving `p`, then `e`":
//!
//! - **Send validity.** For all exits `p→q:m` of `a` and all `b ~ a`: `b ⇒ p→q:m`. Silence from
//!   every `b` comes to rest in some part, and a node where `p` sends is such a part; so this is:
//!   when `p` sends in some part of the state, then in all parts of the state that rest it sends,
//!   and the same.
//! - **Receive validity.** For all exits `q→p:m` of `a` and `r→p:m'` of `b` to `b'`, with `q ≠ r`
//!   and `a ~ b`: not `avail(q→p:m, b', {p})`.
//! - **No mixed choice.** No `a ~ b` with `p` the sender at `a` and a receiver at an exit of `b`.
//! - **Silent end.** No `a ~ b` such that `p` has nothing more to do on any run from `a` but
//!   receives something from `b`; that is, no state of the machine has an idle part and a part
//!   where `p` receives.
//!
//! Where there are parallel parts, what a role sends to nobody where it forks or joins
//! ([`lanes`](crate::lanes)) is sent like everything else, and the first and the third condition go
//! by other names:
//!
//! - **Fork.** Where `p` forks in some part of the state, it forks in all that rest, and receives in none.
//! - **Join.** Likewise for where it joins.
//!
//! One look at each state takes the place of one look at each pair: the work is linear in the
//! machine.

use std::collections::BTreeSet;

use telltale_types::{Action, Direction};

use crate::Condition;
use crate::available::{Available, Channel, Overtaken, Wanted};
use crate::error::LimitReached;
use crate::graph::{EdgeId, Graph};
use crate::machine::{Machine, Set, SetId};
use crate::view::{Part, View};

/// What is wrong in the states of a machine.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The states in which a condition is violated.
    pub(crate) broken: Vec<Broken>,
    /// The limit that was reached before everything was looked at.
    pub(crate) limit: Option<LimitReached>,
    /// The state for which it was reached, if it was not reached before there were any.
    pub(crate) undecided: Option<SetId>,
}

/// A state in which a condition is violated.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) set: SetId,
    pub(crate) condition: Condition,
    /// A message that overtakes another, if that is what is wrong.
    pub(crate) overtaken: Option<Overtaken>,
}

/// Checks every state of a machine.
pub(crate) fn findings(
    graph: &Graph,
    view: &View,
    machine: &Machine,
    available: &mut Available<'_>,
    limit: usize,
) -> Findings {
    let mut findings = Findings { limit: machine.limit, ..Findings::default() };
    for (at, state) in machine.sets.iter().enumerate() {
        let set = at as SetId;
        let facts = Facts::of(graph, view, state);
        let receives = facts.channel.is_some();
        let alike = !facts.acts.are_any() || rest_alike(view, state);
        let mut report = |violated: bool, condition, overtaken| {
            if violated {
                findings.broken.push(Broken { set, condition, overtaken });
            }
        };
        report(facts.acts.sends && !alike, Condition::SendValidity, None);
        report(facts.acts.forks && (!alike || receives), Condition::Fork, None);
        report(facts.acts.joins && (!alike || receives), Condition::Join, None);
        report(facts.acts.sends && receives, Condition::NoMixedChoice, None);
        report(facts.idle && receives, Condition::SilentEnd, None);
        if facts.races {
            match overtaking(graph, view, state, available, limit) {
                Ok(found) => report(found.is_some(), Condition::ReceiveValidity, found),
                Err(reached) if findings.limit.is_none() => {
                    (findings.limit, findings.undecided) = (Some(reached), Some(set));
                }
                Err(_) => {}
            }
        }
    }
    findings
}

/// What is true of some part of a state.
#[derive(Default)]
struct Facts {
    acts: Acts,
    idle: bool,
    /// A channel on which a message may come.
    channel: Option<Channel>,
    /// Whether there is another.
    races: bool,
}

/// What a role does that nobody causes.
#[derive(Default)]
struct Acts {
    sends: bool,
    forks: bool,
    joins: bool,
}

impl Acts {
    fn are_any(&self) -> bool {
        self.sends || self.forks || self.joins
    }
}

impl Facts {
    fn of(graph: &Graph, view: &View, set: &Set) -> Self {
        let mut facts = Self::default();
        for part in parts(view, set) {
            facts.idle |= part.is_idle();
            for (action, exit) in &part.exits {
                let edge = graph.edge(*exit);
                match action.direction {
                    Direction::Receive => {
                        let channel = Channel::of(edge);
                        facts.races |= *facts.channel.get_or_insert(channel) != channel;
                    }
                    Direction::Send if edge.is_exchange() => facts.acts.sends = true,
                    Direction::Send if edge.is_join() => facts.acts.joins = true,
                    Direction::Send => facts.acts.forks = true,
                }
            }
        }
        facts
    }
}

fn parts<'v>(view: &'v View, set: &'v Set) -> impl Iterator<Item = &'v Part> + Clone {
    set.parts.iter().map(|&part| view.part(part))
}

/// Whether in all parts that rest the role sends, and the same.
fn rest_alike(view: &View, set: &Set) -> bool {
    let mut resting = parts(view, set).filter(|part| part.rests());
    let Some(first) = resting.next() else { return true };
    let sends = |part: &Part| part.actions().any(|action| action.direction == Direction::Send);
    sends(first) && resting.all(|other| other.actions().eq(first.actions()))
}

/// A message on one channel that can overtake that on another.
fn overtaking(
    graph: &Graph,
    view: &View,
    set: &Set,
    available: &mut Available<'_>,
    limit: usize,
) -> Result<Option<Overtaken>, LimitReached> {
    let receipts: Vec<(Action, EdgeId)> = parts(view, set)
        .flat_map(|part| part.exits.iter().copied())
        .filter(|(action, _)| action.direction == Direction::Receive)
        .collect();
    let channel_of = |exit: EdgeId| Channel::of(graph.edge(exit));
    let channels: BTreeSet<Channel> = receipts.iter().map(|(_, exit)| channel_of(*exit)).collect();
    for channel in channels {
        let (mut labels, mut after) = (Vec::new(), Vec::new());
        for (action, exit) in &receipts {
            if channel_of(*exit) == channel {
                labels.push(action.label);
            } else {
                after.push(graph.edge(*exit).target);
            }
        }
        labels.sort_unstable();
        labels.dedup();
        let wanted = Wanted { channel, labels: &labels };
        if let Some(found) = available.search(wanted, &after, limit)? {
            return Ok(found.overtaken(available, view.role));
        }
    }
    Ok(None)
}
