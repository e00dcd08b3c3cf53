//! The trace as it is written down, and made again.

use std::collections::BTreeMap;
use std::sync::Arc;

use telltale_types::{LabelId, Names, RoleId, Shared};

use super::error::SnapshotError;
use super::fault::FaultForm;
use super::form::{EventForm, RowForm, TraceForm};
use crate::trace::store::{Lanes, Tag, Trace};
use crate::{ObsEvent, Observed, SessionId};

/// The events that are kept.
pub(super) fn written(trace: &Trace) -> TraceForm {
    let mut form = TraceForm { forgotten: trace.forgotten(), ..TraceForm::default() };
    let mut known = KnownNames::default();
    let events = trace.events();
    let mut events = events.iter().peekable();
    while let Some(event) = events.next() {
        // A choice and its message are one event that is seen as two.
        let then = events.next_if(|_| matches!(event.what, Observed::Chosen { .. }));
        let names = known.number_of(&event.names);
        let written = written_event(then.unwrap_or(event), then.is_some());
        match form.rows.last_mut() {
            Some(row)
                if (row.tick, row.session, row.names)
                    == (event.tick, event.session.ordinal(), names) =>
            {
                row.events.push(written);
            }
            _ => form.rows.push(RowForm {
                tick: event.tick,
                session: event.session.ordinal(),
                names,
                events: vec![written],
            }),
        }
    }
    form.names = known.all;
    form
}

/// The names that events have, each once. They are compared as seldom as can be: images are few, and events are many.
#[derive(Default)]
struct KnownNames {
    /// The number of those that are at this address.
    numbers: BTreeMap<*const Names, u32>,
    all: Vec<Names>,
}

impl KnownNames {
    fn number_of(&mut self, names: &Shared<Names>) -> u32 {
        let all = &mut self.all;
        *self.numbers.entry(&raw const **names).or_insert_with(|| {
            let known = all.iter().position(|known| *known == **names);
            known.unwrap_or_else(|| {
                all.push(Names::clone(names));
                all.len() - 1
            }) as u32
        })
    }
}

fn written_event(event: &ObsEvent, is_chosen: bool) -> EventForm {
    let ObsEvent { lane, channel, .. } = *event;
    match event.what {
        Observed::Opened => EventForm::Opened,
        Observed::Sent { from: RoleId(from), to: RoleId(to), label: LabelId(label) }
        | Observed::Chosen { role: RoleId(from), to: RoleId(to), label: LabelId(label) } => {
            if is_chosen {
                EventForm::ChosenAndSent { from, to, label, lane, channel }
            } else {
                EventForm::Sent { from, to, label, lane, channel }
            }
        }
        Observed::Received { from: RoleId(from), to: RoleId(to), label: LabelId(label) } => {
            EventForm::Received { from, to, label, lane, channel }
        }
        Observed::Dropped { from: RoleId(from), to: RoleId(to), label: LabelId(label) } => {
            EventForm::Dropped { from, to, label, lane, channel }
        }
        Observed::Deferred { from: RoleId(from), to: RoleId(to), label: LabelId(label) } => {
            EventForm::Deferred { from, to, label, lane, channel }
        }
        Observed::Injected { from: RoleId(from), to: RoleId(to), label: LabelId(label) } => {
            EventForm::Injected { from, to, label, channel }
        }
        Observed::Invoked { role, effect } => EventForm::Invoked { role: role.0, effect, lane },
        Observed::Halted { role } => EventForm::Halted { role: role.0, lane },
        Observed::Forked { role, first, count } => {
            EventForm::Forked { role: role.0, first, count, lane }
        }
        Observed::Joined { role, first, count } => {
            EventForm::Joined { role: role.0, first, count, lane }
        }
        Observed::Closed => EventForm::Closed,
        Observed::Cancelled => EventForm::Cancelled,
        Observed::Faulted { ref fault } => EventForm::Faulted(FaultForm(Arc::clone(fault))),
    }
}

/// What the roles and labels of a session are called.
pub(super) enum Named<'n> {
    These(&'n Names),
    /// It has ended, and nobody knows.
    Anything,
    /// There was no such session.
    Nothing,
}

/// Fills the trace of a machine that is resumed. Sessions have the ids that `id_of` gives them, and what their roles and labels are
/// called, `names_of` says.
pub(super) fn restore<'n>(
    trace: &mut Trace,
    form: TraceForm,
    id_of: impl Fn(u64) -> SessionId,
    names_of: impl Fn(u64) -> Named<'n>,
) -> Result<(), SnapshotError> {
    let names: Vec<Shared<Names>> = form.names.into_iter().map(Shared::from).collect();
    let mut by_session = BTreeMap::new();
    for row in form.rows {
        let here = names.get(row.names as usize);
        let here = here.ok_or_else(|| SnapshotError::invalid("an event has no names"))?;
        // What happens next in a session is told under the names that it has in the trace.
        let is_its_own = || match names_of(row.session) {
            Named::These(known) => *known == **here,
            Named::Anything => true,
            Named::Nothing => false,
        };
        let first =
            by_session.entry(row.session).or_insert_with(|| is_its_own().then_some(row.names));
        if *first != Some(row.names) {
            let what = format!("session #{} has the names of another protocol", row.session);
            return Err(SnapshotError::invalid(what));
        }
        trace.set_tick(row.tick);
        trace.enter(id_of(row.session), here);
        for event in row.events {
            restore_event(trace, event, here)?;
        }
    }
    trace.set_forgotten(form.forgotten);
    Ok(())
}

fn restore_event(trace: &mut Trace, event: EventForm, names: &Names) -> Result<(), SnapshotError> {
    let (tag, role, peer, label, lane, channel) = match event {
        EventForm::Opened => (Tag::Opened, 0, 0, 0, 0, 0),
        EventForm::Closed => (Tag::Closed, 0, 0, 0, 0, 0),
        EventForm::Cancelled => (Tag::Cancelled, 0, 0, 0, 0, 0),
        EventForm::Faulted(FaultForm(fault)) => {
            trace.push_fault(fault);
            return Ok(());
        }
        EventForm::Sent { from, to, label, lane, channel } => {
            (Tag::Sent, from, to, label, lane, channel)
        }
        EventForm::ChosenAndSent { from, to, label, lane, channel } => {
            (Tag::ChosenAndSent, from, to, label, lane, channel)
        }
        EventForm::Received { from, to, label, lane, channel } => {
            (Tag::Received, to, from, label, lane, channel)
        }
        EventForm::Dropped { from, to, label, lane, channel } => {
            (Tag::Dropped, from, to, label, lane, channel)
        }
        EventForm::Deferred { from, to, label, lane, channel } => {
            (Tag::Deferred, from, to, label, lane, channel)
        }
        EventForm::Injected { from, to, label, channel } => {
            (Tag::Injected, from, to, label, 0, channel)
        }
        EventForm::Invoked { role, effect, lane } => (Tag::Invoked, role, 0, effect, lane, 0),
        EventForm::Halted { role, lane } => (Tag::Halted, role, 0, 0, lane, 0),
        EventForm::Forked { role, first, count, lane } => {
            (Tag::Forked, role, first, count.into(), lane, 0)
        }
        EventForm::Joined { role, first, count, lane } => {
            (Tag::Joined, role, first, count.into(), lane, 0)
        }
    };
    let is_of_session = matches!(tag, Tag::Opened | Tag::Closed | Tag::Cancelled);
    let has_message = matches!(
        tag,
        Tag::Sent
            | Tag::ChosenAndSent
            | Tag::Received
            | Tag::Dropped
            | Tag::Deferred
            | Tag::Injected
    );
    let is_known = (is_of_session || usize::from(role) < names.role_count())
        && (!has_message
            || usize::from(peer) < names.role_count() && usize::from(label) < names.label_count());
    let channel = u8::try_from(channel).ok().filter(|_| is_known);
    let channel =
        channel.ok_or_else(|| SnapshotError::invalid("an event is not of its protocol"))?;
    let lanes = Lanes { lane, channel, ..Lanes::default() };
    trace.push_in(tag, RoleId(role), RoleId(peer), LabelId(label), lanes);
    Ok(())
}
