//! What a coroutine is doing, as a few bits, or as words where people read.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::memory::coroutine::{Coro, DRAINS, FORKED, HALTED, HOLDS, PAUSED, PENDING, TOLD};

/// The marks of a coroutine, and whether it is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u8);

/// Their names, and the marks in the word of a coroutine; being ready is none.
const NAMES: [(&str, u32); 8] = [
    ("ready", 0),
    ("halted", HALTED),
    ("holds", HOLDS),
    ("pending", PENDING),
    ("paused", PAUSED),
    ("drains", DRAINS),
    ("forked", FORKED),
    ("told", TOLD),
];

// Each bit has a name, so no bits are unknown.
const _: () = assert!(NAMES.len() == u8::BITS as usize);

impl Marks {
    pub(super) fn of(coro: Coro, is_ready: bool) -> Self {
        let has = |mark: u32| if mark == 0 { is_ready } else { coro.has(mark) };
        let bits = NAMES.iter().enumerate().filter(|(_, (_, mark))| has(*mark));
        Self(bits.fold(0, |bits, (nth, _)| bits | 1 << nth))
    }

    pub(super) const fn is_ready(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether it has this mark of a coroutine.
    pub(super) fn has(self, mark: u32) -> bool {
        self.marks() & mark != 0
    }

    /// A coroutine at a place, with these marks.
    pub(super) fn at(self, pc: u32, count: u32) -> Coro {
        Coro::at(pc, count).with(self.marks())
    }

    fn marks(self) -> u32 {
        self.in_order().fold(0, |marks, nth| marks | NAMES[nth].1)
    }

    fn in_order(self) -> impl Iterator<Item = usize> {
        (0..NAMES.len()).filter(move |nth| self.0 >> nth & 1 != 0)
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.in_order().map(|nth| NAMES[nth].0))
        } else {
            serializer.serialize_u8(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_seq(ByName);
        }
        Ok(Self(u8::deserialize(deserializer)?))
    }
}

/// Reads the names of marks.
struct ByName;

impl<'de> Visitor<'de> for ByName {
    type Value = Marks;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the marks of a coroutine")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Marks, A::Error> {
        let mut marks = Marks::default();
        while let Some(name) = names.next_element::<String>()? {
            let nth = NAMES.iter().position(|(known, _)| *known == name);
            let nth = nth.ok_or_else(|| A::Error::custom(format_args!("unknown mark `{name}`")))?;
            marks.0 |= 1 << nth;
        }
        Ok(marks)
    }
}
