//! Whether JSON has a number for every float of a payload.
//!
//! A serializer that writes nothing: it only looks.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// Finds floats that are no numbers.
#[derive(Clone, Copy)]
pub(super) struct Check;

/// There is one.
#[derive(Debug)]
pub(super) struct NotFinite(String);

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFinite {}

impl ser::Error for NotFinite {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Checked = Result<(), NotFinite>;

/// What has nothing inside.
macro_rules! plain {
    ($($method:ident($($ty:ty),*);)*) => {$(
        fn $method(self $(, _: $ty)*) -> Checked {
            Ok(())
        }
    )*};
}

/// What has several things inside, each of which is looked at.
macro_rules! several {
    ($($method:ident($($ty:ty),*) -> $several:ident;)*) => {
        $(type $several = Self;)*
        $(fn $method(self $(, _: $ty)*) -> Result<Self, NotFinite> {
            Ok(self)
        })*
    };
}

impl Serializer for Check {
    type Ok = ();
    type Error = NotFinite;

    plain! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
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
            return Ok(());
        }
        Err(NotFinite(format!("JSON has no number for `{number}`; another codec may have")))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, inside: &T) -> Checked {
        inside.serialize(self)
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
        inside.serialize(self)
    }
}

macro_rules! each {
    ($($of:ident: $method:ident($($name:ty)?);)*) => {$(
        impl ser::$of for Check {
            type Ok = ();
            type Error = NotFinite;

            fn $method<T: Serialize + ?Sized>(&mut self, $(_: $name,)? inside: &T) -> Checked {
                inside.serialize(*self)
            }

            fn end(self) -> Checked {
                Ok(())
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
    type Ok = ();
    type Error = NotFinite;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Checked {
        key.serialize(*self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(*self)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}
