//! What texts for people are made of.
//!
//! It is cold, so it is here once: looking up a name, or formatting into a text, is much code where it is inlined.

use std::fmt;

use telltale_types::{LabelId, LabelView, Names, RoleId};

/// The name of a role.
#[inline(never)]
pub(crate) fn role_of(names: &Names, role: RoleId) -> &str {
    names.role(role)
}

/// The name of a role, if it is one of the protocol.
pub(crate) fn known_role(names: &Names, role: RoleId) -> Option<&str> {
    (role.index() < names.role_count()).then(|| role_of(names, role))
}

/// The name and the payload type of a label.
#[inline(never)]
pub(crate) fn label_of(names: &Names, label: LabelId) -> LabelView<'_> {
    names.label(label)
}

/// The texts so far, and what stands between two of them.
pub(crate) struct Lines {
    pub(crate) all: String,
    between: &'static str,
}

impl Lines {
    pub(crate) fn joined_by(between: &'static str) -> Self {
        Self { all: String::new(), between }
    }

    /// One more, which is not empty.
    pub(crate) fn add(&mut self, line: fmt::Arguments<'_>) {
        if !self.all.is_empty() {
            self.all.push_str(self.between);
        }
        self.all.push_str(&fmt::format(line));
    }
}
