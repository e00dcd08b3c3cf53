//! Scalars that take 64 bits whatever their type.

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// A `bool`, `f64` or `char` in 64 bits.
///
/// When every scalar of a [`Value`](crate::Value) has one size, the compiler passes values in two
/// registers instead of through memory.
///
/// ```
/// use telltale_vm::Wide;
///
/// let wide = Wide::from('ß');
/// assert_eq!(wide.get(), 'ß');
/// assert_eq!(wide.to_string(), "ß");
/// ```
#[derive(Clone, Copy)]
pub struct Wide<T> {
    bits: u64,
    of: PhantomData<T>,
}

/// What can be in a [`Wide`].
pub trait Scalar: sealed::Sealed + Copy {
    #[doc(hidden)]
    fn widened(self) -> u64;
    #[doc(hidden)]
    fn narrowed(bits: u64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
    impl Sealed for f64 {}
    impl Sealed for char {}
}

impl<T: Scalar> Wide<T> {
    /// The scalar.
    #[inline]
    pub fn get(self) -> T {
        T::narrowed(self.bits)
    }

    /// The scalar as a number.
    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.bits
    }

    /// The scalar whose number this is.
    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self { bits, of: PhantomData }
    }
}

impl<T: Scalar> From<T> for Wide<T> {
    #[inline]
    fn from(scalar: T) -> Self {
        Self::from_bits(scalar.widened())
    }
}

impl Scalar for bool {
    #[inline]
    fn widened(self) -> u64 {
        self.into()
    }

    #[inline]
    fn narrowed(bits: u64) -> Self {
        bits != 0
    }
}

/// How floats are shown, once there is one. That takes twenty kilobytes of the standard library, which the linker leaves out
/// of programs whose payloads are no floats.
static SHOW_FLOAT: OnceLock<fn(f64, &mut fmt::Formatter<'_>) -> fmt::Result> = OnceLock::new();

/// A float as [`Display`](fmt::Display) shows it.
pub(super) fn show_float(float: Wide<f64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match SHOW_FLOAT.get() {
        Some(show) => show(float.get(), f),
        // Nobody has made it out of an `f64`.
        None => write!(f, "{:#x}", float.bits()),
    }
}

impl Scalar for f64 {
    #[inline]
    fn widened(self) -> u64 {
        SHOW_FLOAT.get_or_init(|| |float, f| fmt::Display::fmt(&float, f));
        self.to_bits()
    }

    #[inline]
    fn narrowed(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

impl Scalar for char {
    #[inline]
    fn widened(self) -> u64 {
        u32::from(self).into()
    }

    #[inline]
    fn narrowed(bits: u64) -> Self {
        Self::from_u32(bits as u32).unwrap_or(Self::REPLACEMENT_CHARACTER)
    }
}

impl<T: Scalar + fmt::Display> fmt::Display for Wide<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<T: Scalar + fmt::Debug> fmt::Debug for Wide<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
