//! Duality: what the other of two roles does.
//!
//! ```text
//! dual(end) = end      dual(q!m. T) = p?m. dual(T)      dual(q?m. T) = p!m. dual(T)
//! ```
//!
//! for the type of `p` in a protocol between `p` and `q`, and likewise for choices (Honda,
//! Vasconcelos and Kubo, *Language primitives and type discipline for structured
//! communication-based programming*, ESOP 1998).

use telltale_types::{
    Action, Direction, LocalExit, LocalState, LocalTypeR, Names, RoleId, Shared, StateId,
};
use thiserror::Error;

/// Why a type has no dual.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DualError {
    /// The role talks with more than one other, or with itself.
    #[error(
        "`{role}` talks with `{first}` and with `{second}`, and only types of two roles have duals"
    )]
    ThirdRole {
        /// Whose type it is.
        role: String,
        /// Whom it talks with.
        first: String,
        /// Whom it talks with as well.
        second: String,
    },
    /// The role may stop where it could still receive; the dual would have to send and not to send.
    #[error("state {state} may end although it receives; its dual would end although it sends")]
    MayEnd {
        /// The state.
        state: StateId,
    },
}

/// The type of the other role, for the type of one of two roles, given with its name.
///
/// # Errors
///
/// When the type talks of a third role, or may end where it receives.
///
/// ```
/// use telltale_theory::dual;
/// use telltale_types::{Label, LocalTerm};
///
/// let alice = LocalTerm::send("Bob", Label::new("Ping"), LocalTerm::end()).close()?;
/// assert_eq!(dual(&alice, "Alice")?.to_string(), "Alice?Ping. end");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dual(local: &LocalTypeR, role: &str) -> Result<LocalTypeR, DualError> {
    check_two_roles(local, role)?;
    let (names, peer) = names_for(local, role);
    let mut states = Vec::new();
    for id in local.states() {
        if local.may_end(id) && local.direction(id).is_some() {
            return Err(DualError::MayEnd { state: id });
        }
        let mut state = local.state(id);
        for LocalExit { action, .. } in state.exits_mut() {
            let direction = match action.direction {
                Direction::Send => Direction::Receive,
                Direction::Receive => Direction::Send,
            };
            *action = Action { direction, peer, label: action.label };
        }
        states.push(state);
    }
    Ok(flipped(names, states))
}

fn flipped(names: Shared<Names>, states: Vec<LocalState>) -> LocalTypeR {
    LocalTypeR::new(names, states).expect("a type remains one when it is flipped")
}

fn check_two_roles(local: &LocalTypeR, role: &str) -> Result<(), DualError> {
    let names = local.names();
    let exits = local.states().flat_map(|state| local.exits(state));
    let mut peers = exits.map(|exit| names.role(exit.action.peer));
    let Some(first) = peers.next() else { return Ok(()) };
    let other = if first == role { Some(first) } else { peers.find(|&peer| peer != first) };
    match other {
        None => Ok(()),
        Some(second) => {
            let [role, first, second] = [role, first, second].map(str::to_owned);
            Err(DualError::ThirdRole { role, first, second })
        }
    }
}

/// Names for the dual, and the role among them. A type on its own need not name the role whose it
/// is.
fn names_for(local: &LocalTypeR, role: &str) -> (Shared<Names>, RoleId) {
    let names = local.names();
    if let Some(known) = names.find_role(role) {
        return (names.clone(), known);
    }
    let labels = names.labels().map(|(_, label)| label.to_label());
    let names = Names::new([role], labels).expect("the labels of a table are a table");
    (names.into(), RoleId(0))
}
