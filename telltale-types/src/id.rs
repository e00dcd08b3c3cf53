//! Small integers that name things. Strings are for people, these are for tables.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($repr:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $repr);

        impl $name {
            /// The number as an index into a table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A role of one protocol, by its place in the protocol's [`Names`](crate::Names).
    RoleId(u8)
}
id! {
    /// A label together with its payload type, by its place in the protocol's [`Names`](crate::Names).
    LabelId(u16)
}
id! {
    /// A state of one global or local type; state 0 is where it starts.
    StateId(u32)
}

id! {
    /// A lane of one type: see [`Lanes`](crate::Lanes).
    LaneId(u16)
}

impl Default for LaneId {
    fn default() -> Self {
        Self::OUTERMOST
    }
}

impl LaneId {
    /// The largest number of lanes that one type can have.
    pub const LIMIT: usize = i16::MAX as usize;

    /// The lane that is around all others.
    pub const OUTERMOST: Self = Self(0);

    pub(crate) fn try_at(index: usize) -> Result<Self, crate::TypeError> {
        let (given, limit) = (index + 1, Self::LIMIT);
        if given > limit {
            return Err(crate::TypeError::TooManyLanes { given, limit });
        }
        Ok(Self(index as u16))
    }
}

impl RoleId {
    /// The largest number of roles that one protocol can have.
    pub const LIMIT: usize = u8::MAX as usize;

    /// The role at a place in a table that is known to hold at most [`RoleId::LIMIT`] roles.
    ///
    /// # Panics
    ///
    /// When the place is beyond that; the number is never cut off.
    pub const fn at(index: usize) -> Self {
        assert!(index < Self::LIMIT, "more roles than there are ids");
        Self(index as u8)
    }
}

impl LabelId {
    /// The largest number of labels that one protocol can have.
    pub const LIMIT: usize = u16::MAX as usize;

    /// The label at a place in a table that is known to hold at most [`LabelId::LIMIT`] labels.
    ///
    /// # Panics
    ///
    /// When the place is beyond that; the number is never cut off.
    pub const fn at(index: usize) -> Self {
        assert!(index < Self::LIMIT, "more labels than there are ids");
        Self(index as u16)
    }
}

impl StateId {
    /// Where every type starts.
    pub const START: Self = Self(0);

    /// The largest number of states that one type can have.
    pub const LIMIT: usize = (u32::MAX >> 1) as usize;

    /// The state at a place in a table that is known to hold at most [`StateId::LIMIT`] states.
    ///
    /// # Panics
    ///
    /// When the place is beyond that; the number is never cut off.
    pub const fn at(index: usize) -> Self {
        assert!(index < Self::LIMIT, "more states than there are ids");
        Self(index as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_has_an_id() {
        assert_eq!(RoleId::at(RoleId::LIMIT - 1), RoleId(254));
        assert_eq!(LabelId::at(LabelId::LIMIT - 1), LabelId(65_534));
        assert_eq!(StateId::at(StateId::LIMIT - 1), StateId(0x7fff_fffe));
    }

    #[test]
    #[should_panic(expected = "more roles than there are ids")]
    fn roles_are_not_cut_off() {
        RoleId::at(RoleId::LIMIT + 1);
    }

    #[test]
    #[should_panic(expected = "more labels than there are ids")]
    fn labels_are_not_cut_off() {
        LabelId::at(LabelId::LIMIT + 1);
    }

    #[test]
    #[should_panic(expected = "more states than there are ids")]
    fn states_are_not_cut_off() {
        StateId::at(StateId::LIMIT + 1);
    }
}
