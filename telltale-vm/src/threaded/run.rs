//! A run: threads take workers and let them act, a turn at a time.
//!
//! The thread that calls begins alone. Only when that has taken some time and more is to be done do others help, because
//! waking a thread costs as much as hundreds of messages. A thread begins with the workers that are its own, so that their
//! memory stays in its caches, and when it has none left it takes those of others.

use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon_core::{Scope, ThreadPool, ThreadPoolBuilder};

use super::board::Board;
use super::worker::{Call, Request, Worker};

/// How many slices there are before others are asked to help: some microseconds.
const ALONE: usize = 256;

/// How many slices a worker has before others have their turn: a millisecond or so. While it lasts, a long session runs
/// and the other threads come to have nothing else than its neighbours to do; so it is long. No session waits longer than
/// that for each of the others' workers.
const TURN: usize = 8192;

/// The threads that help those who call. They are started when they are needed first.
#[derive(Debug)]
pub(super) enum Helpers {
    /// So many are to be started.
    Few(usize),
    Started(ThreadPool),
    /// The system gives no threads.
    None,
}

impl Helpers {
    /// The threads, if there are any.
    fn pool(&mut self) -> Option<&ThreadPool> {
        if let Self::Few(count) = *self {
            let name = |nth| format!("telltale-{nth}");
            let pool = ThreadPoolBuilder::new().num_threads(count).thread_name(name);
            // A pool of no threads would be one of as many as there are processors.
            *self = match pool.build() {
                Ok(pool) if count > 0 => Self::Started(pool),
                _ => Self::None,
            };
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

/// The workers act in this thread; says whether that was all.
fn run_alone(workers: &mut [Worker], call: Call<'_>) -> bool {
    let mut given = 0;
    for worker in workers {
        if given >= ALONE && worker.can_act() {
            return false;
        }
        given += worker.turn(call, ALONE.saturating_sub(given));
        if worker.can_act() {
            return false;
        }
    }
    true
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
        worker.turn(self.call, TURN);
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
