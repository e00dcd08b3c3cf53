//! Of the ready roles, the one comes first for which most others wait: for its messages, or for room in the channels
//! that it empties.
//!
//! The first turn of a slice goes round, and nobody has a second one before every ready role has had
//! one, so nobody starves.

use telltale_types::RoleId;

use super::Turns;
use crate::exec::{Exit, Slice};
use crate::memory::{channel, header};

pub(super) fn slice(slice: &mut Slice<'_, '_>, turns: &mut Turns) -> Result<(), Exit> {
    let first = ready_roles(slice).first().copied();
    if let Some(role) = first.filter(|_| slice.left > 0 && turns.take()) {
        let turned = slice.turn(role);
        header::set_turn(slice.block, slice.loaded.role_after(role));
        turned?;
    }
    while slice.left > 0 {
        let mut waiting = ready_roles(slice);
        if waiting.is_empty() {
            break;
        }
        while slice.left > 0 {
            let Some(role) = take_most_awaited(slice, &mut waiting) else { break };
            if !turns.take() {
                return Ok(());
            }
            slice.turn(role)?;
        }
    }
    Ok(())
}

/// The roles that can act, from the one whose turn is next.
fn ready_roles(slice: &Slice<'_, '_>) -> Vec<RoleId> {
    let roles = slice.loaded.roles;
    let first = usize::from(header::turn(slice.block));
    let in_order = (0..roles).map(|nth| RoleId::at((first + nth) % roles));
    in_order.filter(|&role| slice.is_ready(role)).collect()
}

/// Takes out the role for which most others wait; of equals, the first.
fn take_most_awaited(slice: &Slice<'_, '_>, roles: &mut Vec<RoleId>) -> Option<RoleId> {
    let awaited = |&at: &usize| how_many_wait(slice, roles[at]);
    // The last maximum is taken, so the first in order must come last.
    let most = (0..roles.len()).rev().max_by_key(awaited)?;
    Some(roles.remove(most))
}

/// How many roles wait for a message of this one, or for room in a channel that it empties.
fn how_many_wait(slice: &Slice<'_, '_>, role: RoleId) -> usize {
    let plans = &slice.loaded.plans;
    let peers = (0..slice.loaded.roles).map(RoleId::at);
    let waits = |peer: RoleId| {
        let (out, into) = (plans.plan(role, peer), plans.plan(peer, role));
        out.exists() && channel::receiver_waits(slice.block, out)
            || into.exists() && channel::sender_waits(slice.block, into)
    };
    peers.filter(|&peer| waits(peer)).count()
}
