//! What a role may do in a state of its local type.
//!
//! The verifier of images, and the guard in front of programs that could not be verified, ask here.

use std::fmt;

use telltale_types::{Action, Direction, LocalTypeR, StateId};

use crate::Branch;
use crate::clip::clipped;

/// A role does what its local type does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAllowed {
    /// What the local type allows, in words.
    pub expected: String,
    /// What the role does.
    pub found: String,
}

/// Where a role comes to that does something in a state, if it may.
///
/// # Errors
///
/// When it may not.
pub fn target(local: &LocalTypeR, state: StateId, action: Action) -> Result<StateId, NotAllowed> {
    match local.exits(state).find(|exit| exit.action == action) {
        Some(exit) => Ok(exit.target),
        None => Err(not_allowed(local, state, show(local, action))),
    }
}

/// An external choice must take whatever may come.
///
/// # Errors
///
/// When it leaves something out.
pub fn takes_all(
    local: &LocalTypeR,
    state: StateId,
    takes: impl Fn(Branch) -> bool,
) -> Result<(), NotAllowed> {
    let has = |action: Action| {
        let wanted = Branch { peer: action.peer, label: action.label };
        action.direction == Direction::Send || takes(wanted)
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
///
/// # Errors
///
/// When it may not.
pub fn may_end(local: &LocalTypeR, state: StateId) -> Result<(), NotAllowed> {
    if local.may_end(state) { Ok(()) } else { Err(not_allowed(local, state, "halt".to_owned())) }
}

#[cold]
fn not_allowed(local: &LocalTypeR, state: StateId, found: String) -> NotAllowed {
    NotAllowed { expected: expected(local, state), found }
}

/// What a role may do in a state, in words.
pub(crate) fn expected(local: &LocalTypeR, state: StateId) -> String {
    let exits = local.exits(state);
    match (exits.len(), local.par(state)) {
        (0, Some(par)) => format!("a fork into {} lanes", par.arms.len()),
        (0, None) if local.may_end(state) => "`halt`".to_owned(),
        (0, None) => "`join`".to_owned(),
        _ => clipped(Alternatives { local, state }),
    }
}

struct Alternatives<'a> {
    local: &'a LocalTypeR,
    state: StateId,
}

impl fmt::Display for Alternatives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, exit) in self.local.exits(self.state).enumerate() {
            let or = if nth == 0 { "" } else { " or " };
            write!(f, "{or}`{}`", show(self.local, exit.action))?;
        }
        Ok(())
    }
}

pub(crate) fn show(local: &LocalTypeR, action: Action) -> String {
    let names = local.names();
    let mark = action.direction.mark();
    let is_role = action.peer.index() < names.role_count();
    let is_label = action.label.index() < names.label_count();
    let peer = if is_role { names.role(action.peer) } else { "?" };
    let label = if is_label { names.label(action.label).name } else { "?" };
    format!("{peer}{mark}{label}")
}
