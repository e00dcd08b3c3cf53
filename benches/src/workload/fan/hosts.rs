//! Where the state machine's payloads come from and go to: a handler for all sessions, or a boxed object for
//! each role.

use std::array;

use super::WORKERS;
use crate::tally::{Counter, Player};
use crate::workload::Failure;

/// What the state machine asks.
pub(super) trait Host {
    fn task(&mut self, to: usize) -> Result<u64, Failure>;
    fn on_task(&mut self, worker: usize, task: u64) -> Result<(), Failure>;
    fn found(&mut self, worker: usize) -> Result<u64, Failure>;
    fn on_found(&mut self, from: usize, found: u64) -> Result<(), Failure>;
}

/// Plays all roles of all sessions.
pub trait Handler {
    fn task(&self, to: usize) -> Result<u64, Failure>;
    fn on_task(&self, task: u64) -> Result<(), Failure>;
    fn found(&self) -> Result<u64, Failure>;
    fn on_found(&self, from: usize, found: u64) -> Result<(), Failure>;
}

impl Handler for Counter {
    fn task(&self, _to: usize) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_task(&self, task: u64) -> Result<(), Failure> {
        self.add(task);
        Ok(())
    }

    fn found(&self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_found(&self, _from: usize, found: u64) -> Result<(), Failure> {
        self.add(found);
        Ok(())
    }
}

impl Host for &dyn Handler {
    fn task(&mut self, to: usize) -> Result<u64, Failure> {
        Handler::task(*self, to)
    }

    fn on_task(&mut self, _worker: usize, task: u64) -> Result<(), Failure> {
        Handler::on_task(*self, task)
    }

    fn found(&mut self, _worker: usize) -> Result<u64, Failure> {
        Handler::found(*self)
    }

    fn on_found(&mut self, from: usize, found: u64) -> Result<(), Failure> {
        Handler::on_found(*self, from, found)
    }
}

trait Coordinator {
    fn task(&mut self, to: usize) -> Result<u64, Failure>;
    fn on_found(&mut self, from: usize, found: u64) -> Result<(), Failure>;
}

trait Worker {
    fn on_task(&mut self, task: u64) -> Result<(), Failure>;
    fn found(&mut self) -> Result<u64, Failure>;
}

/// A boxed object for each role.
pub(super) struct RoleObjects {
    coordinator: Box<dyn Coordinator>,
    workers: [Box<dyn Worker>; WORKERS],
}

impl Default for RoleObjects {
    fn default() -> Self {
        let workers = array::from_fn(|_| Box::new(Player::default()) as Box<dyn Worker>);
        Self { coordinator: Box::new(Player::default()), workers }
    }
}

impl Coordinator for Player {
    fn task(&mut self, _to: usize) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_found(&mut self, _from: usize, found: u64) -> Result<(), Failure> {
        self.add(found);
        Ok(())
    }
}

impl Worker for Player {
    fn on_task(&mut self, task: u64) -> Result<(), Failure> {
        self.add(task);
        Ok(())
    }

    fn found(&mut self) -> Result<u64, Failure> {
        Ok(self.take())
    }
}

impl Host for RoleObjects {
    fn task(&mut self, to: usize) -> Result<u64, Failure> {
        self.coordinator.task(to)
    }

    fn on_task(&mut self, worker: usize, task: u64) -> Result<(), Failure> {
        self.workers[worker].on_task(task)
    }

    fn found(&mut self, worker: usize) -> Result<u64, Failure> {
        self.workers[worker].found()
    }

    fn on_found(&mut self, from: usize, found: u64) -> Result<(), Failure> {
        self.coordinator.on_found(from, found)
    }
}
