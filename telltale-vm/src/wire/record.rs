//! Payloads whose fields have names. In the machine they are tuples; on the wire they are structs.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Codec, PayloadCodec};

/// What the fields of a payload are called. The macro implements it for a type of its own.
pub trait FieldNames {
    /// The names, in the order of the protocol.
    const NAMES: &'static [&'static str];
}

/// What can be written down and read again. The macro says of each payload type, at its place, that it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written down and read again",
    label = "the payloads of a protocol with `#[serde]` are `Serialize` and `Deserialize`",
    note = "a type of your own can be: `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Serializable: Serialize + DeserializeOwned + Send + 'static {}

// What is missing is said of the type that stands in the protocol, once, and not of something inside it, twice.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Serializable for T {}

/// The fields of a payload, as a tuple of their types: of at most sixteen, for serde knows no longer ones.
pub(super) trait Record: 'static {
    /// What the message carries: the only field, or else the tuple.
    type Payload: Serializable;

    fn write<S: SerializeStruct>(
        names: &[&'static str],
        payload: &Self::Payload,
        to: &mut S,
    ) -> Result<(), S::Error>;

    fn from_map<'de, M: MapAccess<'de>>(
        names: &'static [&'static str],
        map: M,
    ) -> Result<Self::Payload, M::Error>;

    fn from_seq<'de, S: SeqAccess<'de>>(
        names: &'static [&'static str],
        seq: S,
    ) -> Result<Self::Payload, S::Error>;
}

macro_rules! record {
    ($record:ident: $($ty:ident $field:ident $at:tt),*; $carried:ident => $payload:ty, [$($part:expr),*], $whole:expr) => {
        /// A payload of this many fields with names.
        pub const fn $record<To: Codec, As: FieldNames, $($ty: Serializable),*>() -> PayloadCodec {
            PayloadCodec::record::<To, As, ($($ty,)*)>()
        }

        impl<$($ty: Serializable),*> Record for ($($ty,)*) {
            type Payload = $payload;

            fn write<To: SerializeStruct>(
                names: &[&'static str],
                $carried: &Self::Payload,
                to: &mut To,
            ) -> Result<(), To::Error> {
                $(to.serialize_field(names[$at], $part)?;)*
                Ok(())
            }

            fn from_map<'de, Map: MapAccess<'de>>(
                names: &'static [&'static str],
                mut map: Map,
            ) -> Result<Self::Payload, Map::Error> {
                $(let mut $field: Option<$ty> = None;)*
                while let Some(at) = map.next_key_seed(Key { names })? {
                    match at {
                        $($at => fill(&mut $field, names[$at], map.next_value()?)?,)*
                        _ => unreachable!("a key is one of the names"),
                    }
                }
                $(let $field = $field.ok_or_else(|| Map::Error::missing_field(names[$at]))?;)*
                Ok($whole)
            }

            fn from_seq<'de, Seq: SeqAccess<'de>>(
                names: &'static [&'static str],
                mut seq: Seq,
            ) -> Result<Self::Payload, Seq::Error> {
                $(let $field: Option<$ty> = seq.next_element()?;)*
                $(let $field = $field.ok_or_else(|| Seq::Error::missing_field(names[$at]))?;)*
                Ok($whole)
            }
        }
    };
    ($tuple:ident $record:ident: $($ty:ident $field:ident $at:tt),*) => {
        /// A payload of this many things.
        pub const fn $tuple<To: Codec, $($ty: Serializable),*>() -> PayloadCodec {
            PayloadCodec::of::<To, ($($ty,)*)>()
        }

        record! { $record: $($ty $field $at),*; carried => ($($ty,)*), [$(&carried.$at),*], ($($field,)*) }
    };
}

record! { record1: A a 0; carried => A, [carried], a }
record! { tuple2 record2: A a 0, B b 1 }
record! { tuple3 record3: A a 0, B b 1, C c 2 }
record! { tuple4 record4: A a 0, B b 1, C c 2, D d 3 }
record! { tuple5 record5: A a 0, B b 1, C c 2, D d 3, E e 4 }
record! { tuple6 record6: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5 }
record! { tuple7 record7: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6 }
record! { tuple8 record8: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7 }
record! { tuple9 record9: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8 }
record! { tuple10 record10: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9 }
record! { tuple11 record11: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10 }
record! { tuple12 record12: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11 }
record! { tuple13 record13: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12 }
record! { tuple14 record14: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13 }
record! { tuple15 record15: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14 }
record! { tuple16 record16: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7, I i 8, J j 9, K k 10, L l 11, M m 12, N n 13, O o 14, P p 15 }

fn fill<T, E: Error>(field: &mut Option<T>, name: &'static str, value: T) -> Result<(), E> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

/// The fields of a payload that is read.
pub(super) struct Named<N, R: Record> {
    pub(super) fields: R::Payload,
    names: PhantomData<N>,
}

/// The fields of a payload that is written.
pub(super) struct NamedRef<'a, N, R: Record> {
    pub(super) fields: &'a R::Payload,
    pub(super) names: PhantomData<N>,
}

impl<N: FieldNames, R: Record> Serialize for NamedRef<'_, N, R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Payload", N::NAMES.len())?;
        R::write(N::NAMES, self.fields, &mut fields)?;
        fields.end()
    }
}

impl<'de, N: FieldNames, R: Record> serde::Deserialize<'de> for Named<N, R> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let fields = Fields { names: N::NAMES, of: PhantomData::<R> };
        let fields = from.deserialize_struct("Payload", N::NAMES, fields)?;
        Ok(Self { fields, names: PhantomData })
    }
}

struct Fields<R> {
    names: &'static [&'static str],
    of: PhantomData<R>,
}

impl<'de, R: Record> serde::de::Visitor<'de> for Fields<R> {
    type Value = R::Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the fields {}", self.names.join(", "))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<R::Payload, M::Error> {
        R::from_map(self.names, map)
    }

    // Formats that are not for people leave the names out.
    fn visit_seq<S: SeqAccess<'de>>(self, seq: S) -> Result<R::Payload, S::Error> {
        R::from_seq(self.names, seq)
    }
}

/// The place of a field among the names.
struct Key {
    names: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<usize, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl serde::de::Visitor<'_> for Key {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let at = self.names.iter().position(|known| *known == name);
        // A payload is what its protocol says, no more and no less.
        at.ok_or_else(|| E::unknown_field(name, self.names))
    }
}
