//! What is written down of a machine, in terms of protocols, roles and messages: no word of a block, and nothing that
//! depends on where something is in memory.
//!
//! Sessions are named by their ordinals, images by their place in [`Body::images`], roles, labels and channels as their image
//! numbers them. Both formats write the fields in this order, so whatever changes here raises [`VERSION`](super::VERSION).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use telltale_types::Names;

use super::fault::{FaultForm, OutcomeForm};
use super::marks::Marks;
use super::outside::{OutsideForm, UntoldForm};
use super::payload::Payload;
use crate::{SessionStatus, VMConfig};

/// A whole machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) config: VMConfig,
    pub(super) images: Vec<ImageForm>,
    pub(super) clock: u64,
    /// The number of the next session, and those before it that no session has had.
    pub(super) next: u64,
    pub(super) skipped: Vec<(u64, u64)>,
    /// What the next order of sessions depends on, if chance decides.
    pub(super) shuffle: Option<u64>,
    pub(super) paused: Vec<String>,
    /// The sessions that are running, in the order of their numbers.
    pub(super) sessions: Vec<SessionForm>,
    /// Those that have ended, as far as somebody still asks for them.
    pub(super) ended: Vec<EndedForm>,
    /// The sessions that act next, and those that come after all of them.
    pub(super) queue: [Vec<u64>; 2],
    pub(super) endpoints: EndpointsForm,
    pub(super) untold: UntoldForm,
    pub(super) report: ReportForm,
    pub(super) trace: TraceForm,
    /// Role objects, by session, as JSON.
    pub(super) roles: BTreeMap<u64, String>,
}

/// One session by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SessionBody {
    pub(super) image: ImageForm,
    pub(super) session: SessionForm,
    pub(super) queued: bool,
    pub(super) roles: BTreeMap<u64, String>,
}

/// By what an image is found again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ImageForm {
    /// Its content hash, in hexadecimal.
    pub(super) hash: String,
    /// For people: the roles of its protocol.
    pub(super) roles: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SessionForm {
    pub(super) session: u64,
    pub(super) image: u32,
    pub(super) kind: Kind,
    pub(super) objects: Objects,
    pub(super) draining: bool,
    /// Where it is in its schedule, if it is.
    pub(super) place: Option<u32>,
    /// Whose turn is next, and how many numbers have been drawn.
    pub(super) turn: u8,
    pub(super) drawn: u32,
    pub(super) coroutines: Vec<CoroutineForm>,
    /// The type states of programs that are compared with their local types while they run.
    pub(super) states: Vec<u32>,
    /// The channels in which something is, or at which somebody waits.
    pub(super) channels: Vec<ChannelForm>,
    pub(super) registers: Vec<RegisterForm>,
    pub(super) held: Vec<HeldForm>,
    pub(super) seats: Vec<SeatForm>,
    pub(super) deferred: Vec<MessageForm>,
    /// The messages that may still be injected: sender, receiver, channel of the pair, label.
    pub(super) outstanding: Vec<(u8, u8, u16, u16)>,
    /// Payloads that were given for several receivers, and are beside the role objects: who gave them, label, and one for each
    /// receiver that is still to get it.
    pub(super) given: Vec<(u8, u16, Vec<Payload>)>,
    pub(super) outside: Option<OutsideForm>,
}

impl SessionForm {
    /// All payloads that are in it, but for what is in records.
    pub(super) fn payloads(&self) -> impl Iterator<Item = &Payload> {
        let queued = self.channels.iter().flat_map(|channel| &channel.messages);
        let queued = queued.map(|(_, payload)| payload);
        let registers = self.registers.iter().map(|register| &register.payload);
        let held = self.held.iter().map(|held| &held.payload);
        let deferred = self.deferred.iter().map(|message| &message.payload);
        let given = self.given.iter().flat_map(|(.., payloads)| payloads);
        queued.chain(registers).chain(held).chain(deferred).chain(given)
    }

    /// Its number, and whatever is counted in it.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> {
        let effects = self.coroutines.iter().map(|coroutine| coroutine.effects);
        let passed = self.outside.iter().flat_map(|outside| &outside.passed);
        effects.chain(passed.map(|(.., passed)| *passed)).chain([self.session])
    }
}

/// Who executes the programs of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Its coroutines.
    #[serde(rename = "coroutines")]
    Coroutines,
    /// The holders of its endpoints.
    #[serde(rename = "endpoints")]
    Endpoints,
}

/// Who plays the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Objects {
    /// The handler of the run.
    #[serde(rename = "none")]
    None,
    /// Role objects, which nobody takes back.
    #[serde(rename = "detached")]
    Detached,
    /// Role objects that somebody takes back.
    #[serde(rename = "owned")]
    Owned,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CoroutineForm {
    /// The instruction, counted from the first of its program; of a role that is played through an endpoint, its type state.
    pub(super) at: u32,
    pub(super) effects: u64,
    pub(super) marks: Marks,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ChannelForm {
    pub(super) from: u8,
    pub(super) to: u8,
    /// Its number among those of the pair.
    pub(super) lane: u16,
    /// Label and payload.
    pub(super) messages: Vec<(u16, Payload)>,
    pub(super) receiver_waits: bool,
    pub(super) sender_waits: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RegisterForm {
    pub(super) role: u8,
    pub(super) register: u8,
    pub(super) payload: Payload,
}

/// A message that was chosen, and for which there was no room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HeldForm {
    pub(super) coroutine: u8,
    pub(super) to: u8,
    pub(super) label: u16,
    /// Where the program continues of whoever has chosen.
    pub(super) next: u32,
    pub(super) payload: Payload,
}

/// A role that waits in the seat of another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SeatForm {
    pub(super) role: u8,
    pub(super) session: u64,
    pub(super) seat: u8,
}

/// A message that is aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MessageForm {
    pub(super) from: u8,
    pub(super) to: u8,
    pub(super) lane: u16,
    pub(super) label: u16,
    pub(super) payload: Payload,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EndedForm {
    pub(super) session: u64,
    pub(super) image: u32,
    pub(super) status: EndForm,
    /// If its role objects wait for somebody, whom that is told as well.
    pub(super) outcome: Option<OutcomeForm>,
}

/// Where a session is that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum EndForm {
    #[serde(rename = "closed")]
    Closed,
    #[serde(rename = "cancelled")]
    Cancelled,
    #[serde(rename = "faulted")]
    Faulted,
}

impl From<SessionStatus> for EndForm {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Cancelled => Self::Cancelled,
            SessionStatus::Faulted => Self::Faulted,
            SessionStatus::Active | SessionStatus::Draining | SessionStatus::Closed => Self::Closed,
        }
    }
}

impl From<EndForm> for SessionStatus {
    fn from(form: EndForm) -> Self {
        match form {
            EndForm::Closed => Self::Closed,
            EndForm::Cancelled => Self::Cancelled,
            EndForm::Faulted => Self::Faulted,
        }
    }
}

/// What there is to know of endpoints beside the sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EndpointsForm {
    /// The images that programs can open.
    pub(super) provided: Vec<u32>,
    /// How many endpoints may be out of reach, how many there may be before the next look, and whether any has moved.
    pub(super) suspects: u64,
    pub(super) patience: u64,
    pub(super) has_moved: bool,
}

/// The faults of the last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ReportForm {
    pub(super) faults: Vec<(u64, FaultForm)>,
    /// How many of them nobody else is told about.
    pub(super) unreported: u64,
    pub(super) is_reported: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TraceForm {
    pub(super) forgotten: u64,
    pub(super) names: Vec<Names>,
    pub(super) rows: Vec<RowForm>,
}

/// Events of one session in a row, at one tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RowForm {
    pub(super) tick: u64,
    pub(super) session: u64,
    /// Which names it has.
    pub(super) names: u32,
    pub(super) events: Vec<EventForm>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum EventForm {
    Opened,
    Sent { from: u8, to: u8, label: u16, lane: u8, channel: u16 },
    Received { from: u8, to: u8, label: u16, lane: u8, channel: u16 },
    Dropped { from: u8, to: u8, label: u16, lane: u8, channel: u16 },
    Deferred { from: u8, to: u8, label: u16, lane: u8, channel: u16 },
    Injected { from: u8, to: u8, label: u16, channel: u16 },
    ChosenAndSent { from: u8, to: u8, label: u16, lane: u8, channel: u16 },
    Invoked { role: u8, effect: u16, lane: u8 },
    Halted { role: u8, lane: u8 },
    Forked { role: u8, first: u8, count: u8, lane: u8 },
    Joined { role: u8, first: u8, count: u8, lane: u8 },
    Closed,
    Cancelled,
    Faulted(FaultForm),
}
