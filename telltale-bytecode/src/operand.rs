//! What instructions act on: registers, endpoints, places in the program.

use std::fmt;

/// A register of one coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(pub u8);

impl Reg {
    /// How many registers an instruction can name; the last number means "no register".
    pub const LIMIT: usize = u8::MAX as usize;
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The endpoint that an instruction speaks through: the coroutine's own, or one in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Via(u8);

impl Via {
    /// The endpoint of the coroutine's own role in its own session.
    pub const OWN: Self = Self(u8::MAX);

    /// The endpoint in a register.
    pub const fn reg(reg: Reg) -> Self {
        Self(reg.0)
    }

    /// The register, unless it is the own endpoint.
    pub const fn as_reg(self) -> Option<Reg> {
        if self.0 == u8::MAX { None } else { Some(Reg(self.0)) }
    }
}

/// Where a payload comes from or goes to: the handler, or a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u8);

impl Slot {
    /// The handler is asked for the payload, or told it.
    pub const HANDLER: Self = Self(u8::MAX);

    /// The payload is moved out of a register, or into it.
    pub const fn reg(reg: Reg) -> Self {
        Self(reg.0)
    }

    /// The register, unless it is the handler.
    pub const fn as_reg(self) -> Option<Reg> {
        if self.0 == u8::MAX { None } else { Some(Reg(self.0)) }
    }
}

/// A place in one role's program, counted from its first instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pc(pub u32);

impl Pc {
    /// The place at an index.
    ///
    /// # Panics
    ///
    /// When it is beyond four thousand million instructions, which would not be in memory.
    pub(crate) fn at(index: usize) -> Self {
        Self(number(index))
    }

    /// The place as an index into the program.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Pc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place in a table of an image, never cut off.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a table of that size would not be in memory")
}

/// How far the program counter moves after an instruction, so that no jump need be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hop(pub i16);

impl Hop {
    /// To the instruction behind this one.
    pub const NEXT: Self = Self(1);

    /// The hop from one place to another, if it is not too far.
    pub fn between(from: Pc, to: Pc) -> Option<Self> {
        let distance = i64::from(to.0) - i64::from(from.0);
        i16::try_from(distance).ok().map(Self)
    }

    /// Where the hop leads.
    pub const fn from(self, pc: Pc) -> Pc {
        Pc(pc.0.wrapping_add_signed(self.0 as i32))
    }
}

/// A set of branches, by its place in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub u16);

/// The places that the branches of one choice lead to, by the index of the first in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetsId(pub u32);

/// An entry of an image's import table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportId(pub u16);

/// The name of an effect, by its place in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub u16);

/// What kind of scalar a [`LoadImm`](crate::Instr::LoadImm) loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ImmKind {
    /// No bits.
    Unit,
    /// 0 or 1.
    Bool,
    /// Two's complement, extended to 64 bits.
    Int,
    /// Extended to 64 bits by zeros.
    Uint,
    /// The bits of an `f32`.
    Float,
    /// A Unicode scalar value.
    Char,
}

impl ImmKind {
    #[cfg(feature = "serde")]
    pub(crate) const ALL: [Self; 6] =
        [Self::Unit, Self::Bool, Self::Int, Self::Uint, Self::Float, Self::Char];

    /// What the kind is called in a disassembly.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Float => "float",
            Self::Char => "char",
        }
    }

    pub(crate) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Unit,
            1 => Self::Bool,
            2 => Self::Int,
            3 => Self::Uint,
            4 => Self::Float,
            _ => Self::Char,
        }
    }
}

impl Via {
    pub(crate) const fn from_number(number: u8) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

impl Slot {
    pub(crate) const fn from_number(number: u8) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}
