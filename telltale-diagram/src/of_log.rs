//! From what happened to a sequence diagram.

use std::collections::BTreeMap;

use telltale_types::{EventKind, LogEvent};

use crate::sequence::{Item, Sequence};

/// A channel, as far as a log names it: who sends, who receives, and which of several channels.
pub(crate) type Channel = (String, String, Option<u16>);

impl Sequence {
    /// The diagram of a run, or of what a log tells of one: an arrow for each message, in the order in which they were sent.
    ///
    /// That a message was received is drawn only where the log does not say that it was sent before. Roles that are not
    /// among those given stand behind them.
    ///
    /// ```
    /// use telltale_diagram::Sequence;
    /// use telltale_types::LogEvent;
    ///
    /// let log = [
    ///     LogEvent::sent("Alice", "Bob", "Ping"),
    ///     LogEvent::received("Alice", "Bob", "Ping"),
    ///     LogEvent::exchange("Bob", "Alice", "Pong(u64)"),
    /// ];
    /// let run = Sequence::of_log("a run", ["Alice", "Bob"], log);
    /// assert!(run.mermaid().ends_with("    r0->>r1: Ping\n    r1->>r0: Pong(u64)\n"));
    /// ```
    pub fn of_log<R: Into<String>>(
        title: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
        log: impl IntoIterator<Item = LogEvent>,
    ) -> Self {
        let mut sequence = Self::new(title, roles);
        let mut under_way: BTreeMap<Channel, u64> = BTreeMap::new();
        for LogEvent { kind, sender, receiver, label, channel, .. } in log {
            let (from, to) =
                (place(&mut sequence.roles, &sender), place(&mut sequence.roles, &receiver));
            let waiting = under_way.entry((sender, receiver, channel)).or_default();
            match kind {
                EventKind::Receive if *waiting > 0 => {
                    *waiting -= 1;
                    continue;
                }
                EventKind::Send => *waiting += 1,
                EventKind::Receive | EventKind::Exchange => {}
            }
            sequence.items.push(Item::message(from, to, label));
        }
        sequence
    }
}

/// Where a role stands, the last one if it is new.
pub(crate) fn place(roles: &mut Vec<String>, role: &str) -> usize {
    roles.iter().position(|known| known == role).unwrap_or_else(|| {
        roles.push(role.to_owned());
        roles.len() - 1
    })
}
