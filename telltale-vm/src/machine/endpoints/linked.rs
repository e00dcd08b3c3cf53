//! Instructions through endpoints, linked and compared with the local type once.
//!
//! What an instruction does depends on the session that it acts on: on its image, the role and the state of the role. As
//! long as these are the same, so is the instruction, like a call in an inline cache (Deutsch, Schiffman, "Efficient
//! implementation of the Smalltalk-80 system", POPL 1984).

use telltale_types::{RoleId, StateId};

use crate::exec::SeatOp;

/// How many are kept.
const KEPT: usize = 256;

/// What an instruction through an endpoint depends on. Images have serial numbers, which are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The image with the instruction, and where it is there.
    pub(super) program: u64,
    pub(super) at: u32,
    /// The image of the other session, the role, and the state of its local type.
    pub(super) image: u64,
    pub(super) role: RoleId,
    pub(super) state: StateId,
}

/// Each has one place where it can be; who comes last has it.
#[derive(Debug, Default)]
pub(super) struct LinkedSeats(Vec<Option<(Key, Box<SeatOp>)>>);

impl LinkedSeats {
    /// The instruction, which is linked if it is not there.
    pub(super) fn find(&mut self, key: Key, link: impl FnOnce() -> SeatOp) -> &SeatOp {
        if self.0.is_empty() {
            self.0.resize_with(KEPT, || None);
        }
        let place = &mut self.0[key.place()];
        if place.as_ref().is_none_or(|(known, _)| *known != key) {
            *place = None;
        }
        &place.get_or_insert_with(|| (key, Box::new(link()))).1
    }
}

impl Key {
    /// Instructions that lie side by side have places side by side.
    fn place(self) -> usize {
        let mixed = self.at
            + 31 * self.state.0
            + 7 * u32::from(self.role.0)
            + 67 * (self.program as u32)
            + 131 * (self.image as u32);
        mixed as usize % KEPT
    }
}
