//! Values as data that says of what kind it is: `{"uint":7}`.
//!
//! Opaque values and endpoints are errors. What is read may come from anybody, so records are nested to a bounded depth.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::value::{Large, Value, Wide};

/// How deep records are nested. In JSON a record is three levels, of which `serde_json` reads 128.
const DEPTH: usize = 32;

const NAME: &str = "Value";
const KINDS: [&str; 9] =
    ["unit", "bool", "int", "uint", "float", "char", "text", "bytes", "record"];

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        AtDepth { value: self, depth: 0 }.serialize(to)
    }
}

/// A value in so many records.
struct AtDepth<'a> {
    value: &'a Value,
    depth: usize,
}

impl Serialize for AtDepth<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let kind = self.value.kind() as u32;
        let Some(name) = KINDS.get(kind as usize).copied() else {
            return Err(S::Error::custom(format_args!("{} cannot be written down", self.value)));
        };
        match self.value {
            Value::Unit => to.serialize_unit_variant(NAME, kind, name),
            Value::Bool(value) => to.serialize_newtype_variant(NAME, kind, name, &value.get()),
            Value::Int(value) => to.serialize_newtype_variant(NAME, kind, name, value),
            Value::Uint(value) => to.serialize_newtype_variant(NAME, kind, name, value),
            Value::Float(value) => to.serialize_newtype_variant(NAME, kind, name, &Float(*value)),
            Value::Char(value) => to.serialize_newtype_variant(NAME, kind, name, &value.get()),
            Value::Large(large) => match &**large {
                Large::Text(text) => to.serialize_newtype_variant(NAME, kind, name, text),
                Large::Bytes(bytes) => {
                    to.serialize_newtype_variant(NAME, kind, name, &Bytes(bytes))
                }
                Large::Record(fields) if self.depth < DEPTH => {
                    let fields = Fields { fields, depth: self.depth + 1 };
                    to.serialize_newtype_variant(NAME, kind, name, &fields)
                }
                _ => Err(S::Error::custom(TOO_DEEP)),
            },
        }
    }
}

const TOO_DEEP: &str = "records are nested too deep";

struct Fields<'a> {
    fields: &'a [(String, Value)],
    depth: usize,
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth;
        to.collect_seq(self.fields.iter().map(|(name, value)| (name, AtDepth { value, depth })))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        InDepth(0).deserialize(from)
    }
}

/// Reads a value in so many records.
#[derive(Clone, Copy)]
struct InDepth(usize);

impl<'de> DeserializeSeed<'de> for InDepth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_enum(NAME, &KINDS, self)
    }
}

impl<'de> Visitor<'de> for InDepth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value and its kind")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, from: A) -> Result<Value, A::Error> {
        let (kind, inside) = from.variant_seed(Kind)?;
        Ok(match kind {
            "unit" => {
                inside.unit_variant()?;
                Value::Unit
            }
            "bool" => Value::from(inside.newtype_variant::<bool>()?),
            "int" => Value::Int(inside.newtype_variant()?),
            "uint" => Value::Uint(inside.newtype_variant()?),
            "float" => Value::Float(inside.newtype_variant::<Float>()?.0),
            "char" => Value::from(inside.newtype_variant::<char>()?),
            "text" => Value::text(inside.newtype_variant::<String>()?),
            "bytes" => Value::bytes(inside.newtype_variant::<ByteBuf>()?.0),
            _ if self.0 < DEPTH => {
                Value::record(inside.newtype_variant_seed(InRecord(self.0 + 1))?)
            }
            _ => return Err(de::Error::custom(TOO_DEEP)),
        })
    }
}

/// The name of a kind.
struct Kind;

impl<'de> DeserializeSeed<'de> for Kind {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'static str, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Kind {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a kind of value")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<&'static str, E> {
        let known = KINDS.into_iter().find(|kind| *kind == name);
        known.ok_or_else(|| E::unknown_variant(name, &KINDS))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<&'static str, E> {
        let known = usize::try_from(number).ok().and_then(|number| KINDS.get(number));
        known.copied().ok_or_else(|| E::custom(format_args!("there is no kind {number}")))
    }
}

/// The fields of a record, its values in so many records.
struct InRecord(usize);

impl<'de> DeserializeSeed<'de> for InRecord {
    type Value = Vec<(String, Value)>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for InRecord {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and values")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut from: S) -> Result<Self::Value, S::Error> {
        let mut fields = Vec::new();
        while let Some(field) = from.next_element_seed(Field(self.0))? {
            fields.push(field);
        }
        Ok(fields)
    }
}

/// A field of a record, its value in so many records.
struct Field(usize);

impl<'de> DeserializeSeed<'de> for Field {
    type Value = (String, Value);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_tuple(2, self)
    }
}

impl<'de> Visitor<'de> for Field {
    type Value = (String, Value);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name and a value")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut from: S) -> Result<Self::Value, S::Error> {
        let missing = |count| de::Error::invalid_length(count, &"a name and a value");
        let name = from.next_element()?.ok_or_else(|| missing(0))?;
        let value = from.next_element_seed(InDepth(self.0))?.ok_or_else(|| missing(1))?;
        Ok((name, value))
    }
}

/// A float, whatever it is. For people it is a number, or, where JSON has none, its bits.
struct Float(Wide<f64>);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let number = self.0.get();
        if to.is_human_readable() && !number.is_finite() {
            return to.collect_str(&format_args!("{:#018x}", number.to_bits()));
        }
        to.serialize_f64(number)
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            from.deserialize_any(Number)
        } else {
            from.deserialize_f64(Number)
        }
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = Float;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a float, or its bits")
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Float, E> {
        Ok(Float(number.into()))
    }

    #[expect(clippy::cast_precision_loss, reason = "somebody wrote a float without its point")]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Float, E> {
        self.visit_f64(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "somebody wrote a float without its point")]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Float, E> {
        self.visit_f64(number as f64)
    }

    fn visit_str<E: de::Error>(self, bits: &str) -> Result<Float, E> {
        let digits = bits.strip_prefix("0x").filter(|digits| digits.len() == 16);
        match digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            Some(bits) => self.visit_f64(f64::from_bits(bits)),
            None => Err(E::invalid_value(de::Unexpected::Str(bits), &self)),
        }
    }
}

/// Bytes; for people as hexadecimal digits.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(self.0) }
    }
}

/// The same, read.
pub(crate) struct ByteBuf(pub(crate) Vec<u8>);

impl ByteBuf {
    /// Two hexadecimal digits for each byte.
    pub(crate) fn from_digits(digits: &str) -> Option<Vec<u8>> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let byte = |pair: &[u8]| Some((digit(pair.first()?)? << 4 | digit(pair.get(1)?)?) as u8);
        digits.as_bytes().chunks(2).map(byte).collect()
    }
}

impl<'de> Deserialize<'de> for ByteBuf {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            from.deserialize_str(Digits)
        } else {
            from.deserialize_byte_buf(Digits)
        }
    }
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = ByteBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes, as two hexadecimal digits each")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<ByteBuf, E> {
        Ok(ByteBuf(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<ByteBuf, E> {
        Ok(ByteBuf(bytes))
    }

    fn visit_str<E: de::Error>(self, digits: &str) -> Result<ByteBuf, E> {
        let bytes = ByteBuf::from_digits(digits);
        bytes.map(ByteBuf).ok_or_else(|| E::invalid_value(de::Unexpected::Str(digits), &self))
    }
}
