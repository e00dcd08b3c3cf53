//! The ready role comes first for whose messages, or for whose taking of messages, most roles wait.
//!
//! The first turn of a visit goes round, and nobody has a second one before every ready role has had
//! one, so nobody starves.

use telltale_types::RoleId;

use super::Turns;
use crate::exec::{Slice, Stop};
use crate::memory::{channel, header};
use crate::roles::host::Host;

pub(super) fn visit<H: Host, const TRACE: bool>(
    visit: &mut Slice<'_, '_, H>,
    turns: &mut Turns,
) -> Result<(), Stop> {
    let first = ready_roles(visit).first().copied();
    if let Some(role) = first.filter(|_| visit.left > 0 && turns.take()) {
        let turned = visit.turn::<TRACE>(role);
        header::set_turn(visit.block, visit.loaded.role_after(role));
        turned?;
    }
    while visit.left > 0 {
        let mut waiting = ready_roles(visit);
        if waiting.is_empty() {
            break;
        }
        while visit.left > 0 {
            let Some(role) = take_most_awaited(visit, &mut waiting) else { break };
            if !turns.take() {
                return Ok(());
            }
            visit.turn::<TRACE>(role)?;
        }
    }
    Ok(())
}

/// The roles that can act, from the one whose turn is next.
fn ready_roles<H>(visit: &Slice<'_, '_, H>) -> Vec<RoleId> {
    let roles = visit.loaded.roles;
    let first = usize::from(header::turn(visit.block));
    let in_order = (0..roles).map(|nth| RoleId::at((first + nth) % roles));
    in_order.filter(|&role| visit.is_ready(role)).collect()
}

/// Takes out the role for which most others wait; of equals, the first.
fn take_most_awaited<H>(visit: &Slice<'_, '_, H>, roles: &mut Vec<RoleId>) -> Option<RoleId> {
    let awaited = |&at: &usize| how_many_wait(visit, roles[at]);
    // The last maximum is taken, so the first in order must come last.
    let most = (0..roles.len()).rev().max_by_key(awaited)?;
    Some(roles.remove(most))
}

/// How many roles wait for a message of this one, or for room in a channel that it empties.
fn how_many_wait<H>(visit: &Slice<'_, '_, H>, role: RoleId) -> usize {
    let plans = &visit.loaded.plans;
    let peers = (0..visit.loaded.roles).map(RoleId::at);
    let waits = |peer: RoleId| {
        let (out, into) = (plans.plan(role, peer), plans.plan(peer, role));
        out.exists() && channel::receiver_waits(visit.block, out)
            || into.exists() && channel::sender_waits(visit.block, into)
    };
    peers.filter(|&peer| waits(peer)).count()
}
