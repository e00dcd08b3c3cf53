//! Messages that a network has kept aside.

use telltale_types::{LabelId, RoleId};

use crate::index::ByMember;
use crate::quietly::drop_each_quietly;
use crate::{Message, SessionId};

#[derive(Debug, Default)]
pub(crate) struct Deferred(ByMember<Aside>);

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
    pub(crate) lane: u16,
    pub(crate) label: LabelId,
}

impl Outstanding {
    pub(crate) fn of(message: &Message) -> Self {
        let Message { from, to, lane, label, .. } = *message;
        Self { from, to, lane, label }
    }
}

impl Aside {
    #[inline(never)]
    fn drop_messages(&mut self) {
        drop_each_quietly(&mut self.messages);
    }
}

impl Deferred {
    pub(crate) fn keep(&mut self, session: SessionId, message: Message) {
        let outstanding = Outstanding::of(&message);
        if let Some(aside) = self.0.get_mut(session, 0) {
            aside.messages.push(message);
            aside.outstanding.push(outstanding);
        } else {
            let aside = Aside { messages: vec![message], outstanding: vec![outstanding] };
            self.0.insert(session, 0, aside);
        }
    }

    /// Hands out what is aside of a session. It stays outstanding until it is injected or given up.
    pub(crate) fn take(&mut self, session: SessionId) -> Vec<Message> {
        self.0
            .get_mut(session, 0)
            .map_or_else(Vec::new, |aside| std::mem::take(&mut aside.messages))
    }

    /// A message has been injected, perhaps one that was outstanding.
    pub(crate) fn injected(&mut self, session: SessionId, message: Outstanding) {
        let Some(aside) = self.0.get_mut(session, 0) else { return };
        if let Some(at) = aside.outstanding.iter().position(|&other| other == message) {
            aside.outstanding.remove(at);
        }
        if aside.outstanding.is_empty() && aside.messages.is_empty() {
            self.0.remove(session, 0);
        }
    }

    /// Whether nothing is aside, of any session.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages of a session that may still be injected, oldest first.
    pub(crate) fn outstanding(&self, session: SessionId) -> &[Outstanding] {
        self.0.get(session, 0).map_or(&[], |aside| &aside.outstanding)
    }

    /// No deferred message of a session will be injected any more. Gives how many were outstanding.
    pub(crate) fn forget(&mut self, session: SessionId) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        let Some(mut aside) = self.0.remove(session, 0) else { return 0 };
        aside.drop_messages();
        aside.outstanding.len()
    }

    /// The messages of a session that have not been handed out, oldest first.
    #[cfg(feature = "serde")]
    pub(crate) fn messages(&self, session: SessionId) -> &[Message] {
        self.0.get(session, 0).map_or(&[], |aside| &aside.messages)
    }

    /// What is aside of a session that has been resumed.
    #[cfg(feature = "serde")]
    pub(crate) fn restore(
        &mut self,
        session: SessionId,
        messages: Vec<Message>,
        outstanding: Vec<Outstanding>,
    ) {
        self.0.insert(session, 0, Aside { messages, outstanding });
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.0.take_each(|mut aside| aside.drop_messages());
    }
}
