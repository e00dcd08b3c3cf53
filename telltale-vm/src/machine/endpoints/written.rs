//! What is written down of endpoints, and made again.

use telltale_bytecode::CodeImage;

use super::{Endpoints, Member};

/// How endpoints are looked for that nobody can reach: how many there may be, how many there may be before the next look, and
/// whether any has moved since the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collector {
    pub(crate) suspects: usize,
    pub(crate) patience: usize,
    pub(crate) has_moved: bool,
}

impl Endpoints {
    /// The images that programs can open.
    pub(crate) fn provided(&self) -> &[CodeImage] {
        &self.provided
    }

    /// Who waits in a seat.
    pub(crate) fn waiter(&self, seat: Member) -> Option<&Member> {
        self.waiters.get(seat.0, seat.1.0)
    }

    /// The seat in which somebody waits.
    pub(crate) fn seat(&self, holder: Member) -> Option<&Member> {
        self.seats.get(holder.0, holder.1.0)
    }

    pub(crate) fn collector(&self) -> Collector {
        let Self { suspects, patience, has_moved, .. } = *self;
        Collector { suspects, patience, has_moved }
    }

    pub(crate) fn restore_collector(&mut self, collector: Collector) {
        let Collector { suspects, patience, has_moved } = collector;
        (self.suspects, self.patience, self.has_moved) = (suspects, patience, has_moved);
    }
}
