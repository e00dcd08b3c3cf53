//! Roles of one version of a protocol played with roles of another.

use telltale_types::{GlobalType, LocalTypeR, RoleId};

use super::explore::{Explored, Machine, walk};
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
    walk(
        &machines,
        (depth, situations),
        |situation| {
            let is_wrong = situation.has_unexpected(&machines);
            if is_wrong { Err(Mishap::Unexpected(situation.run.clone())) } else { Ok(()) }
        },
        |situation, next| {
            if next.is_empty() && !situation.is_final(&machines) {
                return Err(Mishap::Stuck(situation.run.clone()));
            }
            match next.iter().find(|next| !is_right(&next.run)) {
                Some(wrong) => Err(Mishap::Wrong(wrong.run.clone())),
                None => Ok(()),
            }
        },
    )
}
