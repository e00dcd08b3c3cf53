//! Events as data, for readers that know the names and not the image: `{"tick":0,"session":0,"event":"send","sender":"Alice",…}`.

use serde::ser::{Serialize, Serializer};

use crate::{ObsEvent, Observed};

/// An event with what it has to say.
#[derive(serde::Serialize)]
struct Event<'a> {
    tick: u64,
    session: u64,
    #[serde(rename = "event")]
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Where a role does one thing at a time, there is nothing to tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lanes: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// With names. A log of these is read by whoever reads `sender`, `receiver` and `label`.
impl Serialize for ObsEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let has_lanes = self.lane > 0;
        let mut event = Event {
            tick: self.tick,
            session: self.session.ordinal(),
            what: name(&self.what),
            role: None,
            sender: None,
            receiver: None,
            label: None,
            lane: has_lanes.then_some(self.lane),
            channel: None,
            effect: None,
            lanes: None,
            why: None,
        };
        match &self.what {
            Observed::Sent { from, to, label }
            | Observed::Received { from, to, label }
            | Observed::Dropped { from, to, label }
            | Observed::Deferred { from, to, label }
            | Observed::Injected { from, to, label } => {
                event.sender = Some(self.role(*from));
                event.receiver = Some(self.role(*to));
                event.label = Some(self.names.label(*label).to_string());
                event.channel = has_lanes.then_some(self.channel);
            }
            Observed::Chosen { role, to, label } => {
                event.role = Some(self.role(*role));
                event.receiver = Some(self.role(*to));
                event.label = Some(self.names.label(*label).to_string());
            }
            Observed::Invoked { role, effect } => {
                event.role = Some(self.role(*role));
                event.effect = Some(*effect);
            }
            Observed::Halted { role } => event.role = Some(self.role(*role)),
            Observed::Forked { role, count, .. } | Observed::Joined { role, count, .. } => {
                event.role = Some(self.role(*role));
                event.lanes = Some(*count);
            }
            Observed::Faulted { fault } => event.why = Some(fault.to_string()),
            Observed::Opened | Observed::Closed | Observed::Cancelled => {}
        }
        event.serialize(to)
    }
}

fn name(what: &Observed) -> &'static str {
    match what {
        Observed::Opened => "open",
        Observed::Sent { .. } => "send",
        Observed::Received { .. } => "receive",
        Observed::Dropped { .. } => "drop",
        Observed::Deferred { .. } => "defer",
        Observed::Injected { .. } => "inject",
        Observed::Chosen { .. } => "choose",
        Observed::Invoked { .. } => "invoke",
        Observed::Halted { .. } => "halt",
        Observed::Forked { .. } => "fork",
        Observed::Joined { .. } => "join",
        Observed::Closed => "close",
        Observed::Cancelled => "cancel",
        Observed::Faulted { .. } => "fault",
    }
}
