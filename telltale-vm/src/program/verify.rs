//! Programs that were written by hand, and need no guard all the same.
//!
//! Each program is followed from its start together with the local type of its role, as a verifier of bytecode does (X.
//! Leroy, "Java bytecode verification", JAR 2003). If control can come to every instruction in one state of the local
//! type only, and that state allows the instruction, then the program counter says all that a type state could. If
//! not, nothing is refused here: the guard compares instruction by instruction, and the fault names the one that is
//! wrong when a role comes to it.

use telltale_bytecode::Image;
use telltale_types::{Action, Direction, LocalTypeR, RoleId, StateId};

use crate::memory::coroutine::Coro;
use crate::program::op::{Code, Exchange, Linked, Op};
use crate::program::typestate;

/// The state of the local type at each instruction, if the programs keep to their local types wherever control can
/// come.
pub(crate) fn verify(image: &Image, linked: &Linked, starts: &[u64]) -> Option<Box<[StateId]>> {
    let mut states = vec![None; linked.ops.len()];
    for (role, &start) in starts.iter().enumerate() {
        let role = RoleId::at(role);
        let start = Coro::from_word(start).pc();
        verify_role(&image.local_types[role], linked, start, &mut states)?;
    }
    // Where control does not come, any state will do.
    Some(states.into_iter().map(|state| state.unwrap_or(StateId::START)).collect())
}

fn verify_role(
    local: &LocalTypeR,
    linked: &Linked,
    start: u32,
    states: &mut [Option<StateId>],
) -> Option<()> {
    let mut todo = vec![(start, StateId::START)];
    while let Some((at, state)) = todo.pop() {
        match states[at as usize] {
            Some(known) if known == state => continue,
            Some(_) => return None,
            None => states[at as usize] = Some(state),
        }
        todo.extend(behind(local, linked, &linked.ops[at as usize], state)?);
    }
    Some(())
}

/// Where control goes from an instruction that a state allows, and in which state.
fn behind(
    local: &LocalTypeR,
    linked: &Linked,
    op: &Op,
    state: StateId,
) -> Option<Vec<(u32, StateId)>> {
    let branches = linked.exchanges(op);
    typestate::allows(local, state, op, branches).ok()?;
    let step = |direction, exchange: &Exchange| {
        let action = Action { direction, peer: exchange.peer, label: exchange.label };
        let target = typestate::target(local, state, action).ok()?;
        Some((exchange.next, target))
    };
    let direction = match op.code {
        Code::Send | Code::Choose => Direction::Send,
        _ => Direction::Receive,
    };
    match op.code {
        Code::Send | Code::Recv => Some(vec![step(direction, &op.exchange)?]),
        Code::Choose | Code::Offer | Code::OfferMany => {
            let mut steps = Vec::new();
            for branch in branches {
                steps.push(step(direction, branch)?);
            }
            Some(steps)
        }
        Code::Halt => Some(Vec::new()),
        // A choice in another session.
        Code::Outside if op.count > 0 => {
            Some(branches.iter().map(|branch| (branch.next, state)).collect())
        }
        // They concern registers, or other sessions.
        Code::Registers | Code::Outside => Some(vec![(op.exchange.next, state)]),
        Code::Fork | Code::Join | Code::Invalid | Code::Trap => None,
    }
}

#[cfg(test)]
mod tests;
