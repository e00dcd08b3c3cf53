//! The machine with threads as its embedder sees it.

use std::iter;
use std::num::NonZeroUsize;
use std::sync::Arc;

use telltale_bytecode::CodeImage;

use super::board::Board;
use super::merge;
use super::remote::{Remote, Shared};
use super::run::{self, Helpers};
use super::series::Series;
use super::worker::{Call, Worker};
use crate::machine::numbers::Numbers;
use crate::quietly::drop_quietly;
use crate::session::VmTag;
use crate::{
    EffectHandler, Fault, ObsEvent, Progress, Recording, SessionId, SimClock, StepResult, VM,
    VMBackend, VMConfig, VMError,
};

/// How many workers there are for each thread. One is the least that a thread can take over from another.
const WORKERS: usize = 8;

/// The more sessions a worker has, the more of those that are opened next are its own: every so many, one more. Their
/// memory lies side by side then, and while there are few, they are in as many workers.
const SHARE: usize = 4;

/// How many sessions in a row one worker gets at most.
const IN_A_ROW: usize = 64;

/// A machine that runs its sessions on several threads.
///
/// Every session belongs to one *worker*, which is a [`VM`], for its whole life. There are several workers for each
/// thread; sessions are given to them by turns. A thread runs its own workers first and then takes over those of
/// others, so threads share the load however uneven the sessions are. Workers share nothing, and a session does what it
/// would do in a [`VM`]: its trace is the same, number and ticks included, whoever runs it. (Where programs open
/// sessions themselves, those stay with the worker, and their numbers depend on how many workers there are.)
///
/// The thread that calls [`ThreadedVM::run`] is one of the threads. The others are started when a run first has
/// enough to do for them, and live as long as the machine; where the system gives no threads, the one that calls does
/// all. What the configuration limits, it limits for each worker.
///
/// Other threads open and wake sessions with a [`Remote`].
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
    workers: Vec<Worker>,
    helpers: Helpers,
    shared: Arc<Shared>,
    /// The worker that gets the next session, and how many it gets before another one does.
    next: usize,
    in_a_row: usize,
    /// How often another one was next.
    turns: usize,
    /// The worker that is stepped first.
    first: usize,
}

impl ThreadedVM {
    /// A machine without sessions, for so many threads.
    pub fn new(config: VMConfig, threads: NonZeroUsize) -> Self {
        let threads = threads.get().min(VmTag::WORKERS);
        // One thread has nobody to share with.
        let count = if threads > 1 { (threads * WORKERS).min(VmTag::WORKERS) } else { 1 };
        let (tag, series) = (VmTag::next_with_workers(), Arc::new(Series::default()));
        let worker = |(config, nth)| {
            let numbers = Numbers::of_worker(series.clone(), nth);
            Worker::new(VM::numbered(config, tag.of_worker(nth), numbers))
        };
        let configs = iter::repeat_n(config, count).zip(0..);
        let board = Board::new(count, threads);
        Self {
            workers: configs.map(worker).collect(),
            helpers: Helpers::new(threads - 1),
            shared: Arc::new(Shared { board, series, tag, workers: count }),
            next: 0,
            in_a_row: 0,
            turns: 0,
            first: 0,
        }
    }

    /// A handle for other threads.
    pub fn remote(&self) -> Remote {
        Remote::new(self.shared.clone())
    }

    /// The machines of all workers.
    pub fn machines(&self) -> impl ExactSizeIterator<Item = &VM> {
        self.workers.iter().map(|worker| &worker.vm)
    }

    /// The machine in which a session runs, or ran: whatever can be asked of a session can be asked there.
    ///
    /// It does not know yet what a [`Remote`] has asked for since the last run.
    pub fn worker_of(&self, session: SessionId) -> &VM {
        &self.workers[self.number_of(session)].vm
    }

    /// The machine in which a session runs, to close it, wake its roles and so on.
    pub fn worker_of_mut(&mut self, session: SessionId) -> &mut VM {
        let number = self.number_of(session);
        if self.shared.board.has_requests() {
            let requests = self.shared.board.take_requests(number);
            self.workers[number].answer(requests);
        }
        &mut self.workers[number].vm
    }

    fn number_of(&self, session: SessionId) -> usize {
        // That of another machine is nowhere; any worker knows that it is not its own.
        session.vm().worker().min(self.workers.len() - 1)
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
    pub(super) fn open(
        &mut self,
        open: impl FnOnce(&mut VM) -> Result<SessionId, VMError>,
    ) -> Result<SessionId, VMError> {
        if self.in_a_row == 0 {
            self.next = worker_of_turn(self.turns, self.workers.len());
            self.turns += 1;
            let each = self.open_sessions() / self.workers.len();
            self.in_a_row = (each / SHARE).clamp(1, IN_A_ROW);
        }
        let opened = open(&mut self.workers[self.next].vm)?;
        self.in_a_row -= 1;
        Ok(opened)
    }

    /// Lets the sessions of all workers act, on all threads, until nobody can, or for `max_rounds` rounds.
    ///
    /// What remotes ask for meanwhile is done as well.
    ///
    /// # Errors
    ///
    /// When sessions faulted that nobody will be told about otherwise; all others have continued.
    pub fn run(
        &mut self,
        handler: &dyn EffectHandler,
        max_rounds: usize,
    ) -> Result<Progress, VMError> {
        for worker in &mut self.workers {
            worker.vm.forget_reported();
            worker.refusals.clear();
            worker.rounds = max_rounds;
        }
        let call = Call { handler, network: handler.network() };
        run::run(&mut self.workers, &self.shared.board, &mut self.helpers, call);
        self.set_clocks();
        self.report()?;
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
        for (nth, worker) in self.workers.iter_mut().enumerate() {
            worker.vm.forget_reported();
            worker.refusals.clear();
            worker.answer(self.shared.board.take_requests(nth));
        }
        for nth in (self.first..count).chain(0..self.first) {
            if turns < n {
                turns += self.workers[nth].vm.give_turns(handler, n - turns);
            }
        }
        self.first = (self.first + 1) % count;
        self.set_clocks();
        self.report()?;
        Ok(StepResult { turns, progress: self.progress() })
    }

    /// Waits until there is something to do: until sessions can act, or a [`Remote`] asks for something. Says whether
    /// there is; if not, nothing will ever be, because no remote is left.
    pub fn wait_for_work(&self) -> bool {
        self.progress() == Progress::OutOfFuel || self.shared.board.wait()
    }

    /// What remotes have asked for and could not have, in the last call of [`ThreadedVM::run`] or
    /// [`ThreadedVM::step_round`] and since: the session it was about, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (SessionId, &VMError)> {
        let refusals = self.workers.iter().flat_map(|worker| &worker.refusals);
        refusals.map(|(session, error)| (*session, error))
    }

    /// Why there is no such session: because there was no room for it, or else for this reason.
    pub(super) fn not_opened(&self, session: SessionId, reason: VMError) -> VMError {
        let is_limit = |error: &VMError| {
            matches!(
                error,
                VMError::TooManySessions { .. }
                    | VMError::TooManyCoroutines { .. }
                    | VMError::TooManyRegisters { .. }
                    | VMError::TooManyImages { .. }
            )
        };
        let is_this =
            |&(refused, error): &(SessionId, &VMError)| refused == session && is_limit(error);
        match self.refusals().find(is_this) {
            Some((_, limit)) if matches!(reason, VMError::StaleSession { .. }) => limit.clone(),
            _ => reason,
        }
    }

    /// How often a thread has taken over a worker of another one, so far.
    pub fn moves(&self) -> u64 {
        self.shared.board.moves()
    }

    /// All workers continue at the same tick.
    fn set_clocks(&mut self) {
        let now = self.clock();
        self.machines_mut().for_each(|vm| vm.set_clock(now));
    }

    fn report(&mut self) -> Result<(), VMError> {
        self.machines_mut().map(VM::report).fold(Ok(()), merge::reports)
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

    /// How far the sessions have come. If a remote has asked for something that is still to be done, there is more to do.
    pub fn progress(&self) -> Progress {
        let all = || self.machines().map(VM::progress);
        let is_any = |progress| all().any(|one| one == progress);
        if self.shared.board.has_requests() || is_any(Progress::OutOfFuel) {
            Progress::OutOfFuel
        } else if is_any(Progress::Waiting) {
            Progress::Waiting
        } else {
            Progress::Complete
        }
    }

    /// What was recorded, oldest first: by ticks, and in a tick by sessions as far as they are independent.
    pub fn trace(&self) -> Vec<ObsEvent> {
        let mut merged = merge::traces(self.machines().map(VM::trace));
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
        self.workers[0].vm.config()
    }

    fn machines_mut(&mut self) -> impl Iterator<Item = &mut VM> {
        self.workers.iter_mut().map(|worker| &mut worker.vm)
    }
}

/// The worker whose turn it is to get sessions. In every row, each has one turn, and from row to row the order is
/// shifted by one more: were it always the same, or shifted by the same, sessions of which every so many are long could
/// leave all the long ones to one worker.
fn worker_of_turn(turn: usize, workers: usize) -> usize {
    let (row, place) = (turn / workers, turn % workers);
    // The shift modulo the workers depends on the row modulo twice as many; so this cannot overflow.
    let row = row % (2 * workers);
    (place + row * (row + 1) / 2) % workers
}

/// What was asked for and not done brings role objects back to nobody.
impl Drop for ThreadedVM {
    fn drop(&mut self) {
        for request in self.shared.board.close() {
            drop_quietly((request.act)(None));
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_distance_leaves_all_sessions_to_a_few_workers() {
        for distance in 1..200 {
            let mut counts = [0; 16];
            (0..1600).for_each(|nth| counts[worker_of_turn(nth * distance, 16)] += 1);
            assert!(counts.iter().all(|&count| count < 800), "{distance}: {counts:?}");
        }
    }
}
