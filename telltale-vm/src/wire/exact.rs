//! Whether JSON tells a payload from every other of its type: `null` stands for several things.
//!
//! A serializer that writes nothing: it only looks.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// Finds floats that are no numbers, and options in which there is something that looks like nothing.
#[derive(Clone, Copy)]
pub(super) struct Check;

/// What JSON writes for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// `null`
    Null,
    /// Anything else.
    Other,
}

/// There is one.
#[derive(Debug)]
pub(super) struct Inexact(String);

impl fmt::Display for Inexact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Inexact {}

impl ser::Error for Inexact {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Checked = Result<Written, Inexact>;

/// What has nothing inside.
macro_rules! plain {
    ($($method:ident($($ty:ty),*) => $written:ident;)*) => {$(
        fn $method(self $(, _: $ty)*) -> Checked {
            Ok(Written::$written)
        }
    )*};
}

/// What has several things inside, each of which is looked at.
macro_rules! several {
    ($($method:ident($($ty:ty),*) -> $several:ident;)*) => {
        $(type $several = Self;)*
        $(fn $method(self $(, _: $ty)*) -> Result<Self, Inexact> {
            Ok(self)
        })*
    };
}

impl Serializer for Check {
    type Ok = Written;
    type Error = Inexact;

    plain! {
        serialize_bool(bool) => Other;
        serialize_i8(i8) => Other;
        serialize_i16(i16) => Other;
        serialize_i32(i32) => Other;
        serialize_i64(i64) => Other;
        serialize_i128(i128) => Other;
        serialize_u8(u8) => Other;
        serialize_u16(u16) => Other;
        serialize_u32(u32) => Other;
        serialize_u64(u64) => Other;
        serialize_u128(u128) => Other;
        serialize_char(char) => Other;
        serialize_str(&str) => Other;
        serialize_bytes(&[u8]) => Other;
        serialize_none() => Null;
        serialize_unit() => Null;
        serialize_unit_struct(&'static str) => Null;
        serialize_unit_variant(&'static str, u32, &'static str) => Other;
    }

    several! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }

    fn serialize_f32(self, number: f32) -> Checked {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Checked {
        if number.is_finite() {
            return Ok(Written::Other);
        }
        Err(Inexact(format!("JSON has no number for `{number}`; another codec may have")))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, inside: &T) -> Checked {
        match inside.serialize(self)? {
            Written::Other => Ok(Written::Other),
            Written::Null => Err(Inexact(
                "JSON writes `null` for what is in a `Some`, and that is read as `None`; another codec may not"
                    .to_owned(),
            )),
        }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &str, inside: &T) -> Checked {
        inside.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        inside: &T,
    ) -> Checked {
        // An object with the name of the variant.
        inside.serialize(self)?;
        Ok(Written::Other)
    }
}

macro_rules! each {
    ($($of:ident: $method:ident($($name:ty)?);)*) => {$(
        impl ser::$of for Check {
            type Ok = Written;
            type Error = Inexact;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $(_: $name,)?
                inside: &T,
            ) -> Result<(), Inexact> {
                inside.serialize(*self).map(drop)
            }

            fn end(self) -> Checked {
                Ok(Written::Other)
            }
        }
    )*};
}

each! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl ser::SerializeMap for Check {
    type Ok = Written;
    type Error = Inexact;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Inexact> {
        key.serialize(*self).map(drop)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Inexact> {
        value.serialize(*self).map(drop)
    }

    fn end(self) -> Checked {
        Ok(Written::Other)
    }
}
