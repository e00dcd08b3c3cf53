//! What has become of protocols, for programs.

use std::io::Write;

use serde::Serialize;
use telltale_theory::{Change, RoleChange};

use super::Fate;
use crate::error::Failure;
use crate::json;

/// An array with one object for each protocol.
#[derive(Default)]
pub(super) struct Report(Vec<Compared>);

#[derive(Serialize)]
struct Compared {
    protocol: String,
    change: &'static str,
    /// The roles that cannot be played as they were when all others are new.
    broken: Vec<String>,
    roles: Vec<Part>,
    messages: Vec<String>,
}

#[derive(Serialize)]
struct Part {
    role: String,
    change: &'static str,
    /// Why it cannot be played as it was with the others as they are; null if it can.
    old_with_new: Option<String>,
    new_with_old: Option<String>,
}

impl Report {
    pub(super) fn add(&mut self, name: &str, fate: &Fate, broken: Vec<String>) {
        let comparison = match fate {
            Fate::Compared(comparison) => Some(comparison),
            Fate::New | Fate::Gone => None,
        };
        let change = match fate {
            Fate::New => "new",
            Fate::Gone => "gone",
            Fate::Compared(comparison) if comparison.is_same() => "same",
            Fate::Compared(_) => "changed",
        };
        let roles = comparison.iter().flat_map(|comparison| &comparison.roles);
        let messages = comparison.iter().flat_map(|comparison| &comparison.messages);
        self.0.push(Compared {
            protocol: name.to_owned(),
            change,
            broken,
            roles: roles.map(role).collect(),
            messages: messages.map(ToString::to_string).collect(),
        });
    }

    pub(super) fn write(&self, out: &mut impl Write) -> Result<(), Failure> {
        json::write(&self.0, out)
    }
}

fn role(RoleChange { role, change, .. }: &RoleChange) -> Part {
    let (word, old_with_new, new_with_old) = match change {
        Change::Same => ("same", None, None),
        Change::Added => ("new", None, None),
        Change::Removed => ("gone", None, None),
        Change::Changed { old_with_new, new_with_old } => {
            ("changed", old_with_new.as_ref().err(), new_with_old.as_ref().err())
        }
        _ => ("changed", None, None),
    };
    Part {
        role: role.clone(),
        change: word,
        old_with_new: old_with_new.map(ToString::to_string),
        new_with_old: new_with_old.map(ToString::to_string),
    }
}
