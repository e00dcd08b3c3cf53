//! The machine as its embedder sees it. How sessions begin and end is in `lifecycle`, who runs next in
//! `rounds`, what can be done to running sessions in `control`.

use std::collections::BinaryHeap;
use std::sync::Arc;

use slab::Slab;
use telltale_bytecode::CodeImage;

use super::endpoints::Endpoints;
use super::numbers::Numbers;
use super::outside::Outside;
use super::rounds::Call;
use crate::exec::PendingChoices;
use crate::memory::arena::Slot;
use crate::memory::channel::Buffers;
use crate::memory::deferred::Deferred;
use crate::memory::header;
use crate::memory::heap::{Heap, Word};
use crate::memory::wraps::Wraps;
use crate::program::loaded::Loaded;
use crate::program::registry::Registry;
use crate::roles::host::{ErasedObjects, SessionObjects};
use crate::scheduler::random::Draws;
use crate::scheduler::run_queue::RunQueue;
use crate::scheduler::{self, GiveTurns, Turns};
use crate::session::VmTag;
use crate::trace::store::Trace;
use crate::view::{CoroutineView, SessionView};
use crate::{
    EffectHandler, Fault, ObsEvent, Outcome, Policy, Progress, Recording, SessionId, SessionStatus,
    SimClock, StepResult, VMConfig, VMError,
};

/// A machine that runs any number of sessions, side by side in one thread.
///
/// The same calls with the same handlers give the same trace, every time.
///
/// Sessions are opened with [`VM::load_choreography`] (the handler of the run answers for all
/// roles) or with `Roles { … }.open(&mut vm)` of a protocol made by `choreography!` (role objects answer).
/// [`VM::run`] then lets them act until nobody can.
#[derive(Debug)]
pub struct VM {
    pub(super) config: VMConfig,
    /// How its policy gives turns.
    pub(super) give_turns: GiveTurns,
    pub(super) run_queue: RunQueue,
    pub(super) heap: Heap,
    pub(super) buffers: Buffers,
    pub(super) pending_choices: PendingChoices,
    pub(super) images: Registry,
    pub(super) objects: Slab<SessionObjects>,
    /// Boxes of role objects of sessions that have ended, as far as they can be filled again.
    pub(super) spare: Vec<Box<dyn ErasedObjects>>,
    pub(super) open: usize,
    pub(super) numbers: Numbers,
    pub(super) trace: Trace,
    pub(super) deferred: Deferred,
    pub(super) paused: Vec<String>,
    pub(super) endpoints: Endpoints,
    pub(super) outside: Outside,
    /// Payloads that have lost their place, and with them perhaps an endpoint.
    pub(super) orphans: Vec<Word>,
    pub(super) sink: Option<Sink>,
    pub(super) coroutines: usize,
    pub(super) wraps: Wraps,
    pub(super) faults: Vec<(SessionId, Arc<Fault>)>,
    pub(super) unreported: usize,
    /// How sessions have ended that whoever stands in front of the handler is still to be told of, if there is anybody.
    pub(super) ended: Option<Vec<(SessionId, Outcome)>>,
    /// Whether the faults have been reported.
    pub(super) is_reported: bool,
    /// What is known until all sessions that were resumed have their role objects.
    #[cfg(feature = "serde")]
    pub(super) resumed: Option<Box<super::inside::Resumed>>,
}

/// Whoever is told every event instead of the trace.
///
/// It takes the events out of the trace itself, so that programs without a sink do not have what that needs.
pub(super) struct Sink(Box<dyn FnMut(&mut Trace) + Send>);

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sink")
    }
}

/// A machine without sessions, set up by [`VMConfig::default`].
impl Default for VM {
    fn default() -> Self {
        let config = VMConfig::default();
        debug_assert_eq!(config.policy, Policy::Cooperative, "it need not be looked up");
        Self::with_tag(config, VmTag::next(), scheduler::COOPERATIVE)
    }
}

impl VM {
    /// A machine without sessions.
    pub fn new(config: VMConfig) -> Self {
        let give_turns = scheduler::by(config.policy);
        Self::with_tag(config, VmTag::next(), give_turns)
    }

    /// A machine whose sessions have this tag, and get turns so.
    pub(super) fn with_tag(config: VMConfig, tag: VmTag, give_turns: GiveTurns) -> Self {
        let quantum = config.quantum.max(1);
        let shuffle = (config.policy == Policy::Random).then(|| Draws::new(config.seed));
        Self {
            give_turns,
            run_queue: RunQueue::new(tag, quantum, shuffle),
            heap: Heap::default(),
            buffers: Buffers::default(),
            pending_choices: PendingChoices::default(),
            images: Registry::default(),
            objects: Slab::new(),
            spare: Vec::new(),
            open: 0,
            numbers: Numbers::default(),
            trace: Trace::new(config.recording),
            deferred: Deferred::default(),
            paused: Vec::new(),
            endpoints: Endpoints::default(),
            outside: Outside::default(),
            orphans: Vec::new(),
            sink: None,
            coroutines: 0,
            wraps: Wraps::default(),
            faults: Vec::new(),
            unreported: 0,
            ended: None,
            is_reported: false,
            #[cfg(feature = "serde")]
            resumed: None,
            config: VMConfig { quantum, ..config },
        }
    }

    /// Opens a session of an image, whose roles are played by the handler of the run.
    ///
    /// # Errors
    ///
    /// At a limit of the VM, which is then as it was before.
    pub fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        self.expect_all_images();
        self.open(image, 0, false, true)
    }

    /// Lets one ready coroutine have a turn: it runs until it waits, is done or has used what its session may execute in one
    /// slice.
    ///
    /// # Errors
    ///
    /// When its session faulted and nobody will be told about it otherwise.
    pub fn step(&mut self, handler: &dyn EffectHandler) -> Result<StepResult, VMError> {
        self.step_round(handler, 1)
    }

    /// Lets up to `n` ready coroutines have a turn: each runs until it waits, is done or has used
    /// what its session may execute in one slice. Where two turns or more are left, sessions follow their scripts, in which
    /// one instruction is a turn: an exchange is one of its sender and one of its receiver.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn step_round(
        &mut self,
        handler: &dyn EffectHandler,
        n: usize,
    ) -> Result<StepResult, VMError> {
        self.forget_reported();
        let turns = self.give_turns(handler, n);
        self.report()?;
        Ok(StepResult { turns, progress: self.progress() })
    }

    /// Lets up to `n` ready coroutines have a turn; gives how many had one.
    pub(crate) fn give_turns(&mut self, handler: &dyn EffectHandler, n: usize) -> usize {
        let call = Call { handler, network: handler.network(), by_turns: true };
        let mut turns = Turns { left: n };
        self.rounds(call, 1, &mut turns);
        n - turns.left
    }

    /// Lets sessions act until nobody can, or for `max_rounds` rounds. In a round, every session that
    /// was ready at its start has one slice.
    ///
    /// Gives how far the sessions have come: whether all is done, and if not, why nobody acts.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn run(
        &mut self,
        handler: &dyn EffectHandler,
        max_rounds: usize,
    ) -> Result<Progress, VMError> {
        let call = Call { handler, network: handler.network(), by_turns: false };
        self.forget_reported();
        self.rounds(call, max_rounds, &mut Turns { left: usize::MAX });
        self.report()?;
        Ok(self.progress())
    }

    /// How far the sessions have come.
    pub fn progress(&self) -> Progress {
        if !self.run_queue.is_idle() {
            Progress::OutOfFuel
        } else if self.open == 0 {
            Progress::Complete
        } else {
            Progress::Waiting
        }
    }

    /// The roles of all sessions that are running.
    pub fn coroutines(&self) -> impl Iterator<Item = CoroutineView<'_>> {
        self.sessions().flat_map(|session| session.coroutines())
    }

    /// The sessions that wait for the outside: for an answer of a handler, for a deferred message, for a paused
    /// role, or for the holders of their endpoints. Each prints who waits for what.
    pub fn waiting(&self) -> impl Iterator<Item = SessionView<'_>> {
        self.sessions().filter(|session| !session.is_ready())
    }

    /// From now on, every event is given to `sink` at the end of its round, and the trace keeps none.
    ///
    /// Nothing is given unless something is recorded ([`VMConfig::recording`]).
    pub fn record_to(&mut self, mut sink: impl FnMut(&ObsEvent) + Send + 'static) {
        self.trace.keep_all();
        self.sink = Some(Sink(Box::new(move |trace| trace.drain_to(&mut sink))));
    }

    #[inline]
    pub(crate) fn drain_sink(&mut self) {
        if let Some(Sink(sink)) = &mut self.sink {
            sink(&mut self.trace);
        }
    }

    /// How many events were recorded that the trace does not keep any more ([`Recording::Last`]).
    pub fn forgotten_events(&self) -> u64 {
        self.trace.forgotten()
    }

    /// What was recorded and is kept, oldest first.
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
        self.run_queue.clock
    }

    /// How many sessions are running.
    pub fn open_sessions(&self) -> usize {
        self.open
    }

    /// How many bytes the sessions take, channels included; role objects and payloads that are not
    /// scalars are not. Memory that is kept for later sessions counts.
    pub fn session_memory(&self) -> usize {
        self.run_queue.arena.bytes() + self.buffers.bytes()
    }

    /// Where a session is in its life. Of one that has ended this is known until its memory is
    /// used again.
    ///
    /// # Errors
    ///
    /// When the session is stale, or belongs to another VM.
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
        let loaded = self.images.get(header::image(block));
        Ok(SessionView::new(session, block, loaded, &self.deferred, &self.wraps))
    }

    /// The sessions that are running, in the order of their numbers.
    pub fn sessions(&self) -> impl Iterator<Item = SessionView<'_>> {
        self.running_slots().into_iter().map(|slot| self.view_at(slot))
    }

    /// The slots of the sessions that are running, in the order in which they were opened: the order in memory depends
    /// on what ran before, and must not show in a trace.
    pub(crate) fn running_slots(&self) -> Vec<Slot> {
        let RunQueue { arena, .. } = &self.run_queue;
        let mut running = BinaryHeap::new();
        for slot in arena.slots() {
            let block = arena.block(slot);
            if header::is_running(block) {
                running.push((header::ordinal(block), slot));
            }
        }
        running.into_sorted_vec().into_iter().map(|(_, slot)| slot).collect()
    }

    /// The image of the session at a slot.
    pub(crate) fn loaded_at(&self, slot: Slot) -> &Loaded {
        self.images.get(header::image(self.run_queue.arena.block(slot)))
    }

    pub(crate) fn block_of(&self, session: SessionId) -> Result<&[u64], VMError> {
        self.slot_of(session).map(|slot| self.run_queue.arena.block(slot))
    }

    /// The slot of a session, which may have ended.
    pub(crate) fn slot_of(&self, session: SessionId) -> Result<Slot, VMError> {
        if session.vm() != self.run_queue.vm {
            return Err(VMError::ForeignSession { session });
        }
        let arena = &self.run_queue.arena;
        let slot = match session.slot() {
            Slot::UNKNOWN => self.numbers.find_early(session.ordinal()),
            slot => Some(slot),
        };
        let is_there = |slot: &Slot| {
            arena.find(*slot).is_some_and(|block| header::ordinal(block) == session.ordinal())
        };
        slot.filter(is_there).ok_or(VMError::StaleSession { session })
    }

    /// Events from now on are those of this session.
    pub(super) fn enter_trace(&mut self, session: SessionId) {
        let image = header::image(self.run_queue.arena.block(session.slot()));
        self.trace.enter(session, self.images.get(image).image.global_type.names());
    }

    pub(crate) fn records(&self) -> bool {
        self.config.recording != Recording::Off
    }
}
