//! What a role may do next, where that is not known from its program.

use telltale_bytecode::Branch;
use telltale_types::{Action, Direction, LocalTypeR, StateId};

use crate::Cause;

/// The answer to whether an action is allowed.
pub(crate) enum Allowed {
    /// It is, and the role comes to this state.
    To(StateId),
    /// It is not.
    Not { expected: String, found: String },
}

/// Whether a role that has come to a state may do something.
pub(crate) fn allowed(local: &LocalTypeR, state: StateId, action: Action) -> Allowed {
    match local.exits(state).find(|exit| exit.action == action) {
        Some(exit) => Allowed::To(exit.target),
        None => Allowed::Not { expected: expected(local, state), found: show(local, action) },
    }
}

/// An external choice must take whatever may come.
pub(crate) fn offers_all(
    local: &LocalTypeR,
    state: StateId,
    branches: &[Branch],
) -> Result<(), Box<Cause>> {
    let has = |action: Action| {
        let branch = Branch { peer: action.peer, label: action.label };
        action.direction == Direction::Send || branches.contains(&branch)
    };
    match local.exits(state).find(|exit| !has(exit.action)) {
        None => Ok(()),
        Some(left_out) => {
            let found = format!("an offer without {}", show(local, left_out.action));
            Err(Cause::NotAllowed { expected: expected(local, state), found }.into())
        }
    }
}

/// What a role may do in a state, in words.
pub(crate) fn expected(local: &LocalTypeR, state: StateId) -> String {
    let actions: Vec<String> =
        local.exits(state).map(|exit| format!("`{}`", show(local, exit.action))).collect();
    if actions.is_empty() { "`halt`".to_owned() } else { actions.join(" or ") }
}

fn show(local: &LocalTypeR, action: Action) -> String {
    let names = local.names();
    let mark = match action.direction {
        Direction::Send => '!',
        Direction::Receive => '?',
    };
    let peer = names.roles().nth(action.peer.index()).map_or("?", |(_, name)| name);
    match names.labels().nth(action.label.index()) {
        Some((_, label)) => format!("{peer}{mark}{}", label.name),
        None => format!("{peer}{mark}?"),
    }
}
