//! Every order in which threads can meet at the board of a machine with threads.

#[allow(dead_code, reason = "the model does not call all of it")]
#[path = "../src/threaded/board.rs"]
mod board;

/// Instead of the locks of the standard library, those of the model.
mod sync {
    pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use board::Board;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Tries all orders in which threads are interrupted so often at most: enough for everything that goes wrong between two
/// or three steps.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Works until the run is over: a worker acts as often as `turns` says. Gives how many turns and requests there were.
fn work(board: &Board<usize>, thread: usize, turns: &[AtomicUsize]) -> (usize, usize) {
    let (mut given, mut answered) = (0, 0);
    while let Some((worker, requests)) = board.take(thread) {
        answered += requests.len();
        // Nobody else may have this worker, so what is read and written here is not changed meanwhile.
        let left = turns[worker].load(Ordering::Relaxed);
        if left > 0 {
            turns[worker].store(left - 1, Ordering::Relaxed);
            given += 1;
        }
        board.put_back(worker, left > 1);
    }
    (given, answered)
}

fn turns<const N: usize>(of_workers: [usize; N]) -> Arc<Vec<AtomicUsize>> {
    Arc::new(of_workers.into_iter().map(AtomicUsize::new).collect())
}

#[test]
fn every_turn_is_given_once_and_both_threads_see_the_end() {
    explore(|| {
        let (board, turns) = (Arc::new(Board::<usize>::new(2, 2)), turns([2, 1]));
        board.begin(0..2);
        let other = {
            let (board, turns) = (board.clone(), turns.clone());
            thread::spawn(move || work(&board, 1, &turns))
        };
        let mine = work(&board, 0, &turns);
        let theirs = other.join().expect("no panic");
        assert_eq!(mine.0 + theirs.0, 3);
    });
}

#[test]
fn an_idle_thread_takes_over_what_is_left() {
    explore(|| {
        // Both workers belong to thread 0.
        let (board, turns) = (Arc::new(Board::<usize>::new(3, 2)), turns([1, 0, 1]));
        board.begin([0, 2]);
        let other = {
            let (board, turns) = (board.clone(), turns.clone());
            thread::spawn(move || work(&board, 1, &turns))
        };
        let mine = work(&board, 0, &turns);
        let theirs = other.join().expect("no panic");
        assert_eq!(mine.0 + theirs.0, 2);
        assert_eq!(board.moves(), theirs.0 as u64);
    });
}

#[test]
fn a_hungry_thread_gets_what_is_put_back() {
    explore(|| {
        let board = Arc::new(Board::<usize>::new(1, 2));
        board.begin([0]);
        let (worker, _) = board.take(0).expect("it waits");
        let other = {
            let board = board.clone();
            thread::spawn(move || board.take(1))
        };
        board.put_back(worker, true);
        // This thread does not come back before the other one has it.
        assert!(other.join().expect("no panic").is_some());
    });
}

#[test]
fn a_hungry_thread_gets_what_is_asked_for() {
    explore(|| {
        let board = Arc::new(Board::<usize>::new(2, 2));
        board.begin([0]);
        let in_hand = board.take(0).expect("it waits");
        let other = {
            let board = board.clone();
            thread::spawn(move || board.take(1))
        };
        board.ask(1, 7).expect("the board is open");
        let taken = other.join().expect("no panic");
        assert_eq!((in_hand, taken), ((0, vec![]), Some((1, vec![7]))));
    });
}

#[test]
fn a_request_is_answered_by_this_run_or_waits_for_the_next() {
    explore(|| {
        let (board, turns) = (Arc::new(Board::<usize>::new(2, 2)), turns([1, 0]));
        board.begin([0]);
        let remote = {
            let board = board.clone();
            thread::spawn(move || board.ask(1, 7).expect("the board is open"))
        };
        let helper = {
            let (board, turns) = (board.clone(), turns.clone());
            thread::spawn(move || work(&board, 1, &turns))
        };
        let mine = work(&board, 0, &turns);
        let theirs = helper.join().expect("no panic");
        remote.join().expect("no panic");
        let answered = mine.1 + theirs.1;
        assert_eq!(board.has_requests(), answered == 0);
        // The next run begins with nothing else to do.
        board.begin([]);
        assert_eq!(answered + work(&board, 0, &turns).1, 1);
        assert!(!board.has_requests());
    });
}

#[test]
fn a_driver_that_waits_sees_requests_and_that_nobody_is_left() {
    explore(|| {
        let board = Arc::new(Board::<usize>::new(1, 1));
        board.join();
        let remote = {
            let board = board.clone();
            thread::spawn(move || {
                board.ask(0, 7).expect("the board is open");
                board.leave();
            })
        };
        let mut answered = 0;
        while board.wait() {
            board.begin([]);
            answered += work(&board, 0, &[AtomicUsize::new(0)]).1;
        }
        assert_eq!(answered, 1);
        remote.join().expect("no panic");
    });
}

#[test]
fn who_gives_up_leaves_nobody_waiting() {
    explore(|| {
        let (board, turns) = (Arc::new(Board::<usize>::new(2, 2)), turns([1, 1]));
        board.begin(0..2);
        let other = {
            let (board, turns) = (board.clone(), turns.clone());
            thread::spawn(move || work(&board, 1, &turns))
        };
        let taken = board.take(0);
        board.give_up();
        other.join().expect("no panic");
        if let Some((worker, _)) = taken {
            board.put_back(worker, true);
        }
        assert!(board.take(0).is_none());
    });
}

#[test]
fn a_closed_board_gives_requests_back() {
    explore(|| {
        let board = Arc::new(Board::<usize>::new(1, 1));
        let remote = {
            let board = board.clone();
            thread::spawn(move || board.ask(0, 7).is_err())
        };
        let left = board.close().len();
        let came_back = remote.join().expect("no panic");
        assert_eq!(left + usize::from(came_back), 1);
    });
}
