//! Parallel parts: several things at once.
//!
//! A state of a type is a list of exits, or the beginning of a parallel part: its *arms*, each a
//! place where a *lane* begins, and where the type goes on when all arms are over. An arm is over
//! in a state of its own. In a table all of them are rows, so that whatever walks over rows walks
//! over parallel parts too:
//!
//! ```text
//! beginning   one row for each arm, in order, and one for what follows; a is 255
//! arm's end   no rows, not final
//! ```

use crate::table::{Row, State};
use crate::{LabelId, StateId};

/// A parallel part: where its arms begin, and what follows when all of them are over.
///
/// ```
/// use telltale_types::{GlobalTerm, Label, StateId};
///
/// let open = |from, to| GlobalTerm::send(from, to, Label::new("Open"), GlobalTerm::end());
/// let global = GlobalTerm::par([open("A", "B"), open("B", "A")], GlobalTerm::end()).close()?;
/// assert_eq!(global.to_string(), "(A→B:Open. end | B→A:Open. end). end");
/// assert_eq!(global.par(StateId::START).expect("a parallel part").arms.len(), 2);
/// # Ok::<(), telltale_types::TypeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Par {
    /// The first state of each arm, in the order of the source. There are at least two.
    pub arms: Vec<StateId>,
    /// The state after it.
    pub next: StateId,
}

/// In the place of a role or a direction, in rows that are no exchanges.
const STRUCTURE: u8 = u8::MAX;
const ARM: u8 = 0;
const NEXT: u8 = 1;

impl Row {
    /// Whether the row belongs to a parallel part, and is no exchange.
    pub(crate) fn is_structure(self) -> bool {
        self.a == STRUCTURE
    }

    /// Whether the row leads into an arm.
    pub(crate) fn enters_arm(self) -> bool {
        self.is_structure() && self.b == ARM
    }
}

impl Par {
    /// The state of a table that begins the part.
    pub(crate) fn pack(&self) -> State {
        let row = |b, at: usize, target| Row { a: STRUCTURE, b, label: LabelId(at as u16), target };
        let arms = self.arms.iter().enumerate().map(|(at, &arm)| row(ARM, at, arm));
        State { rows: arms.chain([row(NEXT, 0, self.next)]).collect(), may_end: false }
    }

    /// The part that a state with these rows begins.
    pub(crate) fn unpack(mut rows: impl DoubleEndedIterator<Item = Row>) -> Option<Self> {
        let next = rows.next_back().filter(|row| row.is_structure())?.target;
        Some(Self { arms: rows.map(|row| row.target).collect(), next })
    }
}
