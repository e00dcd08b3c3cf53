//! What a role may do next, where that is not known from its program.

use telltale_bytecode::Branch;
use telltale_types::{Action, Direction, LocalTypeR, StateId};

use crate::Cause;
use crate::error::Wrong;
use crate::lines::{Lines, label_of, role_of};
use crate::program::op::{Code, Exchange, Op};

/// Whether a local type allows what an instruction does in a state, whichever branch is taken; and the state behind it,
/// if that is the same for all. What passes here has a channel, so `Plan::NONE` never gets further.
pub(crate) fn allows(
    local: &LocalTypeR,
    state: StateId,
    op: &Op,
    branches: &[Exchange],
) -> Result<Option<StateId>, Wrong> {
    let leads = |direction, exchange: &Exchange| {
        let action = Action { direction, peer: exchange.peer, label: exchange.label };
        target(local, state, action)
    };
    match op.code {
        Code::Send => return leads(Direction::Send, &op.exchange).map(Some),
        Code::Recv => return leads(Direction::Receive, &op.exchange).map(Some),
        Code::Offer | Code::OfferMany => {
            offers_all(local, state, branches)?;
            branches.iter().try_for_each(|branch| leads(Direction::Receive, branch).map(drop))?;
        }
        Code::Choose => {
            branches.iter().try_for_each(|branch| leads(Direction::Send, branch).map(drop))?;
        }
        Code::Halt => may_end(local, state)?,
        // (Roles that do several things at once have compiled programs, which are not compared.)
        Code::Fork | Code::Join | Code::Registers | Code::Outside | Code::Invalid | Code::Trap => {}
    }
    Ok(None)
}

/// Where a role comes to that does something in a state, if it may.
pub(crate) fn target(local: &LocalTypeR, state: StateId, action: Action) -> Result<StateId, Wrong> {
    match local.exits(state).find(|exit| exit.action == action) {
        Some(exit) => Ok(exit.target),
        None => Err(not_allowed(local, state, show(local, action))),
    }
}

/// An external choice must take whatever may come.
pub(crate) fn offers_all(
    local: &LocalTypeR,
    state: StateId,
    branches: &[Exchange],
) -> Result<(), Wrong> {
    let has = |action: Action| {
        let wanted = Branch { peer: action.peer, label: action.label };
        let is_wanted =
            |branch: &Exchange| Branch { peer: branch.peer, label: branch.label } == wanted;
        action.direction == Direction::Send || branches.iter().any(is_wanted)
    };
    match local.exits(state).find(|exit| !has(exit.action)) {
        None => Ok(()),
        Some(left_out) => {
            let found = format!("an offer without {}", show(local, left_out.action));
            Err(not_allowed(local, state, found))
        }
    }
}

/// Whether a role that has come to a state may halt.
pub(crate) fn may_end(local: &LocalTypeR, state: StateId) -> Result<(), Wrong> {
    if local.may_end(state) { Ok(()) } else { Err(not_allowed(local, state, "halt".to_owned())) }
}

#[cold]
fn not_allowed(local: &LocalTypeR, state: StateId, found: String) -> Wrong {
    Cause::NotAllowed { expected: expected(local, state), found }.into()
}

/// What a role may do in a state, in words.
fn expected(local: &LocalTypeR, state: StateId) -> String {
    let mut actions = Lines::joined_by(" or ");
    for exit in local.exits(state) {
        actions.add(format_args!("`{}`", show(local, exit.action)));
    }
    if actions.all.is_empty() { "`halt`".to_owned() } else { actions.all }
}

fn show(local: &LocalTypeR, action: Action) -> String {
    let names = local.names();
    let mark = match action.direction {
        Direction::Send => '!',
        Direction::Receive => '?',
    };
    let is_role = action.peer.index() < names.role_count();
    let is_label = action.label.index() < names.label_count();
    let peer = if is_role { role_of(names, action.peer) } else { "?" };
    let label = if is_label { label_of(names, action.label).name } else { "?" };
    format!("{peer}{mark}{label}")
}
