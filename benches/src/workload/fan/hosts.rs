//! Where the state machine's payloads come from and go to: a handler for all sessions, or a boxed object for
//! each role.

use std::array;

use super::WORKERS;
use crate::tally::{Counter, Player};

/// What the state machine asks.
pub(super) trait Host {
    fn task(&mut self, to: usize) -> u64;
    fn on_task(&mut self, worker: usize, task: u64);
    fn found(&mut self, worker: usize) -> u64;
    fn on_found(&mut self, from: usize, found: u64);
}

/// Plays all roles of all sessions.
pub trait Handler {
    fn task(&self, to: usize) -> u64;
    fn on_task(&self, task: u64);
    fn found(&self) -> u64;
    fn on_found(&self, from: usize, found: u64);
}

impl Handler for Counter {
    fn task(&self, _to: usize) -> u64 {
        self.take()
    }

    fn on_task(&self, task: u64) {
        self.add(task);
    }

    fn found(&self) -> u64 {
        self.take()
    }

    fn on_found(&self, _from: usize, found: u64) {
        self.add(found);
    }
}

impl Host for &dyn Handler {
    fn task(&mut self, to: usize) -> u64 {
        Handler::task(*self, to)
    }

    fn on_task(&mut self, _worker: usize, task: u64) {
        Handler::on_task(*self, task);
    }

    fn found(&mut self, _worker: usize) -> u64 {
        Handler::found(*self)
    }

    fn on_found(&mut self, from: usize, found: u64) {
        Handler::on_found(*self, from, found);
    }
}

trait Coordinator {
    fn task(&mut self, to: usize) -> u64;
    fn on_found(&mut self, from: usize, found: u64);
}

trait Worker {
    fn on_task(&mut self, task: u64);
    fn found(&mut self) -> u64;
}

/// A boxed object for each role.
pub(super) struct Cast {
    coordinator: Box<dyn Coordinator>,
    workers: [Box<dyn Worker>; WORKERS],
}

impl Default for Cast {
    fn default() -> Self {
        let workers = array::from_fn(|_| Box::new(Player::default()) as Box<dyn Worker>);
        Self { coordinator: Box::new(Player::default()), workers }
    }
}

impl Coordinator for Player {
    fn task(&mut self, _to: usize) -> u64 {
        self.take()
    }

    fn on_found(&mut self, _from: usize, found: u64) {
        self.add(found);
    }
}

impl Worker for Player {
    fn on_task(&mut self, task: u64) {
        self.add(task);
    }

    fn found(&mut self) -> u64 {
        self.take()
    }
}

impl Host for Cast {
    fn task(&mut self, to: usize) -> u64 {
        self.coordinator.task(to)
    }

    fn on_task(&mut self, worker: usize, task: u64) {
        self.workers[worker].on_task(task);
    }

    fn found(&mut self, worker: usize) -> u64 {
        self.workers[worker].found()
    }

    fn on_found(&mut self, from: usize, found: u64) {
        self.coordinator.on_found(from, found);
    }
}
