//! Synchronous subtyping: which type of a role may stand in for which.
//!
//! `S ≤ T` when whoever behaves as `S` can stand where `T` is expected: it sends nothing that `T`
//! does not send, and takes all that `T` takes. The largest relation such that, when `S ≤ T`:
//!
//! ```text
//! T = end                 S = end
//! T = ⊕{ q!m. T_qm }      S = ⊕{ q!m. S_qm },  not empty, its (q,m) are some of T's, and each S_qm ≤ T_qm
//! T = &{ q?m. T_qm }      S = &{ q?m. S_qm },  its (q,m) include T's, and each S_qm ≤ T_qm for those of T;
//!                         S has more only if all come from one sender; both may end or neither may
//! ```
//!
//! This is the subtyping of Gay and Hole (*Subtyping for session types in the pi calculus*, Acta
//! Informatica 2005), read as processes rather than as channels, with messages to and from several
//! roles. The restriction to one sender is needed there: where `q` and `r` may both come first, a
//! message of `q` that `T` does not take yet may be waiting already, for later. Payload types are
//! the same or different, nothing between.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Direction, LabelView, LocalTypeR, StateId};

/// Whether whoever behaves as `sub` can stand where `sup` is expected.
///
/// ```
/// use telltale_theory::is_subtype;
/// use telltale_types::{Label, LocalTerm};
///
/// let then = |label| ("Bob", Label::new(label), LocalTerm::end());
/// let yes = LocalTerm::select([then("Yes")]).close()?;
/// let both = LocalTerm::select([then("Yes"), then("No")]).close()?;
/// assert!(is_subtype(&yes, &both));
/// assert!(!is_subtype(&both, &yes));
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
pub fn is_subtype(sub: &LocalTypeR, sup: &LocalTypeR) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![(StateId::START, StateId::START)];
    while let Some((below, above)) = open.pop() {
        if !seen.insert((below, above)) {
            continue;
        }
        match related(sub, below, sup, above) {
            Some(after) => open.extend(after),
            None => return false,
        }
    }
    true
}

/// The pairs that must be related when these two states are; nothing when they cannot be.
fn related(
    sub: &LocalTypeR,
    below: StateId,
    sup: &LocalTypeR,
    above: StateId,
) -> Option<Vec<(StateId, StateId)>> {
    if sub.direction(below) != sup.direction(above) {
        return None;
    }
    if sub.may_end(below) != sup.may_end(above) {
        return None;
    }
    match (sub.par(below), sup.par(above)) {
        (None, None) => {}
        (Some(one), Some(other)) if one.arms.len() == other.arms.len() => {
            let arms = one.arms.into_iter().zip(other.arms);
            return Some(arms.chain([(one.next, other.next)]).collect());
        }
        _ => return None,
    }
    let (fewer, more) = (branches(sub, below), branches(sup, above));
    match sub.direction(below) {
        None => Some(Vec::new()),
        Some(Direction::Send) => {
            fewer.iter().map(|(event, &target)| Some((target, *more.get(event)?))).collect()
        }
        Some(Direction::Receive) => {
            if fewer.len() > more.len() && !one_sender(&fewer) {
                return None;
            }
            more.iter().map(|(event, &target)| Some((*fewer.get(event)?, target))).collect()
        }
    }
}

/// Peers and messages by name, since the two types may number them differently.
type Branches<'a> = BTreeMap<(&'a str, LabelView<'a>), StateId>;

fn branches(local: &LocalTypeR, state: StateId) -> Branches<'_> {
    let names = local.names();
    let event =
        |action: telltale_types::Action| (names.role(action.peer), names.label(action.label));
    local.exits(state).map(|exit| (event(exit.action), exit.target)).collect()
}

fn one_sender(branches: &Branches<'_>) -> bool {
    let mut senders = branches.keys().map(|(sender, _)| sender);
    let first = senders.next();
    senders.all(|sender| Some(sender) == first)
}
