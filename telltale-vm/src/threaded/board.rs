//! Which workers wait for a thread, what was asked from outside, and when a run is over.
//!
//! All of it is decided under one lock, which a thread takes once for a turn of many slices. Nothing here knows what a
//! worker is or what is asked, so that every order in which threads can meet is tried (`tests/board.rs`).

use std::collections::VecDeque;

use super::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError};

/// Workers and requests, by the workers' numbers.
#[derive(Debug)]
pub(crate) struct Board<R> {
    state: Mutex<State<R>>,
    /// How many requests wait, for those who look without the lock. It changes under the lock.
    requests: AtomicUsize,
    /// A worker waits for a thread, or the run is over.
    for_threads: Condvar,
    /// A request has come, or nobody is left who could make one.
    for_driver: Condvar,
}

#[derive(Debug)]
struct State<R> {
    /// For each thread, the workers that it takes before it helps others.
    waiting: Box<[VecDeque<usize>]>,
    workers: Box<[Entry<R>]>,
    /// How many workers threads have in hand.
    in_hand: usize,
    /// How many threads wait for a worker.
    hungry: usize,
    /// Whether threads may take workers.
    is_running: bool,
    /// How often a thread has taken a worker of another one.
    moves: u64,
    /// How many can make requests.
    remotes: usize,
    /// Whether requests are still taken.
    is_open: bool,
}

#[derive(Debug)]
struct Entry<R> {
    place: Place,
    requests: Vec<R>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It has nothing to do in this run.
    Aside,
    /// It waits for a thread.
    Waiting,
    /// A thread has it.
    InHand,
}

impl<R> Board<R> {
    pub(crate) fn new(workers: usize, threads: usize) -> Self {
        let entry = |_| Entry { place: Place::Aside, requests: Vec::new() };
        let state = State {
            waiting: (0..threads).map(|_| VecDeque::new()).collect(),
            workers: (0..workers).map(entry).collect(),
            in_hand: 0,
            hungry: 0,
            is_running: false,
            moves: 0,
            remotes: 0,
            is_open: true,
        };
        Self {
            state: Mutex::new(state),
            requests: AtomicUsize::new(0),
            for_threads: Condvar::new(),
            for_driver: Condvar::new(),
        }
    }

    /// A run begins, in which these workers can act.
    pub(crate) fn begin(&self, able: impl IntoIterator<Item = usize>) {
        let mut state = self.lock();
        state.is_running = true;
        able.into_iter().for_each(|worker| state.queue(worker));
        for worker in 0..state.workers.len() {
            if !state.workers[worker].requests.is_empty() {
                state.queue(worker);
            }
        }
    }

    /// A worker for this thread, and what was asked of it; nothing when the run is over. If others have workers
    /// in hand, this waits: they may get work for it.
    pub(crate) fn take(&self, thread: usize) -> Option<(usize, Vec<R>)> {
        let mut state = self.lock();
        while state.is_running {
            if let Some(worker) = state.next_for(thread) {
                let requests = self.requests_of(&mut state, worker);
                return Some((worker, requests));
            }
            if state.in_hand == 0 {
                self.end(&mut state);
                return None;
            }
            state.hungry += 1;
            let woken = self.for_threads.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.hungry -= 1;
        }
        None
    }

    /// The thread puts a worker back that `can_act` or has nothing to do.
    pub(crate) fn put_back(&self, worker: usize, can_act: bool) {
        let mut state = self.lock();
        if !state.is_running {
            // Somebody has given up.
            return;
        }
        state.in_hand -= 1;
        let entry = &mut state.workers[worker];
        entry.place = Place::Aside;
        if can_act || !entry.requests.is_empty() {
            state.queue(worker);
        }
        self.feed(&state);
    }

    /// The run ends here, whatever is still to be done: the thread has panicked.
    pub(crate) fn give_up(&self) {
        self.end(&mut self.lock());
    }

    /// Whether more workers wait than there are threads without one.
    pub(crate) fn wants_help(&self) -> bool {
        let state = self.lock();
        let waiting: usize = state.waiting.iter().map(VecDeque::len).sum();
        waiting > state.hungry
    }

    /// Asks something of a worker. If it is too late, the request comes back.
    pub(crate) fn ask(&self, worker: usize, request: R) -> Result<(), R> {
        let mut state = self.lock();
        if !state.is_open {
            return Err(request);
        }
        state.workers[worker].requests.push(request);
        self.requests.fetch_add(1, Ordering::Relaxed);
        if state.is_running && state.workers[worker].place == Place::Aside {
            state.queue(worker);
            self.feed(&state);
        }
        self.for_driver.notify_all();
        Ok(())
    }

    /// Whether requests wait.
    pub(crate) fn has_requests(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Takes what was asked of a worker while nothing runs.
    pub(crate) fn take_requests(&self, worker: usize) -> Vec<R> {
        self.requests_of(&mut self.lock(), worker)
    }

    /// Waits until there are requests. Says whether there are: not if nobody is left who could make one.
    pub(crate) fn wait(&self) -> bool {
        let mut state = self.lock();
        while !self.has_requests() && state.remotes > 0 {
            let woken = self.for_driver.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        self.has_requests()
    }

    /// One more can make requests.
    pub(crate) fn join(&self) {
        self.lock().remotes += 1;
    }

    /// One less can make requests.
    pub(crate) fn leave(&self) {
        self.lock().remotes -= 1;
        self.for_driver.notify_all();
    }

    /// No request is taken from now on. Gives those that nobody will see to.
    pub(crate) fn close(&self) -> Vec<R> {
        let mut state = self.lock();
        state.is_open = false;
        (0..state.workers.len()).flat_map(|worker| self.requests_of(&mut state, worker)).collect()
    }

    /// How often a thread has taken a worker of another one.
    pub(crate) fn moves(&self) -> u64 {
        self.lock().moves
    }

    fn requests_of(&self, state: &mut State<R>, worker: usize) -> Vec<R> {
        let requests = std::mem::take(&mut state.workers[worker].requests);
        self.requests.fetch_sub(requests.len(), Ordering::Relaxed);
        requests
    }

    /// Wakes threads that wait, if there is something for them.
    fn feed(&self, state: &State<R>) {
        let has_food = state.waiting.iter().any(|queue| !queue.is_empty());
        if state.hungry > 0 && (has_food || state.in_hand == 0) {
            self.for_threads.notify_all();
        }
    }

    fn end(&self, state: &mut State<R>) {
        state.is_running = false;
        state.in_hand = 0;
        state.waiting.iter_mut().for_each(VecDeque::clear);
        state.workers.iter_mut().for_each(|entry| entry.place = Place::Aside);
        self.for_threads.notify_all();
    }

    /// Nothing panics under the lock, so what it guards is whole even then.
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> State<R> {
    /// A worker waits for a thread.
    fn queue(&mut self, worker: usize) {
        if self.workers[worker].place == Place::Aside {
            self.workers[worker].place = Place::Waiting;
            let thread = worker % self.waiting.len();
            self.waiting[thread].push_back(worker);
        }
    }

    /// The next worker of the thread, or else one of the thread with the most.
    fn next_for(&mut self, thread: usize) -> Option<usize> {
        let worker = match self.waiting[thread].pop_front() {
            Some(worker) => worker,
            None => self.one_of_others()?,
        };
        self.workers[worker].place = Place::InHand;
        self.in_hand += 1;
        Some(worker)
    }

    /// The one that its own thread would take last.
    fn one_of_others(&mut self) -> Option<usize> {
        let longest = self.waiting.iter_mut().max_by_key(|queue| queue.len())?;
        let worker = longest.pop_back()?;
        self.moves += 1;
        Some(worker)
    }
}
