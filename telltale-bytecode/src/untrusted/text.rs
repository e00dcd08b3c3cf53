//! Images for people: types and programs as lines, in which roles and labels have their names.
//!
//! ```text
//! global type    Alice -> Bob: Ping(u64) -> 1, Alice -> Carol: Stop -> 2     end
//! local type     Bob!Ping(u64) -> 1, Carol!Stop -> 2    Alice?Ping(u64) -> 1    end or Alice?Ping(u64) -> 1    end
//! program        lines of the disassembly, without columns
//! both types     par -> 1, -> 4, then -> 7    arm end
//! ```
//!
//! `-> 1` is the state, or the instruction, that comes next.

mod read;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use telltale_types::Label;
use telltale_types::foreign::Object;

use super::serial::Format;
use crate::ContentHash;

/// An image for people. Also in the order of the names, the format comes first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "image", remote = "Self")]
#[serde(expecting = "an object with `format`, `global_type`, `labels` and `roles`")]
pub(super) struct ImageText {
    format: Format,
    global_type: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<ContentHash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    imports: Vec<ImportText>,
    labels: Vec<Label>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_version: Option<u32>,
    roles: Vec<RoleText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "import", remote = "Self")]
#[serde(expecting = "an object with `name` and `hash`")]
struct ImportText {
    name: String,
    hash: ContentHash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "role", remote = "Self")]
#[serde(expecting = "an object with `name`, `local_type` and `program`")]
struct RoleText {
    name: String,
    local_type: Vec<String>,
    program: Vec<String>,
}

/// These are objects, and no lists.
macro_rules! objects {
    ($($text:ident)*) => {$(
        impl Serialize for $text {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $text {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(Object(deserializer))
            }
        }
    )*};
}

objects! { ImageText ImportText RoleText }
