//! Traces that can be compared.
//!
//! Two roles may act independently, so runs of one session under different schedules list its
//! events in different orders. The normal form forgets the order of what is independent.

use std::collections::{BTreeMap, VecDeque};

use telltale_types::RoleId;

use crate::{ObsEvent, Observed, SessionId};

/// The events of one session.
pub fn filter_by_session(trace: &[ObsEvent], session: SessionId) -> Vec<ObsEvent> {
    trace.iter().filter(|event| event.session == session).cloned().collect()
}

/// The normal form of a trace: equal for all schedules of sessions that complete.
///
/// An event's tick becomes its *logical time*: one more than that of the role's previous event and,
/// for a receipt, than that of the sending. Where a role does several things at once, each lane has its own time: it
/// begins with that of the role, and the role goes on after the latest. Events are ordered by session, time, role and lane. (Logical
/// time is that of L. Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System*,
/// CACM 1978.)
pub fn normalize_trace(trace: &[ObsEvent]) -> Vec<ObsEvent> {
    let mut clocks: BTreeMap<SessionId, Clocks> = BTreeMap::new();
    let timed = trace.iter().map(|event| {
        let clocks = clocks.entry(event.session).or_default();
        ObsEvent { tick: clocks.time_of(event), ..event.clone() }
    });
    let mut events: Vec<ObsEvent> = timed.collect();
    // Events of one role have different times but for a choice and its message, whose order a
    // stable sort keeps.
    events.sort_by_key(|event| (event.session, event.tick, event.actor(), event.lane));
    events
}

/// The logical clocks of one session.
#[derive(Default)]
struct Clocks {
    /// Of each lane of each role.
    roles: BTreeMap<(RoleId, u8), u64>,
    /// When the messages on their way were sent, by channel.
    on_the_way: BTreeMap<(RoleId, RoleId, u16), VecDeque<u64>>,
    latest: u64,
}

impl Clocks {
    fn time_of(&mut self, event: &ObsEvent) -> u64 {
        let channel = event.channel;
        if let Observed::Injected { from, to, .. } = event.what {
            self.on_the_way.entry((from, to, channel)).or_default().push_back(0);
        }
        let Some(role) = event.actor() else {
            // What happens to the session as a whole comes before or after everything else.
            return if matches!(event.what, Observed::Opened) { 0 } else { self.latest + 1 };
        };
        let lane = (role, event.lane);
        let mut previous = self.roles.get(&lane).copied().unwrap_or(0);
        if let Observed::Joined { first, count, .. } = event.what {
            let lanes = (first..=u8::MAX).take(count.into());
            let latest = lanes.filter_map(|lane| self.roles.get(&(role, lane)).copied()).max();
            previous = previous.max(latest.unwrap_or(0));
        }
        if let Observed::Received { from, to, .. } = event.what {
            let sent = self.on_the_way.entry((from, to, channel)).or_default().pop_front();
            previous = previous.max(sent.unwrap_or(0));
        }
        let now = previous + 1;
        if let Observed::Sent { from, to, .. } = event.what {
            self.on_the_way.entry((from, to, channel)).or_default().push_back(now);
        }
        if let Observed::Forked { first, count, .. } = event.what {
            let lanes = (first..=u8::MAX).take(count.into());
            self.roles.extend(lanes.map(|lane| ((role, lane), now)));
        }
        self.roles.insert(lane, now);
        self.latest = self.latest.max(now);
        now
    }
}
