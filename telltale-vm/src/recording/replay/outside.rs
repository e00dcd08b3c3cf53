//! What was done to sessions from outside, and is done again: messages are injected, and come in the order in which they came.
//!
//! A recording says what each role got, and not how it got there. What a sender sends now and its receiver did not get next then
//! is held back: something else came before it that was injected, or had been deferred.

use std::collections::{BTreeMap, BTreeSet};

use telltale_bytecode::Image;
use telltale_types::{LabelId, RoleId};

use super::Replay;
use super::played::{Played, State};
use crate::recording::line::How;
use crate::recording::payload::Payload;
use crate::recording::recorded::Session;
use crate::recording::what::{Answer, What};
use crate::{ChannelMode, Context, Leftover, Message, SessionId, VM, WhenFull};

/// What is done for sessions from outside.
#[derive(Default)]
pub(super) struct Outside {
    /// Messages that come later than they are sent, by session, sender, receiver and label.
    held_back: Vec<(SessionId, RoleId, RoleId, LabelId)>,
    /// All that are aside: those, and those that a network has deferred.
    aside: BTreeMap<SessionId, Vec<Message>>,
    /// The parts whose roles elsewhere are said to be done.
    ended: BTreeSet<SessionId>,
}

impl Outside {
    pub(super) fn hold_back(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) {
        self.held_back.push((cx.session(), cx.role(), to, label));
    }

    /// Says whether such a message was held back. It is not any more.
    fn let_go(&mut self, id: SessionId, message: &Message) -> bool {
        let held = (id, message.from, message.to, message.label);
        let found = self.held_back.iter().position(|other| *other == held);
        found.map(|at| self.held_back.swap_remove(at)).is_some()
    }

    /// A message that is aside and is this one.
    fn take(
        &mut self,
        id: SessionId,
        image: &Image,
        is: &Message,
        payload: &Payload,
    ) -> Option<Message> {
        let aside = self.aside.get_mut(&id)?;
        let is_it = |message: &Message| {
            (message.from, message.to, message.label) == (is.from, is.to, is.label)
                && Payload::encode(image, message.label, &message.value)
                    .is_ok_and(|carried| carried.is_same(payload))
        };
        let at = aside.iter().position(is_it)?;
        Some(aside.remove(at))
    }

    /// Those of a session that were held back.
    fn take_held_back(&mut self, id: SessionId) -> Vec<Message> {
        let (held, others) = self
            .aside
            .remove(&id)
            .into_iter()
            .flatten()
            .partition(|message| self.let_go(id, message));
        self.aside.insert(id, others);
        held
    }
}

/// What a role got from another one.
pub(super) struct Arrivals {
    /// Where that is recorded: the lane of the receiver and the number of the event, in the order of their lines.
    due: Vec<(u8, usize)>,
    /// How many of them are there.
    so_far: usize,
}

impl Arrivals {
    /// Where something was sent that never came, or in another order, the recording is not as it was, and nothing is held back. At the
    /// end of a session that was not complete, or that `may_leave` messages, something may have been on its way.
    fn of(session: &Session, from: &str, to: &str, may_leave: bool) -> Self {
        let may_miss = may_leave || session.end.is_none_or(|(_, how)| how != How::Complete);
        let mut received = received(session, from, to);
        if !came_in_order(sent(session, from, to), &received, may_miss) {
            received.clear();
        }
        Self { due: received.into_iter().map(|(place, ..)| place).collect(), so_far: 0 }
    }

    /// Label and payload of what comes next.
    fn next<'s>(&self, session: &'s Session, to: &str) -> Option<(&'s str, &'s Payload)> {
        let (lane, nth) = *self.due.get(self.so_far)?;
        match &session.events.get(&(to.to_owned(), lane))?.get(nth)?.what {
            What::Receive { label, payload, .. } => Some((label, payload)),
            _ => None,
        }
    }
}

/// Whether what was sent came in its order, whatever came between. Only what was sent last may be missing, and only if it `may_miss`.
fn came_in_order<'s>(
    sent: impl Iterator<Item = (&'s str, &'s Payload)>,
    received: &[Receipt<'_>],
    may_miss: bool,
) -> bool {
    let (mut left, mut is_missing) = (received.iter(), false);
    for (label, payload) in sent {
        let mut rest = left.clone();
        let is_it = |(_, found, carried): &Receipt<'_>| *found == label && carried.is_same(payload);
        match rest.any(is_it) {
            true if is_missing => return false,
            true => left = rest,
            false => is_missing = true,
        }
    }
    !is_missing || may_miss
}

/// A message that a role got: the lane and the number of the event, label and payload.
type Receipt<'s> = ((u8, usize), &'s str, &'s Payload);

/// What a role got from another one, in the order of the lines.
fn received<'s>(session: &'s Session, from: &str, to: &str) -> Vec<Receipt<'s>> {
    let mut all: Vec<(usize, Receipt<'s>)> = Vec::new();
    for ((_, lane), events) in session.events.iter().filter(|((role, _), _)| role == to) {
        for (nth, event) in events.iter().enumerate() {
            if let What::Receive { label, from: sender, payload, .. } = &event.what
                && sender == from
            {
                all.push((event.line, ((*lane, nth), label, payload)));
            }
        }
    }
    all.sort_unstable_by_key(|(line, _)| *line);
    all.into_iter().map(|(_, receipt)| receipt).collect()
}

/// What a role sent to another one, and no network lost or kept aside, in its order.
fn sent<'s>(
    session: &'s Session,
    from: &str,
    to: &str,
) -> impl Iterator<Item = (&'s str, &'s Payload)> {
    let mut all: Vec<(usize, &str, &Payload)> = Vec::new();
    for ((role, _), events) in &session.events {
        if role != from {
            continue;
        }
        for (event, then) in events.iter().zip(events.iter().skip(1).map(Some).chain([None])) {
            let is_aside = then.is_some_and(|then| matches!(then.what, What::Network { .. }));
            let is_to_it = event.what.message().is_some_and(|(_, peer)| peer == to);
            if let Some((label, payload)) = given(&event.what)
                && is_to_it
                && !is_aside
            {
                all.push((event.line, label, payload));
            }
        }
    }
    all.sort_unstable_by_key(|(line, ..)| *line);
    all.into_iter().map(|(_, label, payload)| (label, payload))
}

/// Label and payload of a message that was sent.
fn given(what: &What) -> Option<(&str, &Payload)> {
    match what {
        What::Send { label, answer: Answer::Given(payload), .. } => Some((label, payload)),
        What::Choose { picked: Some((label, _)), answer: Answer::Given(payload), .. } => {
            Some((label, payload))
        }
        _ => None,
    }
}

impl Played {
    /// Label and payload of the last message that a role has sent.
    fn last_sent<'s>(
        &self,
        session: &'s Session,
        role: &str,
        lane: u8,
    ) -> Option<(&'s str, &'s Payload)> {
        let actor = (role.to_owned(), lane);
        let last = self.next.get(&actor)?.checked_sub(1)?;
        given(&session.events.get(&actor)?.get(last)?.what)
    }
}

impl Replay<'_> {
    /// Whether its receiver got something else before what the role that acts sends now. Otherwise it has come.
    pub(super) fn comes_later(&self, state: &mut State, cx: &Context<'_>, to: RoleId) -> bool {
        if !self.comes_in_order(cx, to) {
            return false;
        }
        let Some((session, played)) = self.enter(state, cx.session(), cx.image) else {
            return false;
        };
        let (from, to) = (cx.role_name(), cx.name(to));
        let Some((label, payload)) = played.last_sent(session, from, cx.lane()) else {
            return false;
        };
        let arrivals = self.arrivals(session, played, from, to);
        let Some((due, carried)) = arrivals.next(session, to) else { return false };
        let is_it = due == label && carried.is_same(payload);
        arrivals.so_far += usize::from(is_it);
        !is_it
    }

    /// What a role gets from another one, in a session that is played again.
    fn arrivals<'p>(
        &self,
        session: &Session,
        played: &'p mut Played,
        from: &str,
        to: &str,
    ) -> &'p mut Arrivals {
        let pair = (from.to_owned(), to.to_owned());
        played.arrivals.entry(pair).or_insert_with(|| {
            let may_leave = self.recorded.config().leftover == Leftover::Drop;
            Arrivals::of(session, from, to, may_leave)
        })
    }

    /// Whether all that one role sends another comes, and in its order, unless a network prevents it.
    fn comes_in_order(&self, cx: &Context<'_>, to: RoleId) -> bool {
        let config = self.recorded.config();
        let is_lossless = config.when_full != WhenFull::Drop
            && config.mode == ChannelMode::Fifo
            && config.channels.is_empty();
        is_lossless && has_one_channel(cx.image, cx.role(), to)
    }

    /// Nobody can act. If a message was received next, it was injected then, and is now; where nothing is received any more, what
    /// was held back comes at last. Says whether there are any.
    pub(super) fn inject(&self, vm: &mut VM) -> bool {
        let mut messages = Vec::new();
        for id in ids(vm) {
            let aside = vm.take_deferred(id).unwrap_or_default();
            self.state().outside.aside.entry(id).or_default().extend(aside);
            match self.due_from_outside(vm, id) {
                Due::Message(message) => messages.push((id, message)),
                Due::Rest => {
                    let held = self.state().outside.take_held_back(id);
                    messages.extend(held.into_iter().map(|message| (id, message)));
                }
                Due::Nothing => {}
            }
        }
        let injected = messages.into_iter().map(|(id, message)| vm.inject(id, message).is_ok());
        injected.filter(|is_injected| *is_injected).count() > 0
    }

    fn due_from_outside(&self, vm: &VM, id: SessionId) -> Due {
        let state = &mut *self.state();
        let Ok(view) = vm.session(id) else { return Due::Nothing };
        let image = view.image();
        let Some((session, played)) = self.enter(state, id, image) else { return Due::Nothing };
        let Some((role, event)) = played.first_left(session) else { return Due::Rest };
        let What::Receive { label, from, payload, .. } = &event.what else { return Due::Nothing };
        let Some(message) = message(image, (from, role), label, payload) else {
            return Due::Nothing;
        };
        let has_one_channel = has_one_channel(image, message.from, message.to);
        if has_one_channel {
            self.arrivals(session, played, from, role).so_far += 1;
        }
        state.outside.let_go(id, &message);
        match state.outside.take(id, image, &message, payload) {
            Some(aside) => Due::Message(aside),
            // In which of several channels it came nobody has written down.
            None if !has_one_channel => Due::Nothing,
            None => Due::Message(message),
        }
    }

    /// Nothing comes any more: roles elsewhere are done. Says whether there are any that were not.
    pub(super) fn end_parts(&self, vm: &mut VM) -> bool {
        let mut has_ended = false;
        for id in ids(vm) {
            if !self.state().outside.ended.insert(id) {
                continue;
            }
            for role in vm.elsewhere(id) {
                has_ended |= vm.elsewhere_is_done(id, role).is_ok();
            }
        }
        has_ended
    }
}

/// What parts have for roles elsewhere goes there. Says whether there was anything.
pub(super) fn take_outgoing(vm: &mut VM) -> bool {
    let mut outgoing = Vec::new();
    for id in ids(vm) {
        vm.take_outgoing(id, &mut outgoing).expect("it is a session of this machine");
    }
    !outgoing.is_empty()
}

/// What a session waits for.
enum Due {
    Message(Message),
    /// What was held back.
    Rest,
    Nothing,
}

fn ids(vm: &VM) -> Vec<SessionId> {
    vm.sessions().map(|session| session.id()).collect()
}

/// Whether a pair of roles talks, and not in several arms of a `par`.
fn has_one_channel(image: &Image, from: RoleId, to: RoleId) -> bool {
    let between =
        image.channels().iter().filter(|channel| (channel.from, channel.to) == (from, to));
    between.count() == 1
}

/// A message as it was received.
fn message(
    image: &Image,
    (from, to): (&str, &str),
    label: &str,
    payload: &Payload,
) -> Option<Message> {
    let names = image.names();
    let label = names.find_label(label)?;
    let (from, to) = (names.find_role(from)?, names.find_role(to)?);
    let value = payload.decode(image, label).ok()?;
    Some(Message { from, to, lane: 0, label, value })
}
