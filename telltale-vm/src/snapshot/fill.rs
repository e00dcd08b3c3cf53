//! One session, from what is written down into its block, compared with its image piece by piece.

use std::collections::{BTreeMap, BTreeSet};

use telltale_types::{Action, Direction, LabelId, RoleId, StateId};

use super::error::SnapshotError;
use super::form::{
    ChannelForm, CoroutineForm, HeldForm, Kind, MessageForm, Objects, RegisterForm, SeatForm,
    SessionForm,
};
use super::payload::{Payload, Place};
use super::positions::Positions;
use crate::machine::inside::{Holders, Inside, InsideMut};
use crate::memory::arena::Slot;
use crate::memory::channel::{self, Message, Plan};
use crate::memory::coroutine::{self, Coro, CoroId, DRAINS, FORKED, HALTED, HOLDS, PENDING};
use crate::memory::deferred::Outstanding;
use crate::memory::header::{self, written};
use crate::memory::{ready, registers};
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Exchange};
use crate::value::Endpoint;
use crate::{SessionId, SessionStatus, VM, Value};

pub(super) type Filled<T = ()> = Result<T, SnapshotError>;

/// What is known of the other sessions.
#[derive(Default)]
pub(super) struct Known {
    /// Those whose roles are played through endpoints, and how many roles they have.
    pub(super) through_endpoints: BTreeMap<u64, (SessionId, usize)>,
    /// The number of the next session, and those before it that no session has had.
    pub(super) next: u64,
    pub(super) skipped: Vec<(u64, u64)>,
    /// All that are there.
    pub(super) there: BTreeSet<u64>,
    /// The endpoints that somebody holds.
    held: BTreeSet<(u64, u8)>,
}

impl Known {
    /// An endpoint, of which there is only one. Its session may have ended.
    fn endpoint(&mut self, vm: SessionId, session: u64, role: u8) -> Filled<Endpoint> {
        let there = self.through_endpoints.get(&session);
        let exists =
            there.map_or_else(|| self.has_ended(session), |(_, roles)| usize::from(role) < *roles);
        if !exists || !self.held.insert((session, role)) {
            let what = format!("the endpoint of role {role} of session #{session}");
            return Err(SnapshotError::invalid(format!("{what} does not exist, or exists twice")));
        }
        let ended = || SessionId::new(vm.vm(), session, Slot::UNKNOWN);
        Ok(Endpoint { session: there.map_or_else(ended, |(id, _)| *id), role: RoleId(role) })
    }

    /// Whether there was a session with this number, and nothing of it is left.
    pub(super) fn has_ended(&self, session: u64) -> bool {
        let is_skipped = |&(first, past): &(u64, u64)| (first..past).contains(&session);
        session < self.next
            && !self.there.contains(&session)
            && !self.skipped.iter().any(is_skipped)
    }

    /// Whoever holds the endpoint of a role plays it: it has not been given up.
    pub(super) fn check_endpoints(&self, vm: &VM) -> Filled {
        let inside = vm.inside();
        for (session, role) in &self.held {
            let Some((id, _)) = self.through_endpoints.get(session) else { continue };
            let block = inside.run_queue.arena.block(id.slot());
            let at = inside.images.get(header::image(block)).roles_at + usize::from(*role);
            if coroutine::read(block, at).has(HALTED) {
                let what =
                    format!("role {role} of session #{session} is done, and has an endpoint");
                return Err(SnapshotError::invalid(what));
            }
        }
        Ok(())
    }
}

/// A message that a role has chosen, until it is known who sits in which seat.
pub(super) struct Held {
    slot: Slot,
    form: HeldForm,
    value: Value,
}

/// Fills the block of a session that has just been opened.
pub(super) struct Filler<'a, 'p> {
    pub(super) inside: &'a mut InsideMut<'p>,
    pub(super) slot: Slot,
    pub(super) id: SessionId,
    pub(super) loaded: &'p Loaded,
    positions: &'a Positions,
    known: &'a mut Known,
}

impl<'a, 'p> Filler<'a, 'p> {
    pub(super) fn new(
        inside: &'a mut InsideMut<'p>,
        slot: Slot,
        positions: &'a Positions,
        known: &'a mut Known,
    ) -> Self {
        let id = inside.run_queue.session_at(slot);
        let loaded = inside.images.get(header::image(inside.run_queue.arena.block(slot)));
        Self { inside, slot, id, loaded, positions, known }
    }

    /// Says whether the session was on its script, and is not any more.
    pub(super) fn fill(mut self, form: SessionForm, held: &mut Vec<Held>) -> Filled<bool> {
        self.check(&form)?;
        let block = self.inside.run_queue.arena.block_mut(self.slot);
        if form.draining {
            header::set_status(block, SessionStatus::Draining);
        }
        if form.kind == Kind::Endpoints {
            header::set_without_coroutines(block);
        }
        header::set_turn(block, form.turn);
        written::set_drawn(block, form.drawn);
        let coros = self.coroutines(form.kind, &form.coroutines)?;
        self.lanes(&coros)?;
        self.states(&form.states)?;
        for channel in form.channels {
            self.waits(form.kind, &coros, &channel)?;
            self.channel(channel)?;
        }
        for register in form.registers {
            self.register(register)?;
        }
        for form in form.held {
            let label = form.label;
            let value = self.value(form.payload, Some(label), "a message that was chosen")?;
            let form = HeldForm { payload: Payload::Unit, ..form };
            held.push(Held { slot: self.slot, form, value });
        }
        form.seats.into_iter().try_for_each(|seat| self.seat(seat))?;
        self.deferred(form.deferred, &form.outstanding)?;
        if let Some(outside) = &form.outside {
            self.outside(outside, &form.coroutines)?;
        }
        self.objects(form.objects, form.given)?;
        Ok(self.place(form.place, &coros))
    }

    /// Whether there is as much of everything as the image says.
    fn check(&self, form: &SessionForm) -> Filled {
        let Loaded { coroutines, roles, .. } = *self.loaded;
        let states = if self.loaded.is_guarded { roles } else { 0 };
        let marked = |marks: u32| form.coroutines.iter().filter(move |coro| coro.marks.has(marks));
        let (holds, has) = (marked(HOLDS).count(), |marks: u32| marked(marks).next().is_some());
        let forks = self.loaded.first_that_forks().is_some();
        let plays = form.kind == Kind::Endpoints;
        let moves = form.place.is_some() || !form.seats.is_empty() || form.objects != Objects::None;
        let what = if form.coroutines.len() != coroutines || form.states.len() != states {
            "it has another number of roles"
        } else if usize::from(form.turn) >= coroutines.max(1) || form.drawn > written::MOST_DRAWN {
            "nobody has the next turn"
        } else if holds != form.held.len() {
            "the messages that were chosen are not those that are held"
        } else if plays && (moves || form.draining || has(FORKED | DRAINS) || forks) {
            "it is played through endpoints, and acts by itself"
        } else if form.outside.is_some()
            && (form.objects == Objects::None || form.draining || form.place.is_some())
        {
            "roles are played from outside, and it is closed, on its script, or has no role objects"
        } else if form.objects == Objects::None && !form.given.is_empty() {
            "it has no role objects, and something waits beside them"
        } else if form.place.is_some()
            && form.channels.iter().any(|channel| !channel.messages.is_empty())
        {
            "it is on its script, and has messages on their way"
        } else {
            return Ok(());
        };
        Err(self.invalid(what))
    }

    fn coroutines(&mut self, kind: Kind, forms: &[CoroutineForm]) -> Filled<Vec<Coro>> {
        let mut coros = Vec::with_capacity(forms.len());
        for (nth, form) in forms.iter().enumerate() {
            let actor = self.loaded.actor_of(CoroId::at(nth));
            let at = self.at(kind, actor.role, form.at)?;
            coros.push(form.marks.at(at, form.effects as u32));
            let times = (form.effects >> u32::BITS) as u32;
            if times > 0 {
                self.inside.wraps.restore(self.id, actor, times);
            }
        }
        let block = self.inside.run_queue.arena.block_mut(self.slot);
        ready::clear_all(block, ready::words(coros.len()));
        for (nth, (coro, form)) in coros.iter().zip(forms).enumerate() {
            coroutine::write(block, self.loaded.roles_at + nth, *coro);
            if form.marks.is_ready() {
                ready::set(block, CoroId::at(nth));
            }
        }
        let live = coros.iter().filter(|coro| !coro.has(HALTED)).count();
        written::set_live(block, live as u8);
        Ok(coros)
    }

    /// Where a role is: an instruction of its program, or a state of its local type.
    fn at(&self, kind: Kind, role: RoleId, at: u32) -> Filled<u32> {
        let image = &self.loaded.image;
        let place = match kind {
            Kind::Endpoints => Some(at).filter(|&at| (at as usize) < image.local_types[role].len()),
            Kind::Coroutines => {
                let program = &image.programs[role];
                let is_inside = (at as usize) < program.len().max(1);
                self.loaded.place_in_code(role, at).filter(|_| is_inside)
            }
        };
        place.ok_or_else(|| self.invalid(format!("role {role} is at {at}, which is nowhere")))
    }

    /// A coroutine of a lane has begun if one has forked there, and whoever has forked is at such an instruction.
    fn lanes(&self, coros: &[Coro]) -> Filled {
        let op = |coro: &Coro| &self.loaded.linked.ops[coro.pc() as usize];
        let forked = || coros.iter().filter(|coro| coro.has(FORKED));
        if forked().any(|coro| op(coro).code != Code::Fork) {
            return Err(self.invalid("a role has forked where it cannot"));
        }
        let mut begun = BTreeSet::new();
        for coro in forked().filter(|coro| !coro.has(HALTED)) {
            for &(lane, _) in self.loaded.linked.starts(op(coro)) {
                if !begun.insert(lane) {
                    return Err(self.invalid("a lane has begun twice"));
                }
            }
        }
        let mut placed = coros.iter().enumerate();
        let is_at_home =
            |(nth, coro): (usize, &Coro)| self.positions.are_of(CoroId::at(nth), *coro);
        if !self.loaded.is_guarded && !placed.all(is_at_home) {
            return Err(self.invalid("a role is where one of its lanes is, or the other way round"));
        }
        let runs = |nth: &usize| !coros[*nth].has(HALTED);
        let mut lanes = (self.loaded.roles..coros.len()).filter(runs).map(CoroId::at);
        match lanes.find(|lane| !begun.contains(lane)) {
            Some(_) => Err(self.invalid("a lane runs that has not begun")),
            None => Ok(()),
        }
    }

    fn states(&mut self, states: &[u32]) -> Filled {
        for (&state, role) in states.iter().zip(0..) {
            let role = RoleId(role);
            if state as usize >= self.loaded.image.local_types[role].len() {
                return Err(self.invalid(format!("role {role} is in no state of its local type")));
            }
            let block = self.inside.run_queue.arena.block_mut(self.slot);
            coroutine::write(block, self.loaded.state_at(role), Coro::at(state, 0));
        }
        Ok(())
    }

    /// Whether those who are said to wait at a channel are where they can: nothing is waited for that is there, and nobody waits for
    /// room in an empty channel.
    fn waits(&self, kind: Kind, coros: &[Coro], form: &ChannelForm) -> Filled {
        let plan = self.plan(form.from, form.to, form.lane)?;
        let (from, to) = (RoleId(form.from), RoleId(form.to));
        let is_empty = form.messages.is_empty();
        let could_wait = |coro: CoroId| {
            let pc = coros[coro.index()].pc();
            if kind == Kind::Endpoints {
                return self.receives_from(to, StateId(pc), from, is_empty);
            }
            let op = &self.loaded.linked.ops[pc as usize];
            let mut received = self.loaded.linked.received(op).iter();
            (is_empty || op.code == Code::OfferMany)
                && received.any(|taken| taken.channel.at() == plan.at())
        };
        if form.receiver_waits && !self.loaded.coroutines_of(to).any(could_wait)
            || form.sender_waits && is_empty
        {
            return Err(self.invalid("a role waits at a channel where it does not"));
        }
        Ok(())
    }

    /// Whether a role may wait for another one in a state of its local type: for a first message, or among several senders.
    fn receives_from(&self, role: RoleId, state: StateId, from: RoleId, is_empty: bool) -> bool {
        let local = &self.loaded.image.local_types[role];
        let is_received = |action: &Action| action.direction == Direction::Receive;
        let actions = || local.exits(state).map(|exit| exit.action).filter(is_received);
        actions().any(|action| action.peer == from)
            && (is_empty || actions().any(|action| action.peer != from))
    }

    fn channel(&mut self, form: ChannelForm) -> Filled {
        let plan = self.plan(form.from, form.to, form.lane)?;
        let is_new = channel::is_untouched(self.inside.run_queue.arena.block(self.slot), plan);
        if !is_new || form.messages.len() > plan.room().into() {
            return Err(self.invalid("a channel is there twice, or holds more than it may"));
        }
        for (label, payload) in form.messages {
            let value = self.value(payload, Some(label), "a channel")?;
            let word = self.inside.heap.encode(value);
            let block = self.inside.run_queue.arena.block_mut(self.slot);
            channel::push(
                block,
                self.inside.buffers,
                plan,
                Message { label: LabelId(label), word },
            );
        }
        let block = self.inside.run_queue.arena.block_mut(self.slot);
        if form.receiver_waits {
            channel::await_message(block, plan);
        }
        if form.sender_waits {
            channel::await_room(block, plan);
        }
        Ok(())
    }

    fn plan(&self, from: u8, to: u8, lane: u16) -> Filled<Plan> {
        let plan = self.loaded.plans.find(RoleId(from), RoleId(to), lane);
        plan.ok_or_else(|| {
            self.invalid(format!("there is no channel from role {from} to role {to}"))
        })
    }

    fn register(&mut self, form: RegisterForm) -> Filled {
        let RegisterForm { role, register, payload } = form;
        let is_role = usize::from(role) < self.loaded.roles;
        let at = self.loaded.register(RoleId(role), telltale_bytecode::Reg(register));
        let at = at.filter(|_| is_role);
        let at =
            at.ok_or_else(|| self.invalid(format!("role {role} has no register {register}")))?;
        if registers::read(self.inside.run_queue.arena.block(self.slot), at).is_some() {
            return Err(self.invalid("a register is filled twice"));
        }
        let value = self.value(payload, None, "a register")?;
        let word = self.inside.heap.encode(value);
        registers::put(self.inside.run_queue.arena.block_mut(self.slot), at, word);
        Ok(())
    }

    fn seat(&mut self, form: SeatForm) -> Filled {
        let holder = (self.id, RoleId(form.role));
        let there = self.known.through_endpoints.get(&form.session);
        let there = there.filter(|(_, roles)| usize::from(form.seat) < *roles);
        let seat = there.map(|(id, _)| (*id, RoleId(form.seat)));
        let endpoints = &mut *self.inside.endpoints;
        match seat {
            Some(seat)
                if usize::from(form.role) < self.loaded.roles
                    && endpoints.waiter(seat).is_none()
                    && endpoints.seat(holder).is_none() =>
            {
                endpoints.wait_in(seat, holder);
                Ok(())
            }
            _ => Err(self.invalid("a role waits in a seat that is not there, or is taken")),
        }
    }

    fn deferred(&mut self, forms: Vec<MessageForm>, outstanding: &[(u8, u8, u16, u16)]) -> Filled {
        if forms.is_empty() && outstanding.is_empty() {
            return Ok(());
        }
        let mut messages = Vec::with_capacity(forms.len());
        for MessageForm { from, to, lane, label, payload } in forms {
            self.plan(from, to, lane)?;
            let value = self.value(payload, Some(label), "a deferred message")?;
            let (from, to, label) = (RoleId(from), RoleId(to), LabelId(label));
            messages.push(crate::Message { from, to, lane, label, value });
        }
        let mut aside = Vec::with_capacity(outstanding.len());
        for &(from, to, lane, label) in outstanding {
            self.plan(from, to, lane)?;
            let label = self.label(label)?;
            aside.push(Outstanding { from: RoleId(from), to: RoleId(to), lane, label });
        }
        self.inside.deferred.restore(self.id, messages, aside);
        Ok(())
    }

    /// The session waits for its role objects, if it has any.
    fn objects(&mut self, objects: Objects, given: Vec<(u8, u16, Vec<Payload>)>) -> Filled {
        if objects == Objects::None {
            return Ok(());
        }
        let key = header::objects(self.inside.run_queue.arena.block(self.slot)) as usize - 1;
        for (role, label, payloads) in given {
            let payloads = payloads.into_iter();
            let values = payloads
                .map(|payload| {
                    self.value(payload, Some(label), "what waits beside the role objects")
                })
                .collect::<Filled<Vec<_>>>()?;
            self.inside.objects[key].put_given((RoleId(role), LabelId(label)), values);
        }
        written::detach(self.inside.run_queue.arena.block_mut(self.slot));
        Ok(())
    }

    /// The session is at this place of its schedule, if its coroutines are.
    ///
    /// Otherwise the schedule has been written in another way since: then it continues at a place where its coroutines are, or
    /// off its script.
    fn place(&mut self, place: Option<u32>, coros: &[Coro]) -> bool {
        let block = self.inside.run_queue.arena.block_mut(self.slot);
        header::set_place(block, None);
        let Some(place) = place else { return false };
        let schedule = &self.loaded.schedule;
        let words: Vec<u64> = coros.iter().map(|coro| coro.to_word()).collect();
        let is_there = self.positions.are_at(place, coros);
        let found = if is_there { Some(place) } else { schedule.place_of(&words) };
        if found.is_some() {
            header::set_place(block, found);
            return false;
        }
        for (nth, coro) in coros.iter().enumerate() {
            if !coro.has(HALTED | PENDING) {
                ready::set(block, CoroId::at(nth));
            }
        }
        true
    }

    fn label(&self, label: u16) -> Filled<LabelId> {
        if usize::from(label) < self.loaded.image.names().label_count() {
            return Ok(LabelId(label));
        }
        Err(self.invalid(format!("there is no label {label}")))
    }

    fn value(&mut self, payload: Payload, label: Option<u16>, what: &str) -> Filled<Value> {
        let label = label.map(|label| self.label(label)).transpose()?;
        let what = || what.to_owned();
        let place =
            Place { image: &self.loaded.image, session: self.id.ordinal(), label, what: &what };
        let (known, vm) = (&mut *self.known, self.id);
        payload.into_value(&place, &mut |session, role| known.endpoint(vm, session, role))
    }

    pub(super) fn invalid(&self, what: impl AsRef<str>) -> SnapshotError {
        SnapshotError::invalid(format!("session {}: {}", self.id, what.as_ref()))
    }
}

impl Held {
    /// Keeps messages until there is room for them.
    pub(super) fn hold_all(all: Vec<Self>, vm: &mut VM) -> Filled {
        if all.is_empty() {
            return Ok(());
        }
        let inside = vm.inside();
        let holders = inside.holders();
        let mut checked = Vec::with_capacity(all.len());
        for held in all {
            checked.push(held.check(&inside, &holders)?);
        }
        for (session, coro, sent, value) in checked {
            vm.inside_mut().pending_choices.keep(session, coro, sent, value);
        }
        Ok(())
    }

    fn check(
        self,
        inside: &Inside<'_>,
        holders: &Holders<'_>,
    ) -> Filled<(SessionId, CoroId, Exchange, Value)> {
        let Self { slot, form, value } = self;
        let (session, block) =
            (inside.run_queue.session_at(slot), inside.run_queue.arena.block(slot));
        let loaded = inside.images.get(header::image(block));
        let holder = |role: RoleId| {
            let holder = holders.get(&(session, role)).filter(|holder| holder.chooses())?;
            holder.loaded.place_in_code(holder.role, form.next)
        };
        let coro = RoleId(form.coroutine);
        let sent = held_exchange(block, loaded, &form, holder);
        let sent = sent.ok_or_else(|| {
            SnapshotError::invalid(format!("session {session}: nobody has chosen what is held"))
        })?;
        Ok((session, coro, sent, value))
    }
}

/// What a coroutine has chosen, if it can have: through an endpoint, the local type says so, and `holder` knows where its holder
/// goes on.
fn held_exchange(
    block: &[u64],
    loaded: &Loaded,
    form: &HeldForm,
    holder: impl Fn(RoleId) -> Option<u32>,
) -> Option<Exchange> {
    let (peer, label) = (RoleId(form.to), LabelId(form.label));
    let nth = usize::from(form.coroutine);
    let coro = (nth < loaded.coroutines).then(|| coroutine::read(block, loaded.roles_at + nth))?;
    let role = loaded.actor_of(RoleId(form.coroutine)).role;
    let may_send = |state: u32| {
        let action = Action { direction: Direction::Send, peer, label };
        loaded.image.local_types[role].exits(StateId(state)).any(|exit| exit.action == action)
    };
    if !coro.has(HOLDS) {
        return None;
    }
    if !header::has_coroutines(block) {
        let channel = loaded.plans.find(role, peer, 0)?;
        let expected = *loaded.linked.expected.get(label.index())?;
        let next = holder(role)?;
        return may_send(coro.pc()).then_some(Exchange { channel, next, label, peer, expected });
    }
    let op = &loaded.linked.ops[coro.pc() as usize];
    let next = loaded.place_in_code(role, form.next)?;
    let is_it = |sent: &&Exchange| (sent.peer, sent.label, sent.next) == (peer, label, next);
    let sent = (op.code == Code::Choose).then(|| loaded.linked.exchanges(op))?;
    let sent = sent.iter().find(is_it).filter(|sent| sent.channel.exists())?;
    let is_allowed =
        !loaded.is_guarded || may_send(coroutine::read(block, loaded.state_at(role)).pc());
    is_allowed.then_some(*sent)
}
