//! What a role may do next, where that is not known from its program.

use telltale_bytecode::Branch;
use telltale_bytecode::typestate::{NotAllowed, may_end, takes_all, target};
use telltale_types::{Action, Direction, LocalTypeR, StateId};

use crate::Cause;
use crate::error::Wrong;
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
        Code::Send => return Ok(Some(leads(Direction::Send, &op.exchange)?)),
        Code::Recv => return Ok(Some(leads(Direction::Receive, &op.exchange)?)),
        Code::Offer | Code::OfferMany => {
            takes_all(local, state, |Branch { peer, label }| {
                branches.iter().any(|branch| (branch.peer, branch.label) == (peer, label))
            })?;
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

impl From<NotAllowed> for Wrong {
    #[cold]
    fn from(NotAllowed { expected, found }: NotAllowed) -> Self {
        Cause::NotAllowed { expected, found }.into()
    }
}
