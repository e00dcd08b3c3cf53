//! The trace of a session that ran in several parts.

use std::collections::BTreeMap;

use telltale_types::RoleId;

use crate::{ObsEvent, Observed};

/// Puts the traces of the parts of one session together again: each of them is what one VM recorded of its part.
///
/// The events of each part stay in their order, and a message is received after it was sent. The session has the name that
/// it has in the first part; it is opened once, and closed when all parts are. [`normalize_trace`](crate::normalize_trace)
/// of it is that of the same session in one VM. What is received and was sent in none of the parts comes last.
///
/// Which session here is which there only their owner knows: of a VM that ran several, give the events of one
/// ([`ObsEvent::session`]).
///
/// ```
/// use telltale_vm::simulation::join_parts;
///
/// assert!(join_parts(&[Vec::new(), Vec::new()]).is_empty());
/// ```
pub fn join_parts(parts: &[Vec<ObsEvent>]) -> Vec<ObsEvent> {
    let mut joined = Joined::default();
    let mut left: Vec<&[ObsEvent]> = parts.iter().map(Vec::as_slice).collect();
    loop {
        let before = joined.events.len();
        for part in &mut left {
            while let Some((event, rest)) = part.split_first()
                && joined.may_come(event)
            {
                joined.add(event);
                *part = rest;
            }
        }
        if joined.events.len() == before {
            break;
        }
    }
    left.into_iter().flatten().for_each(|event| joined.add(event));
    joined.finish(parts.len())
}

#[derive(Default)]
struct Joined {
    events: Vec<ObsEvent>,
    /// How many messages are on their way, by channel.
    on_the_way: BTreeMap<(RoleId, RoleId, u16), usize>,
    /// The end of each part that was closed.
    closed: Vec<ObsEvent>,
}

impl Joined {
    /// Whether nothing is missing that must come before an event.
    fn may_come(&self, event: &ObsEvent) -> bool {
        match event.what {
            Observed::Received { from, to, .. } => {
                self.on_the_way.get(&(from, to, event.channel)).is_some_and(|&sent| sent > 0)
            }
            _ => true,
        }
    }

    fn add(&mut self, event: &ObsEvent) {
        let mut event = event.clone();
        if let Some(first) = self.events.first() {
            event.session = first.session;
        }
        let channel = event.channel;
        match event.what {
            Observed::Opened if !self.events.is_empty() => return,
            Observed::Closed => return self.closed.push(event),
            Observed::Sent { from, to, .. } | Observed::Injected { from, to, .. } => {
                *self.on_the_way.entry((from, to, channel)).or_default() += 1;
            }
            Observed::Received { from, to, .. } => {
                let sent = self.on_the_way.entry((from, to, channel)).or_default();
                *sent = sent.saturating_sub(1);
            }
            _ => {}
        }
        self.events.push(event);
    }

    /// The session is over when all of its parts are.
    fn finish(mut self, parts: usize) -> Vec<ObsEvent> {
        if self.closed.len() == parts {
            self.events.extend(self.closed.pop());
        }
        self.events
    }
}
