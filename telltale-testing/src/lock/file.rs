//! How a lock file is written and read.
//!
//! Its version comes first, and what has another version is not looked at. Each protocol has its type as the table that is compared, and the
//! part of each role as a text, for those who read the difference between two versions of the file. A
//! hash over both says that neither was changed by hand, nor mixed when branches were merged.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use telltale_theory::{Options, ProjectionError, project_all_with};
use telltale_types::GlobalType;
use telltale_types::foreign::Object;

use super::by_name::ByName;
use super::error::LockError;

/// The version that is written, and the only one that is read.
const FORMAT: u32 = 1;

/// What a lock file holds of a protocol.
#[derive(Deserialize)]
#[serde(
    expecting = "an object with `hash`, `payload_version`, `roles` and `type`",
    remote = "Self"
)]
pub(super) struct Entry {
    hash: String,
    pub(super) payload_version: u32,
    roles: ByName<String>,
    #[serde(rename = "type")]
    pub(super) global: GlobalType,
}

#[derive(Deserialize)]
#[serde(expecting = "an object with `format` and `protocols`")]
struct Version {
    format: u32,
}

#[derive(Deserialize)]
struct File {
    protocols: ByName<Entry>,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Object(deserializer))
    }
}

impl Entry {
    pub(super) fn of(global: &GlobalType, payload_version: u32) -> Result<Self, ProjectionError> {
        let options =
            Options { allow_silent_end: true, find_remedies: false, ..Options::default() };
        let locals = project_all_with(global, &options)?.into_iter();
        let roles = ByName::of(locals.map(|(role, local)| (role, local.to_string())).collect());
        let (hash, global) = (String::new(), global.clone());
        let mut entry = Self { hash, payload_version, roles, global };
        entry.hash = entry.content_hash();
        Ok(entry)
    }

    fn content_hash(&self) -> String {
        let digest = Sha256::digest(json(&(self.payload_version, &self.roles, &self.global)));
        digest.iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
    }
}

pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Entry>, LockError> {
    let text = std::fs::read(path).map_err(|error| LockError::read(path, &error))?;
    let malformed = |error: serde_json::Error| LockError::malformed(path, &error);
    let Version { format } = Object::from_json(&text).map_err(malformed)?;
    if format != FORMAT {
        return Err(LockError::Format { path: path.to_owned(), found: format, known: FORMAT });
    }
    let File { protocols } = Object::from_json(&text).map_err(malformed)?;
    let twice = |protocol: &String, role| LockError::Twice {
        path: path.to_owned(),
        protocol: protocol.clone(),
        role,
    };
    if let Some(protocol) = &protocols.twice {
        return Err(twice(protocol, None));
    }
    for (name, entry) in &protocols.all {
        if let Some(role) = &entry.roles.twice {
            return Err(twice(name, Some(role.clone())));
        }
    }
    let altered = protocols.all.iter().find(|(_, entry)| entry.hash != entry.content_hash());
    match altered.map(|(name, _)| name.clone()) {
        Some(protocol) => Err(LockError::Altered { path: path.to_owned(), protocol }),
        None => Ok(protocols.all),
    }
}

pub(super) fn write(path: &Path, entries: &BTreeMap<String, Entry>) -> Result<(), LockError> {
    std::fs::write(path, text(entries))
        .map_err(|error| LockError::Write { path: path.to_owned(), message: error.to_string() })
}

/// A line for each role, so that a difference between two files is one of roles.
fn text(entries: &BTreeMap<String, Entry>) -> String {
    let entry = |(name, entry): (&String, &Entry)| {
        let role = |(role, part)| format!("\n        {}: {}", json(role), json(part));
        let roles: Vec<String> = entry.roles.all.iter().map(role).collect();
        format!(
            "\n    {}: {{\n      \"hash\": {},\n      \"payload_version\": {},\n      \"roles\": {{{}\n      }},\n      \"type\": {}\n    }}",
            json(name),
            json(&entry.hash),
            entry.payload_version,
            roles.join(","),
            json(&entry.global),
        )
    };
    let entries: Vec<String> = entries.iter().map(entry).collect();
    format!("{{\n  \"format\": {FORMAT},\n  \"protocols\": {{{}\n  }}\n}}\n", entries.join(","))
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("names, texts and numbers can be written")
}
