//! Two versions of a protocol: may parts of the old one be played with parts of the new one?
//!
//! A role may stay as it was while all others are new if its old type is a subtype of its new one: then everything that it
//! does is something that the others expect. That is so for several roles at once, too. The subtyping is the
//! synchronous one ([`subtype`](crate::subtype)), which is sound and errs on the safe side.

mod display;

use std::collections::BTreeSet;

use telltale_types::{
    GlobalType, Label, LaneId, Lanes, LocalExit, LocalTypeR, RoleId, Split, StateId,
};
use thiserror::Error;

use crate::ProjectionError;
use crate::accepts::parts;
use crate::difference::Difference;
use crate::subtype::subtype_where;

/// What has changed from one version of a protocol to another, and what that means for those who play it.
///
/// It prints as a report:
///
/// ```text
/// role `Customer` has changed
///   the old one with the new others: fine
///   the new one with the old others: after `Shop!Ask`, it may send `Shop!Haggle`; expected `Shop!Buy`
/// role `Shop` has changed
///   the old one with the new others: after `Customer?Ask`, it does not take `Customer?Haggle`
///   the new one with the old others: fine
/// message `Customer→Shop:Haggle` is new
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// All roles that take part in one of the versions: in the order of the new one, then those that are gone.
    pub roles: Vec<RoleChange>,
    /// The messages that are not the same, by sender, receiver and label.
    pub messages: Vec<MessageChange>,
}

/// What has become of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleChange {
    /// Its name.
    pub role: String,
    /// What has become of it.
    pub change: Change,
}

/// What has become of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It does what it did.
    Same,
    /// It takes part in the new version only.
    Added,
    /// It took part in the old version only.
    Removed,
    /// It does something else.
    Changed {
        /// Whether the role as it was can be played with all others as they are now.
        old_with_new: Result<(), Box<Difference>>,
        /// Whether the role as it is now can be played with all others as they were.
        new_with_old: Result<(), Box<Difference>>,
    },
}

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageChange {
    /// It is in the new version only.
    Added(GlobalMessage),
    /// It was in the old version only.
    Removed(GlobalMessage),
    /// It carries something else.
    Payload {
        /// What it was.
        old: GlobalMessage,
        /// What it is now.
        new: GlobalMessage,
    },
}

/// A message by names. It prints as in types: `Customer→Shop:Ask(String)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlobalMessage {
    /// Who sends it.
    pub sender: String,
    /// Who receives it.
    pub receiver: String,
    /// The message.
    pub label: Label,
}

/// Why two versions cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Some role cannot play its part in the old version.
    #[error("the old version is no protocol: {0}")]
    Old(ProjectionError),
    /// Some role cannot play its part in the new version.
    #[error("the new version is no protocol: {0}")]
    New(ProjectionError),
}

/// Compares two versions of a protocol, role by role. Roles and messages are the same if they have the same names.
///
/// # Errors
///
/// When one of them has no projection. (That a role may not know that all is over is allowed.)
///
/// ```
/// use telltale_theory::compare;
/// use telltale_types::{GlobalTerm, Label};
///
/// let answers = |labels: &[&'static str]| {
///     let answer = |label: &&'static str| (Label::new(*label), GlobalTerm::end());
///     let answers = GlobalTerm::comm("Bar", "Guest", labels.iter().map(answer));
///     GlobalTerm::send("Guest", "Bar", Label::new("Order"), answers).close()
/// };
/// let (old, new) = (answers(&["Serve"])?, answers(&["Serve", "SoldOut"])?);
/// let comparison = compare(&old, &new)?;
/// // Once all guests are new, bars may be replaced one by one.
/// assert_eq!(comparison.old_with_new("Bar"), Some(true));
/// assert_eq!(comparison.old_with_new("Guest"), Some(false));
/// assert_eq!(
///     comparison.to_string(),
///     "role `Guest` has changed\n  \
///        the old one with the new others: after `Bar!Order`, it does not take `Bar?SoldOut`\n  \
///        the new one with the old others: fine\n\
///      role `Bar` has changed\n  \
///        the old one with the new others: fine\n  \
///        the new one with the old others: after `Guest?Order`, it may send `Guest!SoldOut`; \
///      expected `Guest!Serve`\n\
///      message `Bar→Guest:SoldOut` is new",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare(old: &GlobalType, new: &GlobalType) -> Result<Comparison, CompareError> {
    let old = Version::of(old).map_err(CompareError::Old)?;
    let new = Version::of(new).map_err(CompareError::New)?;
    let gone = old.playing().filter(|part| new.find(&part.name).is_none());
    let gone = gone.map(|part| RoleChange { role: part.name.clone(), change: Change::Removed });
    let here = new.playing().map(|part| RoleChange {
        role: part.name.clone(),
        change: old.find(&part.name).map_or(Change::Added, |before| change(before, part)),
    });
    let roles = here.chain(gone).collect();
    Ok(Comparison { roles, messages: messages(&old.messages(), &new.messages()) })
}

impl Comparison {
    /// Whether every role does what it did.
    pub fn is_same(&self) -> bool {
        self.roles.iter().all(|role| role.change == Change::Same)
    }

    /// Whether a role as it was can be played with all others as they are now; nothing if it is not in both versions.
    pub fn old_with_new(&self, role: &str) -> Option<bool> {
        match &self.find(role)?.change {
            Change::Same => Some(true),
            Change::Changed { old_with_new, .. } => Some(old_with_new.is_ok()),
            Change::Added | Change::Removed => None,
        }
    }

    /// Whether a role as it is now can be played with all others as they were; nothing if it is not in both versions.
    pub fn new_with_old(&self, role: &str) -> Option<bool> {
        match &self.find(role)?.change {
            Change::Same => Some(true),
            Change::Changed { new_with_old, .. } => Some(new_with_old.is_ok()),
            Change::Added | Change::Removed => None,
        }
    }

    fn find(&self, role: &str) -> Option<&RoleChange> {
        self.roles.iter().find(|one| one.role == role)
    }
}

/// One version, with the part of each role.
struct Version<'g> {
    global: &'g GlobalType,
    parts: Vec<Part>,
}

struct Part {
    name: String,
    local: LocalTypeR,
    channels: Channels,
}

/// Through which of the channels between two roles something goes.
struct Channels {
    role: RoleId,
    lanes: Lanes,
    whole: Vec<LaneId>,
    split: Split<(RoleId, RoleId)>,
}

impl<'g> Version<'g> {
    fn of(global: &'g GlobalType) -> Result<Self, ProjectionError> {
        let part = |(role, (name, local))| {
            let channels = Channels::of(global, RoleId::at(role), &local);
            Part { name, local, channels }
        };
        Ok(Self { global, parts: parts(global)?.into_iter().enumerate().map(part).collect() })
    }

    /// Those who do something.
    fn playing(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !is_idle(&part.local))
    }

    fn find(&self, role: &str) -> Option<&Part> {
        self.playing().find(|part| part.name == role)
    }

    fn messages(&self) -> BTreeSet<GlobalMessage> {
        let names = self.global.names();
        let exits = self.global.states().flat_map(|state| self.global.exits(state));
        let message = |exit: telltale_types::GlobalExit| GlobalMessage {
            sender: names.role(exit.sender).to_owned(),
            receiver: names.role(exit.receiver).to_owned(),
            label: names.label(exit.label).to_label(),
        };
        exits.map(message).collect()
    }
}

fn is_idle(local: &LocalTypeR) -> bool {
    local.states().all(|state| local.direction(state).is_none())
}

impl Channels {
    fn of(global: &GlobalType, role: RoleId, local: &LocalTypeR) -> Self {
        let split = global.channels();
        let whole = Lanes::of_role(global, role, local);
        Self { role, lanes: local.lanes(), whole, split }
    }

    fn number(&self, state: StateId, exit: LocalExit) -> u16 {
        let pair = exit.action.direction.pair(self.role, exit.action.peer);
        let lane = self.whole[self.lanes.of_state(state).index()];
        self.split.of(lane, &pair).number
    }
}

fn change(old: &Part, new: &Part) -> Change {
    let (old_with_new, new_with_old) = (fits(old, new), fits(new, old));
    match (&old_with_new, &new_with_old) {
        (Ok(()), Ok(())) => Change::Same,
        _ => Change::Changed { old_with_new, new_with_old },
    }
}

/// Whether one part can stand where the other is expected.
fn fits(one: &Part, other: &Part) -> Result<(), Box<Difference>> {
    subtype_where(&one.local, &other.local, |(state, exit), (other_state, other_exit)| {
        one.channels.number(state, exit) == other.channels.number(other_state, other_exit)
    })
}

/// Which message it is, whatever it carries.
fn key(message: &GlobalMessage) -> (&str, &str, &str) {
    (&message.sender, &message.receiver, &message.label.name)
}

fn messages(old: &BTreeSet<GlobalMessage>, new: &BTreeSet<GlobalMessage>) -> Vec<MessageChange> {
    let mut gone: Vec<&GlobalMessage> = old.difference(new).collect();
    let mut changes = Vec::new();
    for new in new.difference(old) {
        match gone.iter().position(|old| key(old) == key(new)) {
            Some(at) => {
                let old = gone.remove(at).clone();
                changes.push(MessageChange::Payload { old, new: new.clone() });
            }
            None => changes.push(MessageChange::Added(new.clone())),
        }
    }
    changes.extend(gone.into_iter().cloned().map(MessageChange::Removed));
    changes.sort_by(|one, other| one.message().cmp(other.message()));
    changes
}

impl MessageChange {
    /// The message as it is now, or as it was if it is gone.
    pub fn message(&self) -> &GlobalMessage {
        match self {
            Self::Added(message) | Self::Removed(message) => message,
            Self::Payload { new, .. } => new,
        }
    }
}
