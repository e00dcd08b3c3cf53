//! Messages that a network has kept aside.

use std::collections::BTreeMap;

use telltale_types::{LabelId, RoleId};

use crate::{Message, SessionId, Value};

#[derive(Debug, Default)]
pub(crate) struct Deferred(BTreeMap<SessionId, Aside>);

/// What is aside of one session.
#[derive(Debug, Default)]
struct Aside {
    messages: Vec<Message>,
    /// How many messages have been deferred and not injected.
    outstanding: usize,
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
        aside.outstanding += 1;
    }

    /// Hands out what is aside of a session. It stays outstanding until it is injected.
    pub(crate) fn take(&mut self, session: SessionId) -> Vec<Message> {
        self.0.get_mut(&session).map_or_else(Vec::new, |aside| std::mem::take(&mut aside.messages))
    }

    /// A message has been injected, perhaps one that was outstanding.
    pub(crate) fn injected(&mut self, session: SessionId) {
        if let Some(aside) = self.0.get_mut(&session) {
            aside.outstanding = aside.outstanding.saturating_sub(1);
        }
    }

    /// Whether nothing is aside, of any session.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many messages of a session may still be injected.
    pub(crate) fn outstanding(&self, session: SessionId) -> usize {
        self.0.get(&session).map_or(0, |aside| aside.outstanding)
    }

    pub(crate) fn forget(&mut self, session: SessionId) {
        self.0.remove(&session);
    }
}
