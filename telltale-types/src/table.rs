//! The transition table behind every type, packed into one string of bytes.
//!
//! ```text
//! table  = width  states  (start | final bit)*  rows      start: index of the state's first row
//! row    = a  b  label  target                            a, b: one byte each
//! ```
//!
//! Numbers are little-endian and as wide as the largest of them needs (1, 2 or 4 bytes), so a small
//! protocol costs a few bytes per transition in the binary and a single literal in the source that
//! a macro generates. Readers see rows; that they are packed is known to this file alone.

use crate::{LabelId, Shared, StateId};

/// One transition: an event, made of two small numbers and a label, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Row {
    pub(crate) a: u8,
    pub(crate) b: u8,
    pub(crate) label: LabelId,
    pub(crate) target: StateId,
}

/// The rows of one state, and whether one may stop there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) rows: Vec<Row>,
    pub(crate) may_end: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    bytes: Shared<[u8]>,
}

const HEADER: usize = 5;

impl Table {
    pub(crate) fn pack(states: &[State]) -> Self {
        let rows = states.iter().flat_map(|state| &state.rows);
        let largest_label = rows.clone().map(|row| row.label.index()).max().unwrap_or(0);
        let row_count = rows.clone().count();
        let width = match largest_label.max(row_count << 1 | 1).max(states.len()) {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            _ => 4,
        };

        let mut bytes = vec![width];
        bytes.extend(number(states.len()).to_le_bytes());
        let put = |bytes: &mut Vec<u8>, number: u32| {
            bytes.extend(&number.to_le_bytes()[..usize::from(width)]);
        };
        let mut start = 0;
        for state in states {
            put(&mut bytes, number(start << 1 | usize::from(state.may_end)));
            start += state.rows.len();
        }
        put(&mut bytes, number(start << 1));
        for row in rows {
            bytes.extend([row.a, row.b]);
            put(&mut bytes, row.label.0.into());
            put(&mut bytes, row.target.0);
        }
        Self { bytes: bytes.into() }
    }

    pub(crate) const fn from_static(bytes: &'static [u8]) -> Self {
        Self { bytes: Shared::Static(bytes) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        u32::from_le_bytes([self.bytes[1], self.bytes[2], self.bytes[3], self.bytes[4]]) as usize
    }

    pub(crate) fn may_end(&self, state: StateId) -> bool {
        self.start(state.index()) & 1 == 1
    }

    pub(crate) fn rows(
        &self,
        state: StateId,
    ) -> impl ExactSizeIterator<Item = Row> + DoubleEndedIterator + Clone + '_ {
        let range = self.start(state.index()) >> 1..self.start(state.index() + 1) >> 1;
        range.map(|at| self.row(at as usize))
    }

    /// The rows of a state that are no beginning of a parallel part.
    #[inline]
    pub(crate) fn exchanges(
        &self,
        state: StateId,
    ) -> impl ExactSizeIterator<Item = Row> + DoubleEndedIterator + Clone + '_ {
        let (start, end) = (self.start(state.index()) >> 1, self.start(state.index() + 1) >> 1);
        let is_structure = start < end && self.row(start as usize).is_structure();
        let range = if is_structure { end..end } else { start..end };
        range.map(|at| self.row(at as usize))
    }

    pub(crate) fn unpack(&self) -> Vec<State> {
        let state = |at| State {
            rows: self.rows(StateId::at(at)).collect(),
            may_end: self.may_end(StateId::at(at)),
        };
        (0..self.len()).map(state).collect()
    }

    fn width(&self) -> usize {
        self.bytes[0].into()
    }

    fn start(&self, state: usize) -> u32 {
        self.number(HEADER + state * self.width())
    }

    fn row(&self, at: usize) -> Row {
        let width = self.width();
        let row = HEADER + (self.len() + 1) * width + at * (2 + 2 * width);
        Row {
            a: self.bytes[row],
            b: self.bytes[row + 1],
            label: LabelId(self.number(row + 2) as u16),
            target: StateId(self.number(row + 2 + width)),
        }
    }

    fn number(&self, at: usize) -> u32 {
        match self.width() {
            1 => self.bytes[at].into(),
            2 => u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]]).into(),
            _ => u32::from_le_bytes([0, 1, 2, 3].map(|i| self.bytes[at + i])),
        }
    }
}

/// A number in a table, never cut off.
fn number(of: usize) -> u32 {
    u32::try_from(of).expect("two thousand million exits would not be in memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn states(size: usize) -> impl Strategy<Value = Vec<State>> {
        let row = (any::<u8>(), any::<u8>(), 0..size as u32).prop_map(move |(a, b, target)| Row {
            a,
            b,
            label: LabelId((target * 3) as u16),
            target: StateId(target),
        });
        let state = (prop::collection::vec(row, 0..3), any::<bool>())
            .prop_map(|(rows, may_end)| State { rows, may_end });
        prop::collection::vec(state, size)
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(states in (1usize..400).prop_flat_map(states)) {
            prop_assert_eq!(Table::pack(&states).unpack(), states);
        }
    }

    #[test]
    fn every_width_unpacks() {
        for size in [1, 0x7e, 0x7f, 0x80, 0x7ffe, 0x7fff, 0x8000, 0x1_0001] {
            let row = |at| Row { a: 1, b: 2, label: LabelId(at as u16), target: StateId::at(at) };
            let states: Vec<State> =
                (0..size).map(|at| State { rows: vec![row(at)], may_end: at % 3 == 0 }).collect();
            assert_eq!(Table::pack(&states).unpack(), states, "{size} states");
        }
    }
}
