//! Roles of one version of a protocol played with roles of another.

use std::collections::{BTreeSet, VecDeque};

use telltale_types::{GlobalType, LocalTypeR, RoleId};

use super::explore::{Explored, Machine, Situation};
use crate::Event;

/// How parts of several versions misbehave together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// After this run nothing can happen, although somebody waits or a message is under way.
    Stuck(Vec<Event>),
    /// After this run a message has come that its receiver, which waits for its sender only, does not take.
    Unexpected(Vec<Event>),
    /// The last event of this run was not allowed.
    Wrong(Vec<Event>),
}

/// Runs parts of protocols, each with the protocol that it is from, in every possible way, up to runs of `depth`
/// events and to so many situations. All have the same names.
///
/// # Errors
///
/// The first way in which they misbehave.
pub fn explore_mixed(
    parts: &[(&GlobalType, &LocalTypeR)],
    (depth, situations): (usize, usize),
    mut is_right: impl FnMut(&[Event]) -> bool,
) -> Result<Explored, Mishap> {
    let parts = parts.iter().enumerate();
    let machines: Vec<Machine<'_>> =
        parts.map(|(at, (global, local))| Machine::of(global, RoleId::at(at), local)).collect();
    let start = Situation::start(&machines);
    let mut seen = BTreeSet::from([start.strands.clone()]);
    let mut open = VecDeque::from([start]);
    let mut explored = Explored { situations: 0, all: true };
    while let Some(situation) = open.pop_front() {
        explored.situations += 1;
        if situation.has_unexpected(&machines) {
            return Err(Mishap::Unexpected(situation.run));
        }
        if situation.run.len() >= depth || seen.len() >= situations {
            explored.all = false;
            continue;
        }
        let next = situation.next(&machines);
        if next.is_empty() && !situation.is_final(&machines) {
            return Err(Mishap::Stuck(situation.run));
        }
        for next in next {
            if !is_right(&next.run) {
                return Err(Mishap::Wrong(next.run));
            }
            if seen.insert(next.strands.clone()) {
                open.push_back(next);
            }
        }
    }
    Ok(explored)
}
