//! What would help.

use telltale_types::{Label, RoleId};

use crate::Step;

/// What would repair a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// What to do, in words.
    pub advice: Advice,
    /// Messages that, all inserted, repair the violation and break nothing else. This was tried out; it is empty
    /// when nothing was found, or finding it would have taken too long.
    pub insertions: Vec<Insertion>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// One of `tellers` tells `role`, before it acts, which branch was taken.
    Tell {
        /// Who has to know.
        role: RoleId,
        /// Who knows.
        tellers: Vec<RoleId>,
    },
    /// `sender` waits for an answer of `role` before it sends.
    Wait {
        /// Whose message comes too early.
        sender: RoleId,
        /// Who has to be waited for.
        role: RoleId,
    },
    /// One of two roles decides, and tells the other.
    Decide {
        /// One of them: it also may send.
        role: RoleId,
        /// The other: the decision is its message.
        decider: RoleId,
    },
    /// One of `tellers` tells `role` that nothing more will come.
    Finish {
        /// Who has to know.
        role: RoleId,
        /// Who knows.
        tellers: Vec<RoleId>,
    },
}

/// A message to insert: `sender → receiver : label`, directly after an exit of the global type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The exit after which the message comes.
    pub after: Step,
    /// Who sends.
    pub sender: RoleId,
    /// Who receives.
    pub receiver: RoleId,
    /// What is sent.
    pub label: Label,
}

impl Remedy {
    pub(crate) fn none() -> Self {
        Self {
            advice: Advice::Tell { role: RoleId(0), tellers: Vec::new() },
            insertions: Vec::new(),
        }
    }
}
