//! What a message is called and what it carries.

use std::borrow::Cow;
use std::fmt;

/// The type of a message's payload, as text.
///
/// Types are compared as text, so whoever writes one uses a single spelling: Rust's, with the
/// spaces of `rustfmt` (`Vec<u8>`, `(u64, String)`), or `{ address: String }` for named fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PayloadType(Cow<'static, str>);

impl PayloadType {
    /// No payload: the message says all by its label.
    pub const UNIT: Self = Self(Cow::Borrowed("()"));

    /// The payload type with this spelling.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to carry.
    pub fn is_unit(&self) -> bool {
        *self == Self::UNIT
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message: a name and the type of what it carries.
///
/// ```
/// use telltale_types::Label;
///
/// assert_eq!(Label::new("Ping").to_string(), "Ping");
/// assert_eq!(Label::with("Quote", "u64").to_string(), "Quote(u64)");
/// assert_eq!(Label::with("Pair", "(u8, u8)").to_string(), "Pair(u8, u8)");
/// assert_eq!(Label::with("Accept", "{ address: String }").to_string(), "Accept { address: String }");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object with `name` and `payload`"))]
#[cfg_attr(feature = "serde", serde(remote = "Self"))]
pub struct Label {
    /// What the message is called, in `UpperCamelCase`.
    pub name: Cow<'static, str>,
    /// What it carries.
    pub payload: PayloadType,
}

impl Label {
    /// A label that carries nothing.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), payload: PayloadType::UNIT }
    }

    /// A label that carries a payload.
    pub fn with(name: impl Into<Cow<'static, str>>, payload: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), payload: PayloadType::new(payload) }
    }

    /// The label as part of a table.
    pub fn as_view(&self) -> LabelView<'_> {
        LabelView { name: &self.name, payload: self.payload.as_str() }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_view().fmt(f)
    }
}

/// A [`Label`] read from a table of [`Names`](crate::Names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelView<'a> {
    /// What the message is called.
    pub name: &'a str,
    /// The spelling of its payload type.
    pub payload: &'a str,
}

impl LabelView<'_> {
    /// The label with its own text.
    pub fn to_label(self) -> Label {
        Label::with(self.name.to_owned(), self.payload.to_owned())
    }
}

impl fmt::Display for LabelView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.payload {
            "()" => Ok(()),
            fields if fields.starts_with('{') => write!(f, " {fields}"),
            tuple if tuple.starts_with('(') => f.write_str(tuple),
            other => write!(f, "({other})"),
        }
    }
}
