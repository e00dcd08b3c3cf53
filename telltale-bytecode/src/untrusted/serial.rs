//! Images through serde: lines of text in formats for people, tables of numbers in others.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use telltale_types::foreign::sentence;
use telltale_types::{GlobalState, Label, LabelId, LocalState, RoleId};

use super::text::ImageText;
use super::{Role, UntrustedImage};
use crate::{Branch, CodeImage, ContentHash, FORMAT};

/// The format that an image is written in. It stands first, so that it is checked before anything else is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format;

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FORMAT.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u16::deserialize(deserializer)?;
        if found == FORMAT {
            Ok(Self)
        } else {
            let error = super::ImageError::Format { expected: FORMAT, found };
            Err(D::Error::custom(error))
        }
    }
}

/// The tables of an image.
#[derive(Serialize, Deserialize)]
pub(super) struct Tables {
    hash: Option<[u8; 32]>,
    payload_version: u32,
    labels: Vec<Label>,
    global_type: Vec<GlobalState>,
    roles: Vec<RoleTables>,
    sets: Vec<Vec<(RoleId, LabelId)>>,
    targets: Vec<u32>,
    effects: Vec<String>,
    imports: Vec<(String, [u8; 32])>,
}

#[derive(Serialize, Deserialize)]
struct RoleTables {
    name: String,
    local_type: Vec<LocalState>,
    program: Vec<[u8; 8]>,
}

impl Tables {
    pub(super) fn of(image: &UntrustedImage) -> Self {
        let role = |role: &Role| RoleTables {
            name: role.name.clone(),
            local_type: role.local_type.clone(),
            program: role.program.iter().map(|word| word.to_le_bytes()).collect(),
        };
        let set =
            |set: &Vec<Branch>| set.iter().map(|branch| (branch.peer, branch.label)).collect();
        Self {
            hash: image.hash.map(|hash| hash.0),
            payload_version: image.payload_version,
            labels: image.labels.clone(),
            global_type: image.global_type.clone(),
            roles: image.roles.iter().map(role).collect(),
            sets: image.sets.iter().map(set).collect(),
            targets: image.targets.clone(),
            effects: image.effects.clone(),
            imports: image.imports.iter().map(|(name, hash)| (name.clone(), hash.0)).collect(),
        }
    }
}

impl From<Tables> for UntrustedImage {
    fn from(tables: Tables) -> Self {
        let role = |RoleTables { name, local_type, program }| {
            let program = program.into_iter().map(u64::from_le_bytes).collect();
            Role { name, local_type, program }
        };
        let branch = |(peer, label)| Branch { peer, label };
        let set = |set: Vec<_>| set.into_iter().map(branch).collect();
        let import = |(name, hash)| (name, ContentHash(hash));
        Self {
            hash: tables.hash.map(ContentHash),
            payload_version: tables.payload_version,
            labels: tables.labels,
            global_type: tables.global_type,
            roles: tables.roles.into_iter().map(role).collect(),
            sets: tables.sets.into_iter().map(set).collect(),
            targets: tables.targets,
            effects: tables.effects,
            imports: tables.imports.into_iter().map(import).collect(),
        }
    }
}

impl Serialize for UntrustedImage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            ImageText::of(self).serialize(serializer)
        } else {
            (Format, Tables::of(self)).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for UntrustedImage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <ImageText as Deserialize>::deserialize(deserializer);
            // A field that is not known is quoted as a whole.
            let text = text.map_err(|error| D::Error::custom(sentence(error)))?;
            text.read().map_err(D::Error::custom)
        } else {
            let (Format, tables) = Deserialize::deserialize(deserializer)?;
            Ok(Tables::into(tables))
        }
    }
}

impl Serialize for CodeImage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        UntrustedImage::from(self).serialize(serializer)
    }
}

/// Sixty-four digits for people, thirty-two bytes otherwise.
impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Deserialize::deserialize(deserializer).map(Self);
        }
        let digits = String::deserialize(deserializer)?;
        let mut hash = [0; 32];
        for (at, byte) in hash.iter_mut().enumerate() {
            let pair = digits.get(2 * at..2 * at + 2).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        }
        // Whatever was no digit, or too much, is not written so.
        if Self(hash).to_string() == digits {
            Ok(Self(hash))
        } else {
            let message = "a content hash is written in 64 digits, from 0 to 9 and from a to f";
            Err(D::Error::custom(message))
        }
    }
}
