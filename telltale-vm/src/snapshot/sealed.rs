//! Snapshots with version and checksum, in all formats.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use telltale_bytecode::CodeImage;
use telltale_types::foreign::sentence;

use super::checksum::Checksum;
use super::error::SnapshotError;
use super::form::{Body, SessionBody};
use super::restore::{self, Images};
use crate::roles::session::NamedRoles;
use crate::wire::{Codec, Json};
use crate::{Session, SessionId, VM};

/// The version of snapshots that is written and read here. Others are refused, and the error names theirs.
pub const VERSION: u32 = 1;

/// A machine that was written down: [`VM::snapshot`].
///
/// It is `Serialize` and `Deserialize`, so it can be written in any format of serde: JSON to look into it, for example.
/// [`Snapshot::to_bytes`] is the compact one. Either way the version comes first, then a checksum.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot(pub(super) Body);

/// A session that was written down: [`VM::snapshot_session`]. It has the formats of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq)]
pub struct SessionSnapshot(pub(super) SessionBody);

impl Snapshot {
    /// The snapshot in its compact format.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(&self.0)
    }

    /// Reads what [`Snapshot::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// When it is something else, of another version, cut off or altered.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        from_bytes(bytes).map(Self)
    }

    /// A machine that goes on where the snapshot was taken. Its images are found among those that are given.
    ///
    /// Handlers and networks are given to its runs, sinks with [`VM::record_to`]. Sessions that had role objects wait for them
    /// ([`VM::unattached`]). The names of its sessions have the numbers that they had ([`VM::session_numbered`]).
    ///
    /// # Errors
    ///
    /// When an image is missing, or the snapshot does not fit its images.
    pub fn resume<'a>(
        self,
        images: impl IntoIterator<Item = &'a CodeImage>,
    ) -> Result<VM, SnapshotError> {
        restore::vm(self.0, &Images::of(images))
    }

    /// Keeps a copy of a session's role objects in the snapshot, which was taken of this machine as it is now. [`Snapshot::roles`]
    /// gives them back.
    ///
    /// # Errors
    ///
    /// When the session has no role objects of this type, or they hold something that would be lost: floats that are no numbers,
    /// an option in an option, values that are nested too deep to be read again.
    pub fn keep_roles<R>(&mut self, vm: &VM, session: Session<R>) -> Result<(), SnapshotError>
    where
        R: NamedRoles + Serialize,
    {
        keep_roles(&mut self.0.roles, vm, session)
    }

    /// The role objects that were kept for the session with this number.
    ///
    /// # Errors
    ///
    /// When none were kept, or serde cannot make an `R` of them.
    pub fn roles<R: DeserializeOwned>(&self, session: u64) -> Result<R, SnapshotError> {
        roles(&self.0.roles, session)
    }
}

impl SessionSnapshot {
    /// The snapshot in its compact format.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(&self.0)
    }

    /// Reads what [`SessionSnapshot::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        from_bytes(bytes).map(Self)
    }

    /// The number that the session had.
    pub fn number(&self) -> u64 {
        self.0.session.session
    }

    /// Lets the session go on in a machine, under the number that it had. What it draws at random depends on that number, and on
    /// [`VMConfig::seed`](crate::VMConfig::seed) of the machine.
    ///
    /// # Errors
    ///
    /// When another session of the machine has or had that number ([`SessionSnapshot::adopt`] gives a new one), at a
    /// limit of the machine, when the image is missing, or the snapshot does not fit it. The machine is as it was before.
    pub fn resume<'a>(
        self,
        vm: &mut VM,
        images: impl IntoIterator<Item = &'a CodeImage>,
    ) -> Result<SessionId, SnapshotError> {
        restore::session(self.0, vm, &Images::of(images), true)
    }

    /// The same under a new number.
    ///
    /// # Errors
    ///
    /// As [`SessionSnapshot::resume`], but for the number.
    pub fn adopt<'a>(
        self,
        vm: &mut VM,
        images: impl IntoIterator<Item = &'a CodeImage>,
    ) -> Result<SessionId, SnapshotError> {
        restore::session(self.0, vm, &Images::of(images), false)
    }

    /// As [`Snapshot::keep_roles`].
    ///
    /// # Errors
    ///
    /// As [`Snapshot::keep_roles`].
    pub fn keep_roles<R>(&mut self, vm: &VM, session: Session<R>) -> Result<(), SnapshotError>
    where
        R: NamedRoles + Serialize,
    {
        keep_roles(&mut self.0.roles, vm, session)
    }

    /// The role objects that were kept.
    ///
    /// # Errors
    ///
    /// As [`Snapshot::roles`].
    pub fn roles<R: DeserializeOwned>(&self) -> Result<R, SnapshotError> {
        roles(&self.0.roles, self.number())
    }
}

fn keep_roles<R: NamedRoles + Serialize>(
    kept: &mut BTreeMap<u64, String>,
    vm: &VM,
    session: Session<R>,
) -> Result<(), SnapshotError> {
    let number = session.id().ordinal();
    let cannot = |why: String| SnapshotError::KeptRoles { session: number, why };
    let roles = vm.peek_roles::<R>(session.id())?;
    let roles = roles.ok_or_else(|| cannot("they are not there".to_owned()))?;
    let mut bytes = Vec::new();
    Json::encode(roles, &mut bytes).map_err(|error| cannot(error.to_string()))?;
    // Reading has a limit for how deep values are nested, and writing has none.
    let read = serde_json::from_slice::<serde_json::Value>(&bytes);
    read.map_err(|error| cannot(format!("they could not be read again: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| cannot(error.to_string()))?;
    kept.insert(number, text);
    Ok(())
}

fn roles<R: DeserializeOwned>(
    kept: &BTreeMap<u64, String>,
    session: u64,
) -> Result<R, SnapshotError> {
    let cannot = |why: String| SnapshotError::KeptRoles { session, why };
    let text = kept.get(&session).ok_or_else(|| cannot("they were not kept".to_owned()))?;
    serde_json::from_str(text).map_err(|error| cannot(sentence(error)))
}

/// What is sealed.
trait Content: Serialize + DeserializeOwned {
    /// What it is called where people read.
    const FORMAT: &'static str;
    /// With what its bytes begin.
    const MAGIC: [u8; 8];
}

impl Content for Body {
    const FORMAT: &'static str = "telltale snapshot";
    const MAGIC: [u8; 8] = *b"TELLSNAP";
}

impl Content for SessionBody {
    const FORMAT: &'static str = "telltale session";
    const MAGIC: [u8; 8] = *b"TELLSESS";
}

/// What the checksum is made of.
fn compact<B: Content>(body: &B) -> Vec<u8> {
    postcard::to_allocvec(body).expect("what is written down has no part that postcard refuses")
}

/// Magic, version, checksum, content.
fn to_bytes<B: Content>(body: &B) -> Vec<u8> {
    let body = compact(body);
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend(B::MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(Checksum::of(&body).0);
    bytes.extend(body);
    bytes
}

const HEAD: usize = 8 + 4 + Checksum::BYTES;

fn from_bytes<B: Content>(bytes: &[u8]) -> Result<B, SnapshotError> {
    let no_snapshot = |reason: &str| SnapshotError::NotASnapshot { reason: reason.to_owned() };
    let (magic, rest) = bytes.split_first_chunk().ok_or_else(|| no_snapshot("it is too short"))?;
    if *magic != B::MAGIC {
        return Err(no_snapshot("it begins with other bytes"));
    }
    let (version, rest) = rest.split_first_chunk().ok_or_else(|| no_snapshot("it is too short"))?;
    check_version(u32::from_le_bytes(*version))?;
    let (checksum, body) =
        rest.split_first_chunk().ok_or_else(|| no_snapshot("it is too short"))?;
    check(Checksum(*checksum), body)?;
    match postcard::take_from_bytes(body) {
        Ok((body, [])) => Ok(body),
        Ok(_) => Err(no_snapshot("there is more behind its end")),
        Err(error) => Err(no_snapshot(&error.to_string())),
    }
}

/// Whether the content is what the checksum was made of.
fn check(found: Checksum, body: &[u8]) -> Result<(), SnapshotError> {
    let expected = Checksum::of(body);
    if found == expected {
        return Ok(());
    }
    Err(SnapshotError::Altered { expected: expected.to_string(), found: found.to_string() })
}

fn check_version(found: u32) -> Result<(), SnapshotError> {
    match found {
        VERSION => Ok(()),
        found => Err(SnapshotError::Version { found, supported: VERSION }),
    }
}

/// What is written in other formats. Each field is checked before the next is read.
#[derive(Serialize, Deserialize)]
#[serde(
    rename = "Snapshot",
    bound(serialize = "B: Serialize, C: Content", deserialize = "B: Content, C: Content")
)]
struct Envelope<B, C> {
    format: Format<C>,
    version: Version,
    checksum: Checksum,
    content: B,
}

struct Format<C>(PhantomData<C>);

impl<C: Content> Serialize for Format<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(C::FORMAT)
    }
}

impl<'de, C: Content> Deserialize<'de> for Format<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        if found == C::FORMAT {
            return Ok(Self(PhantomData));
        }
        Err(D::Error::custom(format_args!("expected a {}, found a `{found}`", C::FORMAT)))
    }
}

struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        check_version(u32::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(Self)
    }
}

fn serialize<B: Content, S: Serializer>(content: &B, serializer: S) -> Result<S::Ok, S::Error> {
    let checksum = Checksum::of(&compact(content));
    let format = Format::<B>(PhantomData);
    Envelope { format, version: Version, checksum, content }.serialize(serializer)
}

fn deserialize<'de, B: Content, D: Deserializer<'de>>(deserializer: D) -> Result<B, D::Error> {
    let Envelope::<B, B> { checksum, content, .. } = Envelope::deserialize(deserializer)?;
    check(checksum, &compact(&content)).map_err(D::Error::custom)?;
    Ok(content)
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

impl Serialize for SessionSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for SessionSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}
