//! A run: threads take workers and let them act, a turn at a time.
//!
//! The thread that calls begins alone. Only when that has taken some time and more is to be done do others help, because
//! waking a thread costs as much as hundreds of messages. A thread begins with the workers that are its own, so that their
//! memory stays in its caches, and when it has none left it takes those of others.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rayon_core::{Scope, ThreadPool, ThreadPoolBuilder};

use super::board::Board;
use super::worker::{Call, Request, Worker};

/// How long the thread that calls is alone before it asks others to help.
const ALONE: Duration = Duration::from_micros(20);

/// After so many slices it looks at the clock.
const ALONE_SLICES: usize = 16;

/// How long a worker acts before others have their turn. Meanwhile a long session runs, and the other threads come to have
/// nothing else to do than its neighbours; so this is long. No session waits longer than that for each of the other workers.
///
/// A clock decides this, because only the handler knows how long a slice takes. No trace can tell.
const TURN: Duration = Duration::from_millis(2);

/// After so many slices a thread looks at the clock.
const TURN_SLICES: usize = 64;

/// The threads that help those who call. They are started when they are needed first.
#[derive(Debug)]
pub(super) enum Helpers {
    /// So many are to be started.
    Few(usize),
    Started(ThreadPool),
    /// There are none to be had, or none are wanted.
    None,
}

impl Helpers {
    /// So many.
    pub(super) fn new(count: usize) -> Self {
        // A pool of no threads would be one of as many as there are processors.
        if count == 0 { Self::None } else { Self::Few(count) }
    }

    /// The threads, if there are any.
    fn pool(&mut self) -> Option<&ThreadPool> {
        if let Self::Few(count) = *self {
            let name = |nth| format!("telltale-{nth}");
            let pool = ThreadPoolBuilder::new().num_threads(count).thread_name(name);
            *self = pool.build().map_or(Self::None, Self::Started);
        }
        match self {
            Self::Started(pool) => Some(pool),
            Self::Few(_) | Self::None => None,
        }
    }
}

/// Lets workers act until none of them can, or their rounds are used.
pub(super) fn run(
    workers: &mut [Worker],
    board: &Board<Request>,
    helpers: &mut Helpers,
    call: Call<'_>,
) {
    if !board.has_requests() && run_alone(workers, call) && !board.has_requests() {
        return;
    }
    board.begin((0..workers.len()).filter(|&nth| workers[nth].can_act()));
    let workers: Vec<_> = workers.iter_mut().map(Mutex::new).collect();
    let shift = Shift { workers: &workers, board, call };
    match helpers.pool() {
        Some(pool) => {
            pool.in_place_scope(|scope| shift.lead(scope, pool.current_num_threads()));
        }
        None => shift.work(0),
    }
}

/// The workers act in this thread for a moment; says whether that was all.
fn run_alone(workers: &mut [Worker], call: Call<'_>) -> bool {
    let mut able = workers.iter_mut().filter(|worker| worker.can_act()).peekable();
    if able.peek().is_none() {
        return true;
    }
    let end = Instant::now() + ALONE;
    able.all(|worker| {
        worker.turn(call, ALONE_SLICES, end);
        !worker.can_act() && Instant::now() < end
    }) || !workers.iter().any(Worker::can_act)
}

/// What the threads of a run share. The board says whose hand a worker is in, so no lock of a worker is ever waited for.
struct Shift<'r> {
    workers: &'r [Mutex<&'r mut Worker>],
    board: &'r Board<Request>,
    call: Call<'r>,
}

impl<'r> Shift<'r> {
    /// The thread that has called works, and gets helpers while workers wait.
    fn lead(&'r self, scope: &Scope<'r>, most: usize) {
        let mut helpers = 0;
        loop {
            while helpers < most && self.board.wants_help() {
                helpers += 1;
                let thread = helpers;
                scope.spawn(move |_| self.work(thread));
            }
            if !self.work_once(0) {
                return;
            }
        }
    }

    fn work(&self, thread: usize) {
        while self.work_once(thread) {}
    }

    /// One turn of a worker; says whether there was one.
    fn work_once(&self, thread: usize) -> bool {
        let Some((nth, requests)) = self.board.take(thread) else { return false };
        let hand = Hand(self.board);
        let mut worker = self.workers[nth].lock().unwrap_or_else(PoisonError::into_inner);
        worker.answer(requests);
        worker.turn(self.call, TURN_SLICES, Instant::now() + TURN);
        let can_act = worker.can_act();
        drop(worker);
        drop(hand);
        self.board.put_back(nth, can_act);
        true
    }
}

/// If a thread panics with a worker in its hand, the others do not wait for it. (Panics of handlers are caught in the VM;
/// this would be one of the VM itself.)
struct Hand<'b>(&'b Board<Request>);

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}
