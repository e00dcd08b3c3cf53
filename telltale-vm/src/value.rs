//! What messages carry.

pub(crate) mod box_pool;
pub(crate) mod expected;
pub(crate) mod payload;
#[cfg(feature = "serde")]
pub(crate) mod serial;
pub(crate) mod wide;

use std::any::Any;
use std::fmt;

use telltale_bytecode::{ImmKind, PayloadKind};
use telltale_types::RoleId;

use crate::{SessionId, Wide};

/// The payload of a message: 16 bytes, which travel in two registers.
///
/// Scalars never allocate. A payload that is neither a scalar nor text, bytes or a record travels
/// as one *opaque* Rust value. [`pack`](crate::pack) makes a value of any Rust value, and
/// [`unpack`](crate::unpack) the other way round.
///
/// ```
/// use telltale_vm::Value;
///
/// let values = [Value::Uint(7), Value::from(true), Value::from(2.5), Value::from("seven")];
/// let Value::Float(number) = &values[2] else { panic!("a number") };
/// assert_eq!(number.get(), 2.5);
/// assert_eq!(values[3].as_text(), Some("seven"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Unit,
    /// A truth value.
    Bool(Wide<bool>),
    /// A signed integer (`i8` to `i64`, `isize`).
    Int(i64),
    /// An unsigned integer (`u8` to `u64`, `usize`).
    Uint(u64),
    /// A floating-point number (`f32`, `f64`).
    Float(Wide<f64>),
    /// A character.
    Char(Wide<char>),
    /// What is not a scalar. Behind one pointer, so that dropping a scalar is one comparison.
    Large(Box<Large>),
}

/// A payload that is not a scalar.
#[derive(Debug)]
#[non_exhaustive]
pub enum Large {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Named values, in an order that is kept.
    Record(Vec<(String, Value)>),
    /// The right to play a role of a session. There is never a second one.
    Endpoint(Endpoint),
    /// Any other Rust value.
    Opaque(Opaque),
}

/// The right to play one role of one session, held in a register of a program written by hand.
///
/// It is moved, never copied: by `Mov`, by sending it, and to nowhere by `Close`.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) session: SessionId,
    pub(crate) role: RoleId,
}

impl Endpoint {
    /// The session.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The role.
    pub fn role(&self) -> RoleId {
        self.role
    }
}

const _: () = assert!(size_of::<Value>() == 16);

/// What kind of value a [`Value`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// [`Value::Unit`].
    Unit,
    /// [`Value::Bool`].
    Bool,
    /// [`Value::Int`].
    Int,
    /// [`Value::Uint`].
    Uint,
    /// [`Value::Float`].
    Float,
    /// [`Value::Char`].
    Char,
    /// [`Large::Text`].
    Text,
    /// [`Large::Bytes`].
    Bytes,
    /// [`Large::Record`].
    Record,
    /// [`Large::Endpoint`].
    Endpoint,
    /// [`Large::Opaque`].
    Opaque,
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        let (text, boxed) = (text.into(), box_pool::take::<String>());
        let Some(mut large) = boxed else { return Large::Text(text).into() };
        match &mut *large {
            Large::Text(room) => *room = text,
            other => *other = Large::Text(text),
        }
        Self::Large(large)
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let (bytes, boxed) = (bytes.into(), box_pool::take::<Vec<u8>>());
        let Some(mut large) = boxed else { return Large::Bytes(bytes).into() };
        match &mut *large {
            Large::Bytes(room) => *room = bytes,
            other => *other = Large::Bytes(bytes),
        }
        Self::Large(large)
    }

    /// Named values, in an order that is kept.
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        let field = |(name, value): (N, Self)| (name.into(), value);
        Large::Record(fields.into_iter().map(field).collect()).into()
    }

    /// Any Rust value.
    ///
    /// ```
    /// use telltale_vm::Value;
    ///
    /// let value = Value::opaque(vec![1.5, 2.5]);
    /// assert_eq!(value.into_opaque::<Vec<f64>>().unwrap(), [1.5, 2.5]);
    /// ```
    pub fn opaque<T: Send + 'static>(value: T) -> Self {
        let Some(mut large) = box_pool::take::<T>() else {
            return Large::Opaque(Opaque::new(value)).into();
        };
        match large.room::<T>() {
            Some(room) => *room = Some(value),
            None => *large = Large::Opaque(Opaque::new(value)),
        }
        Self::Large(large)
    }

    /// The Rust value in an opaque value.
    ///
    /// # Errors
    ///
    /// The value itself, when it is not opaque or of another type.
    pub fn into_opaque<T: 'static>(self) -> Result<T, Self> {
        let Self::Large(mut large) = self else { return Err(self) };
        match large.room().and_then(Option::take) {
            Some(value) => {
                box_pool::keep::<T>(large);
                Ok(value)
            }
            None => Err(Self::Large(large)),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Large(large) => match &**large {
                Large::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it is an endpoint of a session.
    #[inline(always)]
    pub(crate) fn is_endpoint(&self) -> bool {
        matches!(self, Self::Large(large) if large.kind() == Kind::Endpoint)
    }

    /// The kind of value.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unit => Kind::Unit,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Uint(_) => Kind::Uint,
            Self::Float(_) => Kind::Float,
            Self::Char(_) => Kind::Char,
            Self::Large(large) => large.kind(),
        }
    }
}

impl Large {
    /// Where an opaque value of this type is, or was.
    #[inline]
    pub(crate) fn room<T: 'static>(&mut self) -> Option<&mut Option<T>> {
        match self {
            Self::Opaque(opaque) => opaque.value.downcast_mut(),
            _ => None,
        }
    }

    /// The opaque value, if it is of this type.
    #[cfg(feature = "serde")]
    pub(crate) fn opaque<T: 'static>(&self) -> Option<&T> {
        match self {
            Self::Opaque(opaque) => opaque.value.downcast_ref::<Option<T>>()?.as_ref(),
            _ => None,
        }
    }

    /// The kind of value.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Record(_) => Kind::Record,
            Self::Endpoint(_) => Kind::Endpoint,
            Self::Opaque(_) => Kind::Opaque,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value.into())
    }
}

impl From<char> for Value {
    fn from(value: char) -> Self {
        Self::Char(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Uint(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl From<Large> for Value {
    fn from(large: Large) -> Self {
        Self::Large(Box::new(large))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => f.write_str("()"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Uint(value) => value.fmt(f),
            Self::Float(value) => wide::show_float(*value, f),
            Self::Char(value) => write!(f, "{value:?}"),
            Self::Large(large) => large.fmt(f),
        }
    }
}

impl fmt::Display for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "{} bytes", value.len()),
            Self::Record(fields) => {
                f.write_str("{ ")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    write!(f, "{}{name}: {value}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str(" }")
            }
            Self::Endpoint(end) => {
                write!(f, "the endpoint of role {} in {}", end.role, end.session)
            }
            Self::Opaque(value) => write!(f, "a value of type {}", value.type_name()),
        }
    }
}

/// A Rust value of any type, and the name of that type.
pub struct Opaque {
    /// An `Option<T>`: nothing while no message needs the box.
    value: Box<dyn Any + Send>,
    type_name: &'static str,
}

impl Opaque {
    fn new<T: Send + 'static>(value: T) -> Self {
        Self { value: Box::new(Some(value)), type_name: std::any::type_name::<T>() }
    }

    /// The name of the value's type, for people.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opaque({})", self.type_name)
    }
}

impl Kind {
    /// The kind that payloads of a type have, by the spelling of the type; nothing for types whose
    /// payloads may be of any kind.
    pub(crate) fn of_type(payload: &str) -> Option<Self> {
        Some(match PayloadKind::of_type(payload)? {
            PayloadKind::Scalar(ImmKind::Unit) => Self::Unit,
            PayloadKind::Scalar(ImmKind::Bool) => Self::Bool,
            PayloadKind::Scalar(ImmKind::Int) => Self::Int,
            PayloadKind::Scalar(ImmKind::Uint) => Self::Uint,
            PayloadKind::Scalar(ImmKind::Float) => Self::Float,
            PayloadKind::Scalar(ImmKind::Char) => Self::Char,
            PayloadKind::Text => Self::Text,
            PayloadKind::Bytes => Self::Bytes,
        })
    }

    /// The kind with this number; a number that is none is never written.
    #[inline]
    pub(crate) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Unit,
            1 => Self::Bool,
            2 => Self::Int,
            3 => Self::Uint,
            4 => Self::Float,
            5 => Self::Char,
            6 => Self::Text,
            7 => Self::Bytes,
            8 => Self::Record,
            9 => Self::Endpoint,
            _ => Self::Opaque,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit => "nothing",
            Self::Bool => "a bool",
            Self::Int => "a signed integer",
            Self::Uint => "an unsigned integer",
            Self::Float => "a float",
            Self::Char => "a char",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Record => "a record",
            Self::Endpoint => "an endpoint",
            Self::Opaque => "an opaque value",
        })
    }
}
