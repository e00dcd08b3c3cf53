//! What is written under names, where each name stands once.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A JSON object. A map would keep the last of what has one name, and say nothing.
pub(super) struct ByName<T> {
    pub(super) all: BTreeMap<String, T>,
    /// The first name that is there again.
    pub(super) twice: Option<String>,
}

impl<T> ByName<T> {
    pub(super) fn of(all: BTreeMap<String, T>) -> Self {
        Self { all, twice: None }
    }
}

impl<T: Serialize> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names(PhantomData))
    }
}

struct Names<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
    type Value = ByName<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with names")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ByName<T>, M::Error> {
        let mut by_name = ByName::of(BTreeMap::new());
        while let Some((name, one)) = map.next_entry::<String, T>()? {
            // Nobody asks what is there if something is there twice.
            if by_name.all.insert(name.clone(), one).is_some() {
                by_name.twice.get_or_insert(name);
            }
        }
        Ok(by_name)
    }
}
