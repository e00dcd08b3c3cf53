//! Several machines side by side, each with a thread and sessions of its own.

use std::num::NonZeroUsize;
use std::{iter, thread};

use telltale_bytecode::CodeImage;

use crate::roles::by_handler::RoleSet;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects};
use crate::roles::session::SessionHost;
use crate::session::VmTag;
use crate::{
    EffectHandler, Fault, HandlerResult, LabelId, ObsEvent, Outcome, Progress, Recording, RoleId,
    SessionId, SetId, SimClock, StepResult, VM, VMBackend, VMConfig, VMError, Value,
};

/// A machine that runs its sessions on several threads.
///
/// Every session belongs to one *worker*, which is a [`VM`], for its whole life; sessions are given to the workers
/// in turns. They share nothing, so no worker ever waits for another, and a session does what it would do in
/// a [`VM`]: its trace is the same, number and ticks included. (Where programs open sessions themselves, those
/// stay with the worker, and their numbers depend on how many workers there are.)
///
/// Threads live as long as one call of [`ThreadedVM::run`]. What the configuration limits, it limits for each
/// worker.
///
/// ```
/// # use telltale_vm::{Branch, Context, EffectHandler, HandlerResult, LabelId, Picked, RoleId, Value};
/// # struct Units;
/// # impl EffectHandler for Units {
/// #     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
/// #         Ok(Value::Unit)
/// #     }
/// #     fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
/// #         Ok(())
/// #     }
/// #     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
/// #         Ok(Picked { branch: 0, value: Value::Unit })
/// #     }
/// # }
/// # let global = telltale_types::GlobalTerm::send("A", "B", telltale_types::Label::new("Ping"),
/// #     telltale_types::GlobalTerm::end()).close()?;
/// # let projected = telltale_theory::project_all(&global)?;
/// # let image = telltale_vm::loader::CodeImage::from_local_types(&projected.into_iter().collect(), &global);
/// use telltale_vm::{Progress, ThreadedVM, VMConfig};
///
/// let workers = std::thread::available_parallelism()?;
/// let mut vm = ThreadedVM::new(VMConfig::default(), workers);
/// for _ in 0..1_000 {
///     vm.load_choreography(&image)?;
/// }
/// vm.run(&Units, 1_000)?;
/// assert_eq!(vm.progress(), Progress::Complete);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ThreadedVM {
    workers: Vec<Apart<VM>>,
    /// The worker that gets the next session.
    next: usize,
    /// The worker that is stepped first.
    first: usize,
}

/// What one thread works on lies apart from what others do: two threads that write to the same cache line slow
/// each other down.
#[derive(Debug)]
#[repr(align(64))]
struct Apart<T>(T);

impl ThreadedVM {
    /// A machine without sessions.
    pub fn new(config: VMConfig, workers: NonZeroUsize) -> Self {
        let configs = iter::repeat_n(config, workers.get()).zip(0..);
        let (tag, count) = (VmTag::next(), workers.get() as u64);
        let worker = |(config, nth)| Apart(VM::numbering(config, tag, nth, count));
        Self { workers: configs.map(worker).collect(), next: 0, first: 0 }
    }

    /// The machines of all workers.
    pub fn machines(&self) -> impl ExactSizeIterator<Item = &VM> {
        self.workers.iter().map(|worker| &worker.0)
    }

    /// The machine in which a session runs, or ran: whatever can be asked of a session can be asked there.
    pub fn worker_of(&self, session: SessionId) -> &VM {
        &self.workers[self.number_of(session)].0
    }

    /// The machine in which a session runs, to close it, wake its roles and so on.
    pub fn worker_of_mut(&mut self, session: SessionId) -> &mut VM {
        let number = self.number_of(session);
        &mut self.workers[number].0
    }

    fn number_of(&self, session: SessionId) -> usize {
        (session.ordinal() % self.workers.len() as u64) as usize
    }

    /// Opens a session of an image, whose roles are played by the handler of the run.
    ///
    /// # Errors
    ///
    /// At a limit of its worker; then nothing has changed.
    pub fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        self.open(|vm| vm.load_choreography(image))
    }

    /// Opens a session in the worker whose turn it is.
    fn open(
        &mut self,
        open: impl FnOnce(&mut VM) -> Result<SessionId, VMError>,
    ) -> Result<SessionId, VMError> {
        let opened = open(&mut self.workers[self.next].0)?;
        self.next = (self.next + 1) % self.workers.len();
        Ok(opened)
    }

    /// Lets the sessions of all workers act, each worker on its own thread, until nobody can, or for `max_rounds`
    /// rounds.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn run(
        &mut self,
        handler: &dyn EffectHandler,
        max_rounds: usize,
    ) -> Result<Progress, VMError> {
        let (busy, idle): (Vec<_>, Vec<_>) =
            self.machines_mut().partition(|vm| vm.progress() == Progress::OutOfFuel);
        let mut reports: Vec<_> = idle.into_iter().map(|vm| vm.run(handler, max_rounds)).collect();
        thread::scope(|scope| {
            let mut busy = busy.into_iter();
            let mine = busy.next();
            let others: Vec<_> =
                busy.map(|vm| scope.spawn(|| vm.run(handler, max_rounds))).collect();
            reports.extend(mine.map(|vm| vm.run(handler, max_rounds)));
            reports.extend(others.into_iter().map(|other| {
                // Panics of handlers are caught in the VM; this would be one of the VM itself.
                other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }));
        });
        self.set_clocks();
        reports.into_iter().map(|report| report.map(|_| ())).fold(Ok(()), both)?;
        Ok(self.progress())
    }

    /// Lets up to `n` ready coroutines have a turn, one worker after the other and in this thread: steps
    /// are for looking closely.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn step_round(
        &mut self,
        handler: &dyn EffectHandler,
        n: usize,
    ) -> Result<StepResult, VMError> {
        let (count, mut turns) = (self.workers.len(), 0);
        self.machines_mut().for_each(VM::forget_reported);
        for nth in (self.first..count).chain(0..self.first) {
            if turns < n {
                turns += self.workers[nth].0.give_turns(handler, n - turns);
            }
        }
        self.first = (self.first + 1) % count;
        self.set_clocks();
        self.machines_mut().map(VM::report).fold(Ok(()), both)?;
        Ok(StepResult { turns, progress: self.progress() })
    }

    /// All workers continue at the same tick.
    fn set_clocks(&mut self) {
        let now = self.clock();
        self.machines_mut().for_each(|vm| vm.set_clock(now));
    }

    /// From now on, no role of this name acts, in any session.
    ///
    /// Gives in how many running sessions there is such a role.
    pub fn pause(&mut self, role: &str) -> usize {
        self.machines_mut().map(|vm| vm.pause(role)).sum()
    }

    /// The roles of this name act again. Says whether they were paused.
    pub fn resume(&mut self, role: &str) -> bool {
        let mut was_paused = false;
        self.machines_mut().for_each(|vm| was_paused |= vm.resume(role));
        was_paused
    }

    /// How far the sessions have come.
    pub fn progress(&self) -> Progress {
        let all = || self.machines().map(VM::progress);
        let is_any = |progress| all().any(|one| one == progress);
        [Progress::OutOfFuel, Progress::Waiting]
            .into_iter()
            .find(|&progress| is_any(progress))
            .unwrap_or(Progress::Complete)
    }

    /// What was recorded, oldest first: by ticks, and in a tick by sessions as far as they are independent.
    pub fn trace(&self) -> Vec<ObsEvent> {
        let mut traces: Vec<_> =
            self.machines().map(|vm| vm.trace().into_iter().peekable()).collect();
        let mut merged = Vec::new();
        loop {
            let heads = traces.iter_mut().enumerate();
            let heads = heads.filter_map(|(nth, trace)| {
                trace.peek().map(|event| (event.tick, event.session.ordinal(), nth))
            });
            let Some((_, _, nth)) = heads.min() else { break };
            merged.extend(traces[nth].next());
        }
        if let Recording::Last(most) = self.config().recording {
            merged.drain(..merged.len().saturating_sub(most));
        }
        merged
    }

    /// The sessions that faulted in the last call of [`ThreadedVM::run`] or [`ThreadedVM::step_round`], and
    /// why.
    pub fn faults(&self) -> impl ExactSizeIterator<Item = (SessionId, &Fault)> {
        let mut faults: Vec<_> = self.machines().flat_map(VM::faults).collect();
        faults.sort_by_key(|(session, _)| session.ordinal());
        faults.into_iter()
    }

    /// How many sessions are running.
    pub fn open_sessions(&self) -> usize {
        self.machines().map(VM::open_sessions).sum()
    }

    /// Simulated time: the rounds so far.
    pub fn clock(&self) -> SimClock {
        self.machines().map(VM::clock).max().unwrap_or_default()
    }

    /// How each worker was set up.
    pub fn config(&self) -> &VMConfig {
        self.workers[0].0.config()
    }

    fn machines_mut(&mut self) -> impl Iterator<Item = &mut VM> {
        self.workers.iter_mut().map(|worker| &mut worker.0)
    }
}

/// The result of two runs: how many sessions faulted, and the one of them that was opened first.
fn both(one: Result<(), VMError>, other: Result<(), VMError>) -> Result<(), VMError> {
    let (mut one, mut other) = match (one, other) {
        (Err(one), Err(other)) => (one, other),
        (one, other) => return one.and(other),
    };
    if let (
        VMError::Faulted { count, session, .. },
        VMError::Faulted { count: more, session: other_session, .. },
    ) = (&mut one, &mut other)
    {
        let (sum, is_first) = (*count + *more, session.ordinal() < other_session.ordinal());
        (*count, *more) = (sum, sum);
        return Err(if is_first { one } else { other });
    }
    Err(one)
}

impl VMBackend for ThreadedVM {
    fn load_choreography(&mut self, image: &CodeImage) -> Result<SessionId, VMError> {
        Self::load_choreography(self, image)
    }

    fn step_round(&mut self, handler: &dyn EffectHandler, n: usize) -> Result<StepResult, VMError> {
        Self::step_round(self, handler, n)
    }

    fn run(&mut self, handler: &dyn EffectHandler, max_rounds: usize) -> Result<Progress, VMError> {
        Self::run(self, handler, max_rounds)
    }

    fn trace(&self) -> Vec<ObsEvent> {
        Self::trace(self)
    }
}

impl SessionHost for ThreadedVM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.open(|vm| vm.open_session(image, Apart(objects), owned))
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let (outcome, Apart(objects)) = self.worker_of_mut(session).take_session(session)?;
        Ok((outcome, objects))
    }
}

impl<C: RoleObjects> RoleObjects for Apart<C> {
    #[inline]
    fn message<V: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: V,
    ) -> V::Done {
        self.0.message(from, to, label, visitor)
    }

    #[inline]
    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done {
        self.0.choice(role, set, visitor)
    }

    fn by_handler(&self) -> RoleSet {
        self.0.by_handler()
    }

    fn discard(self) {
        self.0.discard();
    }

    fn invoke(
        &mut self,
        role: RoleId,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        self.0.invoke(role, effect, argument)
    }
}
