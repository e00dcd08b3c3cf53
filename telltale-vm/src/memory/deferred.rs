//! Messages that a network has kept aside.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};

use crate::quietly::drop_quietly;
use crate::{Message, SessionId, Value};

#[derive(Debug, Default)]
pub(crate) struct Deferred(BTreeMap<SessionId, Aside>);

/// What is aside of one session.
#[derive(Debug, Default)]
struct Aside {
    /// The messages that have not been handed out.
    messages: Vec<Message>,
    /// The messages that have been deferred, and neither injected nor given up.
    outstanding: Vec<Outstanding>,
}

/// A message that may still be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outstanding {
    pub(crate) from: RoleId,
    pub(crate) to: RoleId,
    pub(crate) label: LabelId,
}

impl Deferred {
    pub(crate) fn keep(
        &mut self,
        session: SessionId,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        value: Value,
    ) {
        let aside = self.0.entry(session).or_default();
        aside.messages.push(Message { from, to, label, value });
        aside.outstanding.push(Outstanding { from, to, label });
    }

    /// Hands out what is aside of a session. It stays outstanding until it is injected or given up.
    pub(crate) fn take(&mut self, session: SessionId) -> Vec<Message> {
        self.0.get_mut(&session).map_or_else(Vec::new, |aside| std::mem::take(&mut aside.messages))
    }

    /// A message has been injected, perhaps one that was outstanding.
    pub(crate) fn injected(&mut self, session: SessionId, message: Outstanding) {
        let Some(aside) = self.0.get_mut(&session) else { return };
        if let Some(at) = aside.outstanding.iter().position(|&other| other == message) {
            aside.outstanding.remove(at);
        }
        if aside.outstanding.is_empty() && aside.messages.is_empty() {
            self.0.remove(&session);
        }
    }

    /// Whether nothing is aside, of any session.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages of a session that may still be injected, oldest first.
    pub(crate) fn outstanding(&self, session: SessionId) -> &[Outstanding] {
        self.0.get(&session).map_or(&[], |aside| &aside.outstanding)
    }

    /// No deferred message of a session will be injected any more. Gives how many were outstanding.
    pub(crate) fn forget(&mut self, session: SessionId) -> usize {
        let Some(aside) = self.0.remove(&session) else { return 0 };
        aside.messages.into_iter().for_each(drop_quietly);
        aside.outstanding.len()
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        while let Some((session, _)) = self.0.first_key_value() {
            let session = *session;
            self.forget(session);
        }
    }
}
