//! The machine: sessions, their memory, and who runs next.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use slab::Slab;
use telltale_bytecode::{CodeImage, Pc};
use telltale_types::RoleId;

use crate::arena::{Arena, Slot};
use crate::channel::{self, Buffers};
use crate::coroutine::Coro;
use crate::deferred::Deferred;
use crate::exec::{Held, Host, Step, Visit};
use crate::foreign::Foreign;
use crate::heap::{Heap, Word};
use crate::registry::Registry;
use crate::roles::Cast;
use crate::scheduler::{self, Budget};
use crate::trace::{Stamp, Tag, Trace};
use crate::view::SessionView;
use crate::{
    Cause, Context, EffectHandler, Fault, Network, ObsEvent, Outcome, Policy, Progress, Recording,
    SessionHost, SessionId, SessionStatus, SimClock, StepResult, VMConfig, VMError, header, ready,
    registers,
};

/// A machine that runs any number of sessions, one after the other in one thread.
///
/// The same calls with the same handlers give the same trace, every time.
///
/// Sessions are opened with [`VM::load_choreography`] (the handler of the run answers for all
/// roles) or with the `open` function of a protocol made by `choreography!` (role objects answer).
/// [`VM::run`] then lets them act until nobody can.
#[derive(Debug)]
pub struct VM {
    config: VMConfig,
    pub(crate) arena: Arena,
    pub(crate) heap: Heap,
    pub(crate) buffers: Buffers,
    held: Held,
    pub(crate) images: Registry,
    casts: Slab<Company>,
    pub(crate) queue: VecDeque<Slot>,
    open: usize,
    next_ordinal: u64,
    clock: SimClock,
    pub(crate) trace: Trace,
    pub(crate) deferred: Deferred,
    pub(crate) paused: BTreeSet<String>,
    pub(crate) foreign: Foreign,
    /// Payloads that have lost their place, and with them perhaps an endpoint.
    pub(crate) strays: Vec<Word>,
    sink: Option<Sink>,
    coroutines: usize,
    faults: Vec<(SessionId, Arc<Fault>)>,
    untold: usize,
}

/// Whoever is told every event instead of the trace.
struct Sink(Box<dyn FnMut(ObsEvent) + Send>);

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}

/// The role objects of a session, and how it ended.
struct Company {
    cast: Box<dyn Cast>,
    outcome: Option<Outcome>,
}

impl std::fmt::Debug for Company {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Company({:?})", self.outcome)
    }
}

impl VM {
    /// A machine without sessions.
    pub fn new(config: VMConfig) -> Self {
        Self {
            arena: Arena::default(),
            heap: Heap::default(),
            buffers: Buffers::default(),
            held: Held::default(),
            images: Registry::default(),
            casts: Slab::new(),
            queue: VecDeque::new(),
            open: 0,
            next_ordinal: 0,
            clock: SimClock::default(),
            trace: Trace::new(config.recording),
            deferred: Deferred::default(),
            paused: BTreeSet::new(),
            foreign: Foreign::default(),
            strays: Vec::new(),
            sink: None,
            coroutines: 0,
            faults: Vec::new(),
            untold: 0,
            config: VMConfig { quantum: config.quantum.max(1), ..config },
        }
    }

    /// Opens a session of an image, whose roles are played by the handler of the run.
    ///
    /// # Errors
    ///
    /// When there are too many sessions. The VM is then as it was before.
    pub fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        self.open(image, 0, false)
    }

    /// Lets one ready coroutine have a turn.
    ///
    /// # Errors
    ///
    /// When its session faulted and nobody will be told about it otherwise.
    pub fn step(&mut self, handler: &dyn EffectHandler) -> Result<StepResult, VMError> {
        self.step_round(handler, 1)
    }

    /// Lets up to `n` ready coroutines have a turn: each runs until it waits, is done or has used
    /// its quantum.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have gone on.
    pub fn step_round(
        &mut self,
        handler: &dyn EffectHandler,
        n: usize,
    ) -> Result<StepResult, VMError> {
        let network = handler.network();
        self.start_report();
        self.start_round();
        let mut left = n;
        for _ in 0..self.queue.len() {
            if left == 0 {
                break;
            }
            left = self.visit_next(handler, network, left);
        }
        self.tell_sink();
        self.report()?;
        Ok(StepResult { turns: n - left, progress: self.progress() })
    }

    /// Lets sessions act until nobody can, or for so many rounds. In a round, every session that
    /// was ready at its start has one visit.
    ///
    /// [`VM::progress`] says afterwards whether all is done.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have gone on.
    pub fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<(), VMError> {
        let network = handler.network();
        self.start_report();
        for _ in 0..max_rounds {
            if self.queue.is_empty() {
                break;
            }
            self.start_round();
            for _ in 0..self.queue.len() {
                self.visit_next(handler, network, usize::MAX);
            }
            self.tell_sink();
        }
        self.tell_sink();
        self.report()
    }

    /// How far the sessions have come.
    pub fn progress(&self) -> Progress {
        if !self.queue.is_empty() {
            Progress::OutOfFuel
        } else if self.open == 0 {
            Progress::Complete
        } else {
            Progress::Waiting
        }
    }

    /// The sessions that wait for the outside: for an answer of a handler, for a deferred message, for
    /// a paused role. Each prints who waits for what.
    pub fn waiting(&self) -> impl Iterator<Item = SessionView<'_>> {
        self.sessions().filter(|session| !session.is_ready())
    }

    /// From now on, every event is given to `sink` at the end of its round, and the trace keeps none.
    ///
    /// Nothing is given unless something is recorded ([`VMConfig::recording`]).
    pub fn record_to(&mut self, sink: impl FnMut(ObsEvent) + Send + 'static) {
        self.sink = Some(Sink(Box::new(sink)));
    }

    pub(crate) fn tell_sink(&mut self) {
        if let Some(Sink(sink)) = &mut self.sink {
            self.trace.drain().into_iter().for_each(sink);
        }
    }

    /// What was recorded, oldest first.
    pub fn trace(&self) -> Vec<ObsEvent> {
        self.trace.events()
    }

    /// The sessions that faulted in the last call of [`VM::run`] or [`VM::step_round`], and why.
    pub fn faults(&self) -> impl ExactSizeIterator<Item = (SessionId, &Fault)> {
        self.faults.iter().map(|(session, fault)| (*session, &**fault))
    }

    /// How the VM was set up.
    pub fn config(&self) -> &VMConfig {
        &self.config
    }

    /// Simulated time: the rounds so far.
    pub fn clock(&self) -> SimClock {
        self.clock
    }

    /// How many sessions are running.
    pub fn open_sessions(&self) -> usize {
        self.open
    }

    /// How many bytes the sessions take, channels included; role objects and payloads that are not
    /// scalars are not. Memory that is kept for later sessions counts.
    pub fn session_memory(&self) -> usize {
        self.arena.bytes() + self.buffers.bytes()
    }

    /// Where a session is in its life. Of one that has ended this is known until its memory is
    /// used again.
    ///
    /// # Errors
    ///
    /// When the session is stale.
    pub fn status(&self, session: SessionId) -> Result<SessionStatus, VMError> {
        let status = header::status(self.block_of(session)?);
        status.ok_or(VMError::StaleSession { session })
    }

    /// A look at a session that is running.
    ///
    /// # Errors
    ///
    /// When the session has ended.
    pub fn session(&self, session: SessionId) -> Result<SessionView<'_>, VMError> {
        let block = self.block_of(session)?;
        if !header::is_running(block) {
            return Err(VMError::StaleSession { session });
        }
        Ok(SessionView::new(session, block, self.images.get(header::image(block))))
    }

    /// The sessions that are running, in the order of their memory.
    pub fn sessions(&self) -> impl Iterator<Item = SessionView<'_>> {
        self.arena.slots().filter_map(|slot| {
            let block = self.arena.block(slot);
            let session = SessionId::new(header::ordinal(block), slot);
            let loaded = self.images.get(header::image(block));
            header::is_running(block).then(|| SessionView::new(session, block, loaded))
        })
    }

    pub(crate) fn block_of(&self, session: SessionId) -> Result<&[u64], VMError> {
        let stale = VMError::StaleSession { session };
        if !self.arena.contains(session.slot()) {
            return Err(stale);
        }
        let block = self.arena.block(session.slot());
        if header::ordinal(block) == session.ordinal() { Ok(block) } else { Err(stale) }
    }

    pub(crate) fn records(&self) -> bool {
        self.config.recording != Recording::Off
    }
}

/// Opening and ending sessions.
impl VM {
    pub(crate) fn open(
        &mut self,
        image: &CodeImage,
        cast: u32,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        let limit = self.config.max_sessions;
        if self.open >= limit {
            return Err(VMError::TooManySessions { limit });
        }
        let (given, limit) = (image.registers(), self.config.max_registers.into());
        if given > limit {
            return Err(VMError::TooManyRegisters { given, limit });
        }
        let number = self.images.number_of(image, &self.config, &mut self.arena)?;
        let slot = match self.slot_for(number) {
            Ok(slot) => slot,
            Err(error) => {
                self.images.list_if_unused(number);
                return Err(error);
            }
        };
        let loaded = self.images.get_mut(number);
        let block = self.arena.block_mut(slot);
        block[..loaded.template.len()].copy_from_slice(&loaded.template);
        header::set_ordinal(block, self.next_ordinal);
        block[1] = header::opened(cast, number, loaded.roles, owned);
        loaded.sessions += 1;
        self.coroutines += loaded.roles;
        if !self.paused.is_empty() {
            loaded.pause(block, &self.paused);
        }

        let session = SessionId::new(self.next_ordinal, slot);
        self.next_ordinal += 1;
        self.open += 1;
        self.queue.push_back(slot);
        if self.config.recording != Recording::Off {
            self.trace.push_opened(session, loaded.image.global_type.names());
        }
        Ok(session)
    }

    /// A block for one more session of an image.
    fn slot_for(&mut self, image: u16) -> Result<Slot, VMError> {
        let loaded = self.images.get(image);
        let (given, open, limit) = (loaded.roles, self.coroutines, self.config.max_coroutines);
        if given > limit - open.min(limit) {
            return Err(VMError::TooManyCoroutines { given, open, limit });
        }
        self.arena.take(loaded.class).ok_or(VMError::TooManySessions { limit: self.open })
    }

    /// Nobody in the session can act: it is complete, it waits for the outside, or it is stuck.
    #[cold]
    fn settle(&mut self, slot: Slot) {
        let block = self.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let session = SessionId::new(header::ordinal(block), slot);
        let view = SessionView::new(session, block, loaded);
        if view.waits_for_outside() || self.deferred.outstanding(session) > 0 {
            return;
        }
        let is_drained = view.status() == SessionStatus::Draining;
        if header::live(block) == 0 || view.is_at_rest() || is_drained {
            return self.finish(slot, Outcome::Completed);
        }
        let cause = Cause::Stuck { waiting: view.who_waits() };
        self.fault(slot, Fault { role: None, instruction: None, cause });
    }

    #[cold]
    fn fault_of_role(&mut self, slot: Slot, role: RoleId, cause: Cause) {
        let block = self.arena.block(slot);
        let loaded = self.images.get(header::image(block));
        let image = &loaded.image;
        let pc = Coro::from_word(block[loaded.roles_at + role.index()]).pc();
        let place = Pc(pc - image.programs.start(role));
        let instr = image.programs[role].get(place.index());
        // In the disassembly the operands stand in a column, in a sentence they do not.
        let in_a_sentence = |line: String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let instruction = instr.map(|&instr| in_a_sentence(image.show(place, instr).to_string()));
        let role = Some(image.names().role(role).to_owned());
        // Others may be ready, but nobody visits them any more.
        ready::clear_all(self.arena.block_mut(slot), ready::words(loaded.roles));
        self.fault(slot, Fault { role, instruction, cause });
    }

    fn fault(&mut self, slot: Slot, fault: Fault) {
        let block = self.arena.block(slot);
        let session = SessionId::new(header::ordinal(block), slot);
        let fault = Arc::new(fault);
        if !header::is_owned(block) {
            self.untold += 1;
        }
        self.faults.push((session, fault.clone()));
        self.finish(slot, Outcome::Faulted(fault));
    }

    pub(crate) fn finish(&mut self, slot: Slot, outcome: Outcome) {
        self.release_messages(slot);
        let records = self.records();
        let block = self.arena.block_mut(slot);
        let session = SessionId::new(header::ordinal(block), slot);
        let loaded = self.images.get(header::image(block));
        if records {
            let stamp = Stamp::new(session);
            match &outcome {
                Outcome::Completed => self.trace.push_session(stamp, Tag::Closed),
                Outcome::Cancelled { .. } => self.trace.push_session(stamp, Tag::Cancelled),
                Outcome::Faulted(fault) => self.trace.push_fault(stamp, fault.clone()),
            }
        }
        header::set_status(block, outcome.status());
        let (has_coroutines, roles) = (header::has_coroutines(block), loaded.roles);
        self.open -= 1;
        self.coroutines -= loaded.roles;
        self.held.forget(session);
        self.deferred.forget(session);

        let cast = header::cast(block) as usize;
        if header::is_owned(block) {
            self.casts[cast - 1].outcome = Some(outcome);
        } else {
            if cast != 0 {
                self.casts.remove(cast - 1);
            }
            self.free(slot);
        }
        if !has_coroutines {
            (0..roles).for_each(|role| self.wake_waiter(session, RoleId::at(role)));
        }
        self.drop_strays();
    }

    /// Takes out what is still in the channels and registers of a session that has ended.
    fn release_messages(&mut self, slot: Slot) {
        let block = self.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        for plan in loaded.plans.all() {
            while channel::len(block, plan) > 0 {
                let (message, _) = channel::pop(block, &self.buffers, plan);
                self.strays.push(message.word);
            }
            channel::release(block, &mut self.buffers, plan);
        }
        for place in loaded.registers() {
            self.strays.extend(registers::clear(block, place));
        }
    }

    fn free(&mut self, slot: Slot) {
        let block = self.arena.block_mut(slot);
        let image = header::image(block);
        if ready::any(block, ready::words(self.images.get(image).roles)) {
            header::set_forsaken(block);
        } else {
            self.images.release(image);
            self.arena.give_back(slot);
        }
    }
}

/// Who runs next.
impl VM {
    fn start_round(&mut self) {
        self.clock.advance();
        self.trace.set_tick(self.clock.now());
    }

    /// Visits the session at the head of the queue; gives how many turns are left.
    fn visit_next(
        &mut self,
        handler: &dyn EffectHandler,
        network: Option<&dyn Network>,
        turns: usize,
    ) -> usize {
        let Some(slot) = self.queue.pop_front() else { return turns };
        if !header::is_running(self.arena.block(slot)) {
            self.forget_ended(slot);
            return turns;
        }
        let mut budget = Budget { instructions: self.config.quantum, turns };
        let visited = if self.records() {
            self.visit::<true>(slot, handler, network, &mut budget)
        } else {
            self.visit::<false>(slot, handler, network, &mut budget)
        };
        match visited {
            Ok(Visited { outside: Some(role), .. }) => self.execute_and_go_on(slot, role, handler),
            Ok(Visited { is_ready: true, .. }) => self.queue.push_back(slot),
            Ok(Visited { is_ready: false, .. }) => self.settle(slot),
            Err((role, cause)) => self.fault_of_role(slot, role, *cause),
        }
        budget.turns
    }

    /// A turn has ended at an instruction that concerns another session.
    #[cold]
    fn execute_and_go_on(&mut self, slot: Slot, role: RoleId, handler: &dyn EffectHandler) {
        let executed = catch_unwind(AssertUnwindSafe(|| self.execute_outside(slot, role, handler)));
        let executed = executed.unwrap_or_else(|panic| Err(panicked(&*panic).into()));
        self.drop_strays();
        let block = self.arena.block(slot);
        if !header::is_running(block) {
            return;
        }
        if let Err(cause) = executed {
            self.fault_of_role(slot, role, *cause);
        } else if ready::any(block, ready::words(self.images.get(header::image(block)).roles)) {
            self.queue.push_back(slot);
        } else {
            self.settle(slot);
        }
    }

    /// The queue has come to a session that somebody outside has ended.
    #[cold]
    fn forget_ended(&mut self, slot: Slot) {
        let block = self.arena.block_mut(slot);
        let roles = self.images.get(header::image(block)).roles;
        ready::clear_all(block, ready::words(roles));
        if header::is_forsaken(block) {
            self.free(slot);
        }
    }

    /// Gives turns to the roles of a session. Says whether any can still act.
    fn visit<const TRACE: bool>(
        &mut self,
        slot: Slot,
        handler: &dyn EffectHandler,
        network: Option<&dyn Network>,
        budget: &mut Budget,
    ) -> Result<Visited, (RoleId, Box<Cause>)> {
        let block = self.arena.block_mut(slot);
        let image = header::image(block);
        let cast = header::cast(block) as usize;
        let loaded = self.images.get(image);
        let session = SessionId::new(header::ordinal(block), slot);
        let cx = Context {
            image: &loaded.image,
            session,
            role: RoleId(0),
            count: 0,
            seed: self.config.seed,
        };
        let stamp = Stamp::new(session);
        let (heap, buffers) = (&mut self.heap, &mut self.buffers);
        let (held, deferred) = (&mut self.held, &mut self.deferred);
        let (trace, strays) = (&mut self.trace, &mut self.strays);
        let policy = self.config.policy;
        macro_rules! go {
            ($host:expr, $network:expr) => {
                go::<_, TRACE>(
                    policy,
                    Visit {
                        host: $host,
                        network: $network,
                        block,
                        loaded,
                        heap,
                        buffers,
                        held,
                        deferred,
                        trace,
                        stamp,
                        cx,
                        strays,
                        outside: None,
                        at: 0,
                        end: Ok(Step::Wait),
                    },
                    budget,
                )
            };
        }
        if cast == 0 { go!(handler, network) } else { go!(&mut *self.casts[cast - 1].cast, None) }
    }

    fn start_report(&mut self) {
        self.faults.clear();
        self.untold = 0;
    }

    /// An error if sessions faulted and nobody holds a handle that will say so.
    fn report(&self) -> Result<(), VMError> {
        if self.untold == 0 {
            return Ok(());
        }
        let untold = self.faults.iter().find(|(session, _)| {
            self.block_of(*session).map_or(true, |block| !header::is_owned(block))
        });
        match untold {
            Some((session, fault)) => Err(VMError::Faulted {
                count: self.untold,
                session: *session,
                fault: fault.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// A visit in which panics of the handler become faults.
fn go<H: Host, const TRACE: bool>(
    policy: Policy,
    mut visit: Visit<'_, H>,
    budget: &mut Budget,
) -> Result<Visited, (RoleId, Box<Cause>)> {
    let result =
        catch_unwind(AssertUnwindSafe(|| scheduler::visit::<H, TRACE>(policy, &mut visit, budget)));
    let role = visit.cx.role;
    match result {
        Ok(Ok(())) => {
            let is_ready = ready::any(visit.block, ready::words(visit.loaded.roles));
            Ok(Visited { is_ready, outside: visit.outside })
        }
        Ok(Err(cause)) => Err((role, cause)),
        Err(panic) => {
            visit.note_place();
            Err((role, panicked(&*panic).into()))
        }
    }
}

/// What is left when a session has been visited.
struct Visited {
    /// Whether any role can still act.
    is_ready: bool,
    /// A role whose instruction concerns another session.
    outside: Option<RoleId>,
}

fn panicked(panic: &(dyn Any + Send)) -> Cause {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Cause::Panicked { message: text.unwrap_or_else(|| "a value that is not text".to_owned()) }
}

impl SessionHost for VM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        cast: Box<dyn Cast>,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        let key = self.casts.insert(Company { cast, outcome: None });
        let opened = self.open(image, key as u32 + 1, owned);
        if opened.is_err() {
            self.casts.remove(key);
        }
        opened
    }

    fn take_session(
        &mut self,
        session: SessionId,
        cast: TypeId,
    ) -> Result<(Outcome, Box<dyn Cast>), VMError> {
        let block = self.block_of(session)?;
        if header::is_running(block) {
            return Err(VMError::StillRunning { session });
        }
        if !header::is_owned(block) {
            return Err(VMError::Detached { session });
        }
        let key = header::cast(block) as usize - 1;
        if Any::type_id(&*self.casts[key].cast) != cast {
            return Err(VMError::StaleSession { session });
        }
        let Company { cast, outcome } = self.casts.remove(key);
        header::disown(self.arena.block_mut(session.slot()));
        self.free(session.slot());
        Ok((outcome.unwrap_or(Outcome::Completed), cast))
    }
}
