//! What is released, and whether what is written now still goes with it.

mod by_name;
mod error;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use telltale_theory::{Change, Comparison, compare};
use telltale_types::GlobalType;
use telltale_vm::loader::CodeImage;

pub use error::{Break, LockError};
use file::{Entry, read, write};

/// The environment variable that has lock files written.
const VARIABLE: &str = "TELLTALE_LOCK";

/// Compares protocols with those that are released, which a lock file holds.
///
/// A program that is in use somewhere plays its role as it was when it was built. `check` says whether the others, as they are
/// now, can be played with it: for every role, or for those that are [in use](Lock::in_use). With
/// `TELLTALE_LOCK=write cargo test` the file is written instead; do that when you release, and look at the difference, for all types stand there
/// in the notation of the guide.
///
/// ```
/// use telltale_testing::{Lock, LockError};
/// use telltale_vm::choreography;
///
/// choreography! {
///     pub protocol Coffee(Guest, Bar) {
///         Guest -> Bar: Order(String);
///         Bar -> Guest: Serve;
///     }
/// }
///
/// // #[test]
/// fn what_is_released_still_works(path: &std::path::Path) -> Result<(), LockError> {
///     Lock::new(path).protocol("Coffee", &coffee::IMAGE).check()
/// }
/// # let path = std::env::temp_dir().join(format!("telltale-lock-{}.json", std::process::id()));
/// # let error = what_is_released_still_works(&path).unwrap_err().to_string();
/// # assert!(error.contains("`TELLTALE_LOCK=write cargo test` writes it"), "{error}");
/// # Lock::new(&path).protocol("Coffee", &coffee::IMAGE).write()?;
/// # what_is_released_still_works(&path)?;
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is compared before `check`"]
pub struct Lock {
    path: PathBuf,
    protocols: BTreeMap<String, Protocol>,
    /// The first name that was given to two protocols.
    twice: Option<String>,
    in_use: Option<Roles>,
    /// By protocol, where that is said of one.
    in_use_of: BTreeMap<String, Roles>,
}

/// Names of roles.
type Roles = BTreeSet<String>;

/// A protocol as it is now.
#[derive(Clone, Debug)]
struct Protocol {
    global: GlobalType,
    payload_version: u32,
}

impl Lock {
    /// The lock file at a path; a relative one begins at the root of the crate under test.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self {
            path,
            protocols: BTreeMap::new(),
            twice: None,
            in_use: None,
            in_use_of: BTreeMap::new(),
        }
    }

    /// A protocol by its name in the file, as it is now. Each needs a name of its own.
    pub fn protocol(mut self, name: &str, image: &CodeImage) -> Self {
        let (global, payload_version) = (image.global_type.clone(), image.payload_version());
        let former = self.protocols.insert(name.to_owned(), Protocol { global, payload_version });
        if former.is_some() {
            self.twice.get_or_insert_with(|| name.to_owned());
        }
        self
    }

    /// Only these roles are still played by programs that were released, whatever the protocol is. Without this, all are. If it is
    /// said again, those are in use as well.
    pub fn in_use<'r>(mut self, roles: impl IntoIterator<Item = &'r str>) -> Self {
        let roles = roles.into_iter().map(str::to_owned);
        self.in_use.get_or_insert_default().extend(roles);
        self
    }

    /// Only these roles of one protocol are still played by programs that were released, whatever [`Lock::in_use`] says of all.
    /// If it is said again, those are in use as well.
    pub fn in_use_of<'r>(
        mut self,
        protocol: &str,
        roles: impl IntoIterator<Item = &'r str>,
    ) -> Self {
        let roles = roles.into_iter().map(str::to_owned);
        self.in_use_of.entry(protocol.to_owned()).or_default().extend(roles);
        self
    }

    /// Whether what was released can be played with what is written now. If the environment has `TELLTALE_LOCK=write`, this writes the file,
    /// and all is well.
    ///
    /// # Errors
    ///
    /// When there is no file or it cannot be read, when it has other protocols, when two protocols were given one name, and when
    /// something in use can no longer be played.
    pub fn check(&self) -> Result<(), LockError> {
        match std::env::var_os(VARIABLE) {
            None => self.compare(),
            Some(value) if value == "write" => self.write(),
            Some(value) => Err(LockError::Variable { value: value.to_string_lossy().into_owned() }),
        }
    }

    /// Writes the file, for the protocols as they are now.
    ///
    /// # Errors
    ///
    /// When it cannot be written, two protocols were given one name, or a protocol has no projection, which images have.
    pub fn write(&self) -> Result<(), LockError> {
        self.check_given()?;
        let mut entries = BTreeMap::new();
        for (name, protocol) in &self.protocols {
            let entry = Entry::of(&protocol.global, protocol.payload_version);
            let entry = entry.map_err(|error| LockError::protocol(name, &error))?;
            entries.insert(name.clone(), entry);
        }
        write(&self.path, &entries)
    }

    /// Whether what was said of protocols can be meant.
    fn check_given(&self) -> Result<(), LockError> {
        if let Some(protocol) = &self.twice {
            return Err(LockError::GivenTwice { protocol: protocol.clone() });
        }
        let mut said_of = self.in_use_of.keys();
        match said_of.find(|name| !self.protocols.contains_key(*name)) {
            Some(protocol) => Err(LockError::NotGiven { protocol: protocol.clone() }),
            None => Ok(()),
        }
    }

    fn compare(&self) -> Result<(), LockError> {
        self.check_given()?;
        let entries = read(&self.path)?;
        self.check_names(&entries)?;
        let mut breaks = Vec::new();
        for (name, new) in &self.protocols {
            let Some(entry) = entries.get(name) else { continue };
            let comparison = compare(&entry.global, &new.global);
            let comparison = comparison.map_err(|error| LockError::protocol(name, &error))?;
            let versions = (entry.payload_version, new.payload_version);
            let payload_versions = (versions.0 != versions.1).then_some(versions);
            let roles = self.broken(name, &comparison, payload_versions.is_some());
            if !roles.is_empty() {
                breaks.push(Break { protocol: name.clone(), roles, payload_versions, comparison });
            }
        }
        if breaks.is_empty() {
            return Ok(());
        }
        Err(LockError::Broken { path: self.path.clone(), breaks })
    }

    /// The roles that cannot stay as they were. With other payloads, none can.
    fn broken(&self, protocol: &str, comparison: &Comparison, other_payloads: bool) -> Vec<String> {
        let in_use = self.in_use_of.get(protocol).or(self.in_use.as_ref());
        let is_in_use = |role: &str| in_use.is_none_or(|in_use| in_use.contains(role));
        let is_broken = |change: &Change| match change {
            Change::Changed { old_with_new, .. } => other_payloads || old_with_new.is_err(),
            Change::Removed => true,
            Change::Added => false,
            _ => other_payloads,
        };
        let roles = comparison.roles.iter().filter(|role| is_broken(&role.change));
        roles.map(|role| role.role.clone()).filter(|role| is_in_use(role)).collect()
    }

    /// The file has these protocols and no others, and all roles that are in use.
    fn check_names(&self, entries: &BTreeMap<String, Entry>) -> Result<(), LockError> {
        let path = || self.path.clone();
        if let Some(protocol) = self.protocols.keys().find(|name| !entries.contains_key(*name)) {
            return Err(LockError::New { path: path(), protocol: protocol.clone() });
        }
        if let Some(protocol) = entries.keys().find(|name| !self.protocols.contains_key(*name)) {
            return Err(LockError::Gone { path: path(), protocol: protocol.clone() });
        }
        for (protocol, in_use) in &self.in_use_of {
            self.check_roles(in_use, entries.get(protocol))?;
        }
        self.check_roles(self.in_use.iter().flatten(), entries.values())
    }

    /// Each of these roles is one of these protocols.
    fn check_roles<'e>(
        &self,
        in_use: impl IntoIterator<Item = &'e String>,
        entries: impl IntoIterator<Item = &'e Entry>,
    ) -> Result<(), LockError> {
        let known = entries.into_iter().flat_map(|entry| entry.global.names().roles());
        let known: BTreeSet<&str> = known.map(|(_, name)| name).collect();
        match in_use.into_iter().find(|role| !known.contains(role.as_str())) {
            Some(role) => Err(LockError::UnknownRole {
                path: self.path.clone(),
                role: role.clone(),
                known: known.into_iter().map(str::to_owned).collect(),
            }),
            None => Ok(()),
        }
    }
}
