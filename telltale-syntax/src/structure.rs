//! What can be seen from the shape of the statements: what is reached, and what waits for whom.

mod fall;
mod par;
mod reach;

use crate::mistakes::Mistakes;
use crate::resolve::Resolved;

pub(crate) use fall::Falls;
pub(crate) use par::are_apart;

/// Checks the shape of every protocol and finds out which of them come to an end.
pub(crate) fn check_structure(resolved: &Resolved<'_>, mistakes: &mut Mistakes) -> Falls {
    let falls = Falls::of(resolved);
    for protocol in &resolved.protocols {
        reach::check(&protocol.body, &falls, mistakes);
        par::check(&protocol.body, &falls, mistakes);
    }
    falls
}
