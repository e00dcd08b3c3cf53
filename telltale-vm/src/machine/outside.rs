//! Sessions of which some roles are played from outside of the VM, and the calls that play them.

use std::collections::BTreeSet;

use telltale_bytecode::{Channel, CodeImage};
use telltale_types::{LabelId, Names, RoleId};

use crate::error::{Wrong, in_words};
use crate::exec::{Called, Direct, RunContext, Slice, Taken, has_a_move};
use crate::lines::{known_role, label_of, role_of};
use crate::memory::arena::Slot;
use crate::memory::channel::Plan;
use crate::memory::coroutine::{self, Actor, Coro, CoroId, FORKED, HALTED, OUTSIDE};
use crate::memory::{channel, header, ready};
use crate::outside::{DriveError, Received, Seat};
use crate::program::by_hand::show_compiled;
use crate::program::direct::{Directs, OutsideCode};
use crate::program::loaded::Loaded;
use crate::roles::host::Host;
use crate::roles::players::Players;
use crate::scripted::leave::leave_place;
use crate::{Context, NoHandler, Outcome, SessionId, VM, VMError, Value};

/// What such sessions bring along.
pub(super) const FROM_OUTSIDE: &OutsideCode = &OutsideCode {
    open: VM::open_from_outside,
    settle: VM::settle_from_outside,
    name: |slice, coro| slice.name(coro),
};

/// What is known of sessions with roles that are played from outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// By the number of their role objects, which each of them has, plus one.
    sessions: Vec<Option<Box<FromOutside>>>,
    /// How many of them are parts: some roles are played elsewhere.
    parts: usize,
    /// The driven roles that waited and could act now.
    pub(crate) woken: Vec<Seat>,
    /// How many they may be before it is looked who is among them twice.
    patience: usize,
    /// The sessions that have ended, and how.
    pub(crate) ended: Vec<(SessionId, Outcome)>,
}

/// How many driven roles are named at least before it is looked who is among them twice.
const PATIENCE: usize = 64;

/// Who plays the roles of a session, and how many messages have come and gone on each channel, if it is a part.
#[derive(Debug)]
pub(crate) struct FromOutside {
    pub(crate) players: Players,
    pub(crate) passed: Box<[u64]>,
}

impl Outside {
    /// Roles of a session are played from outside.
    pub(crate) fn enter(&mut self, block: &mut [u64], loaded: &Loaded, from: FromOutside) {
        header::set_outside(block);
        loaded.directs.get_or_init(|| Directs::of(loaded, FROM_OUTSIDE));
        for role in from.players.outside() {
            for coro in loaded.coroutines_of(role) {
                coroutine::mark(block, loaded.roles_at + coro.index(), OUTSIDE);
                ready::clear(block, coro);
            }
        }
        self.parts += usize::from(from.is_part());
        let number = header::objects(block) as usize;
        if self.sessions.len() <= number {
            self.sessions.resize_with(number + 1, || None);
        }
        self.sessions[number] = Some(Box::new(from));
    }

    /// None are any more.
    pub(super) fn leave(&mut self, block: &[u64]) {
        let known = self.sessions.get_mut(header::objects(block) as usize);
        let was_part = known.and_then(Option::take).is_some_and(|from| from.is_part());
        self.parts -= usize::from(was_part);
    }

    /// What is known of the session of a block.
    #[inline]
    pub(crate) fn of(&self, block: &[u64]) -> Option<&FromOutside> {
        self.sessions.get(header::objects(block) as usize)?.as_deref()
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn of_mut(&mut self, block: &[u64]) -> Option<&mut FromOutside> {
        self.sessions.get_mut(header::objects(block) as usize)?.as_deref_mut()
    }
}

impl FromOutside {
    /// Of a session that begins.
    pub(crate) fn new(players: Players, loaded: &Loaded) -> Self {
        let is_part = !players.elsewhere.is_empty();
        let channels = if is_part { loaded.plans.existing().len() } else { 0 };
        Self { players, passed: vec![0; channels].into() }
    }

    /// Whether some roles are played elsewhere.
    fn is_part(&self) -> bool {
        !self.players.elsewhere.is_empty()
    }
}

impl VM {
    /// Sends a message in the name of a driven role; where the role decides, the message begins the branch that it takes.
    ///
    /// Gives the payload back if there is no room: the role waits, and [`VM::take_woken`] names it when there is.
    ///
    /// # Errors
    ///
    /// When the session has ended, or the role may not send this message now.
    pub fn driven_send(
        &mut self,
        seat: Seat,
        to: RoleId,
        label: LabelId,
        value: Value,
    ) -> Result<Option<Value>, DriveError> {
        let value = match self.direct(seat) {
            None => value,
            Some(direct) => match direct.send(to, label, value) {
                Ok(()) => return Ok(None),
                Err(value) => value,
            },
        };
        self.send_in_slice(seat, to, label, value)
    }

    /// [`VM::driven_send`], whatever has a say in it.
    #[inline(never)]
    fn send_in_slice(
        &mut self,
        seat: Seat,
        to: RoleId,
        label: LabelId,
        value: Value,
    ) -> Result<Option<Value>, DriveError> {
        let (slot, coro) = self.place_of(seat)?;
        let called = self.call(slot, coro, |slice| slice.send_from_outside(to, label, value));
        self.answer(slot, coro, called, |names| format!("send {}", in_protocol(names, to, label)))
    }

    /// Receives what has come for a driven role. If nothing has, the role waits, and [`VM::take_woken`] names it when
    /// something does.
    ///
    /// # Errors
    ///
    /// When the session has ended, the role does not receive anything now, or what has come is not allowed by the protocol:
    /// then the session has faulted.
    pub fn driven_receive(&mut self, seat: Seat) -> Result<Option<Received>, DriveError> {
        match self.direct(seat).map_or(Taken::Otherwise, Direct::receive) {
            Taken::Message(received) => Ok(Some(received)),
            Taken::Waits => Ok(None),
            Taken::Otherwise => self.receive_in_slice(seat),
        }
    }

    /// [`VM::driven_receive`], whatever has a say in it.
    #[inline(never)]
    fn receive_in_slice(&mut self, seat: Seat) -> Result<Option<Received>, DriveError> {
        let (slot, coro) = self.place_of(seat)?;
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method itself is not for all lifetimes"
        )]
        let called = self.call(slot, coro, |slice| slice.receive_from_outside());
        self.answer(slot, coro, called, |_| "receive".to_owned())
    }

    /// Whether a driven role could act now: whether something has come that it receives, or there is room for whatever it
    /// sends. If not, the role waits, and [`VM::take_woken`] names it.
    ///
    /// # Errors
    ///
    /// When the session has ended, or the role does nothing any more.
    pub fn driven_is_ready(&mut self, seat: Seat) -> Result<bool, DriveError> {
        let (slot, coro) = self.place_of(seat)?;
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method itself is not for all lifetimes"
        )]
        let called = self.call(slot, coro, |slice| slice.could_act());
        self.answer(slot, coro, called, |_| "anything".to_owned())
    }

    /// Appends the driven roles that waited and can act now, each at least once.
    pub fn take_woken(&mut self, woken: &mut Vec<Seat>) {
        take_all(&mut self.outside.woken, woken);
    }

    /// Appends the sessions with roles played from outside that have ended, and how they have.
    ///
    /// The VM remembers them until they are taken.
    pub fn take_ended(&mut self, ended: &mut Vec<(SessionId, Outcome)>) {
        take_all(&mut self.outside.ended, ended);
    }

    /// Opens a session of which some roles are played from outside.
    fn open_from_outside(
        &mut self,
        image: &CodeImage,
        objects: u32,
        owned: bool,
        players: Players,
        first: RoleId,
    ) -> Result<SessionId, VMError> {
        if image.is_by_hand() {
            return Err(VMError::OutsideByHand { role: role_of(image.names(), first).to_owned() });
        }
        let number = self.numbers.draw();
        let session = self.open_as(Some(number), image, objects, owned, false)?;
        let slot = session.slot();
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        leave_place(block, loaded);
        self.outside.enter(block, loaded, FromOutside::new(players, loaded));
        for role in players.driven.iter() {
            // It may begin with something in which nobody has a part.
            self.call(slot, role, |slice| {
                slice.go_on(slice.cx.at);
                Called::<()>::Done(())
            });
        }
        self.look_after(slot);
        Ok(session)
    }

    /// The roles of a session that are played elsewhere.
    #[cfg(feature = "serde")]
    pub(crate) fn elsewhere(&self, session: SessionId) -> Vec<RoleId> {
        let block = self.block_of(session).ok();
        let from = block.and_then(|block| self.outside.of(block));
        from.map(|from| from.players.elsewhere.iter().collect()).unwrap_or_default()
    }

    /// Where a driven role is.
    fn place_of(&self, seat: Seat) -> Result<(Slot, CoroId), DriveError> {
        let Seat { session, role, lane } = seat;
        let slot = self.running(session)?;
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let actor = Actor { role, lane };
        let coro = match lane {
            _ if role.index() >= loaded.roles => None,
            0 => Some(role),
            _ => loaded.coroutines_of(role).find(|coro| loaded.actor_of(*coro) == actor),
        };
        let is_driven = |coro: &CoroId| {
            let word = coroutine::read(block, loaded.roles_at + coro.index());
            !word.has(HALTED | FORKED)
                && self.outside.of(block).is_some_and(|from| from.players.driven.contains(role))
        };
        let no_seat = || {
            let name = known_role(loaded.image.names(), role).unwrap_or("?");
            DriveError::NoSeat { session, role: name.to_owned(), lane }
        };
        let coro = coro.filter(is_driven).ok_or_else(no_seat)?;
        Ok((slot, coro))
    }

    /// A driven role, if it does one thing at a time and nothing is to be written down.
    #[inline(always)]
    fn direct(&mut self, seat: Seat) -> Option<Direct<'_>> {
        let Seat { session, role, lane } = seat;
        let Outside { parts, woken, .. } = &mut self.outside;
        let block = self.run_queue.arena.find_mut(session.slot())?;
        let is_it = session.vm() == self.run_queue.vm
            && header::ordinal(block) == session.ordinal()
            && header::is_active(block);
        let is_simple = lane == 0 && *parts == 0 && woken.len() < PATIENCE && !self.trace.is_on;
        if !(is_it && is_simple && ready::first_word(block) == 0) {
            return None;
        }
        let loaded = self.images.get(header::image(block));
        let directs = loaded.directs.get().filter(|_| role.index() < loaded.roles)?;
        let (heap, buffers) = (&mut self.heap, &mut self.buffers);
        Some(Direct { session, block, loaded, directs, heap, buffers, woken, role })
    }

    /// Lets a coroutine execute one instruction.
    fn call<T>(
        &mut self,
        slot: Slot,
        coro: CoroId,
        act: impl FnOnce(&mut Slice<'_, '_>) -> Called<T>,
    ) -> Called<T> {
        let session = self.run_queue.session_at(slot);
        if self.records() {
            self.enter_trace(session);
        }
        let Self { run_queue, images, heap, buffers, pending_choices, deferred, .. } = self;
        let (trace, orphans) = (&mut self.trace, &mut self.orphans);
        let woken = &mut self.outside.woken;
        let (handler, network) = (&NoHandler, None);
        let mut run = RunContext {
            handler,
            network,
            heap,
            buffers,
            pending_choices,
            deferred,
            trace,
            orphans,
            woken,
        };
        let block = run_queue.arena.block_and_more_mut(slot);
        let loaded = images.get(header::image(block));
        let mut cx = Context {
            image: &loaded.image,
            session,
            actor: loaded.actor_of(coro),
            word: 0,
            at: 0,
            seed: self.config.seed,
            wraps: &self.wraps,
        };
        let mut slice = Slice::new(block, loaded, &mut run, &mut cx, Host::Nobody, 1);
        slice.sit(coro);
        let called = act(&mut slice);
        slice.name_woken();
        slice.write_ready();
        if self.outside.woken.len() > self.outside.patience {
            self.forget_woken_twice();
        }
        called
    }

    /// Whoever does not ask who was woken is told later; each once, and nobody whose session has ended.
    #[cold]
    fn forget_woken_twice(&mut self) {
        let mut woken = std::mem::take(&mut self.outside.woken);
        let mut known = BTreeSet::new();
        woken.retain(|seat| known.insert(*seat) && self.running(seat.session).is_ok());
        self.outside.patience = PATIENCE.max(2 * woken.len());
        self.outside.woken = woken;
    }

    /// What a call has come to, for the caller; and for the session.
    fn answer<T>(
        &mut self,
        slot: Slot,
        coro: CoroId,
        called: Called<T>,
        asked: impl FnOnce(&Names) -> String,
    ) -> Result<T, DriveError> {
        let answer = match called {
            Called::Done(done) => Ok(done),
            Called::Waits(back) => return self.waits(slot, back),
            Called::NotAllowed => return Err(self.not_allowed(slot, coro, asked)),
            Called::WrongPayload(label, value) => {
                return Err(self.wrong_payload(slot, label, &value));
            }
            Called::Fault(wrong) => Err(self.faulted(slot, coro, wrong)),
        };
        if answer.is_ok() {
            self.look_after_call(slot, coro);
        }
        self.after_call();
        answer
    }

    /// A role waits. It may have been the last that could have acted: then its session is over.
    fn waits<T>(&mut self, slot: Slot, back: T) -> Result<T, DriveError> {
        let session = self.run_queue.session_at(slot);
        self.look_after(slot);
        if header::is_running(self.run_queue.arena.block(slot)) {
            return Ok(back);
        }
        self.after_call();
        Err(DriveError::Ended(VMError::StaleSession { session }))
    }

    fn faulted(&mut self, slot: Slot, coro: CoroId, wrong: Wrong) -> DriveError {
        let session = self.run_queue.session_at(slot);
        self.fault_of_role(slot, coro, wrong.into_cause());
        DriveError::Ended(VMError::StaleSession { session })
    }

    #[cold]
    fn not_allowed(
        &self,
        slot: Slot,
        coro: CoroId,
        asked: impl FnOnce(&Names) -> String,
    ) -> DriveError {
        let loaded = self.loaded_at(slot);
        let (image, role) = (&loaded.image, loaded.actor_of(coro).role);
        let block = self.run_queue.arena.block(slot);
        let at = coroutine::read(block, loaded.roles_at + coro.index()).pc();
        let instr = image.programs.code()[at as usize];
        DriveError::NotAllowed {
            role: role_of(image.names(), role).to_owned(),
            expected: show_compiled(image, instr),
            found: asked(image.names()),
        }
    }

    #[cold]
    fn wrong_payload(&self, slot: Slot, label: LabelId, value: &Value) -> DriveError {
        let label = label_of(self.loaded_at(slot).image.names(), label);
        DriveError::WrongPayload {
            label: label.name.to_owned(),
            expected: label.payload.to_owned(),
            found: in_words(value),
        }
    }

    /// Nobody here can act in a session with roles that are played from outside. Says whether that is all there is to it: it
    /// waits for them, or those that are played here are done.
    fn settle_from_outside(&mut self, slot: Slot) -> bool {
        let block = self.run_queue.arena.block(slot);
        let Some(from) = self.outside.of(block) else { return false };
        let (loaded, players) = (self.images.get(header::image(block)), &from.players);
        if from.is_part() {
            match whereabouts(block, loaded, players) {
                Whereabouts::Elsewhere => return true,
                Whereabouts::Over => {
                    self.finish_unless_left_over(slot);
                    return true;
                }
                Whereabouts::Here => {}
            }
        }
        // Those who wait for roles that are done, or for messages that were lost, are as stuck as others.
        let mut driven = players.driven.iter().flat_map(|role| loaded.coroutines_of(role));
        driven.any(|coro| has_a_move(block, loaded, &self.buffers, coro))
    }

    /// A session with roles that are played from outside has ended.
    pub(super) fn forget_outside(&mut self, slot: Slot, outcome: &Outcome) {
        let session = self.run_queue.session_at(slot);
        self.outside.leave(self.run_queue.arena.block(slot));
        self.outside.ended.push((session, outcome.clone()));
    }

    /// After a call of a role. As long as it has something to do itself, its session is not over.
    fn look_after_call(&mut self, slot: Slot, coro: CoroId) {
        let block = self.run_queue.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let word = coroutine::read(block, loaded.roles_at + coro.index());
        let is_busy = || {
            let op = &loaded.linked.ops[word.pc() as usize];
            let may_rest = || loaded.may_rest(block, loaded.actor_of(coro).role, word.pc());
            !loaded.linked.sent(op).is_empty()
                || !loaded.linked.received(op).is_empty() && !may_rest()
        };
        let nobody_acts = !ready::any(block, ready::words(loaded.coroutines));
        if !(nobody_acts && !word.has(HALTED | FORKED) && is_busy()) {
            self.look_after(slot);
        }
    }

    /// After a call: roles of the session that are not played from outside may be able to act, or it is over.
    pub(super) fn look_after(&mut self, slot: Slot) {
        let block = self.run_queue.arena.block(slot);
        let coroutines = self.images.get(header::image(block)).coroutines;
        if ready::any(block, ready::words(coroutines)) {
            self.run_queue.enqueue(slot);
        } else if !header::is_queued(block) {
            self.settle(slot);
        }
    }
}

/// Where a part may go on in which nobody here can act.
enum Whereabouts {
    /// Somebody elsewhere has not got what is for him, or can still send until it is known that he is done.
    Elsewhere,
    /// Nowhere: all are done who are played here.
    Over,
    /// Here, if at all.
    Here,
}

fn whereabouts(block: &[u64], loaded: &Loaded, players: &Players) -> Whereabouts {
    let is_due = |&(between, plan): &(Channel, Plan)| {
        channel::len(block, plan) > 0 && players.elsewhere.contains(between.to)
    };
    let (mut is_here, mut is_elsewhere) = (false, loaded.plans.existing().iter().any(is_due));
    if is_elsewhere {
        return Whereabouts::Elsewhere;
    }
    let words = coroutine::words(block, loaded.roles_at, loaded.coroutines);
    for (&word, coro) in words.iter().zip((0..).map(CoroId::at)) {
        let is_live = !Coro::from_word(word).has(HALTED);
        if players.elsewhere.contains(loaded.actor_of(coro).role) {
            is_elsewhere |= is_live;
        } else {
            is_here |= is_live;
        }
    }
    match (is_here, is_elsewhere) {
        (false, _) => Whereabouts::Over,
        (true, true) => Whereabouts::Elsewhere,
        (true, false) => Whereabouts::Here,
    }
}

/// Appends one list to another. Mostly one of them is empty, and nothing is copied.
#[inline(always)]
fn take_all<T>(from: &mut Vec<T>, to: &mut Vec<T>) {
    if from.is_empty() {
    } else if to.is_empty() {
        std::mem::swap(from, to);
    } else {
        to.append(from);
    }
}

/// A message in words, whose receiver or label may be none of its protocol.
fn in_protocol(names: &Names, to: RoleId, label: LabelId) -> String {
    let to = known_role(names, to).map_or_else(|| format!("role {to}"), str::to_owned);
    if label.index() < names.label_count() {
        format!("{to}!{}", label_of(names, label))
    } else {
        format!("{to}!label {label}")
    }
}
