//! Fan-out and fan-in: a coordinator gives work to four others and collects what they found.

mod hosts;

use std::array;
use std::collections::VecDeque;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, choreography};

use self::hosts::{Host, RoleObjects};
use super::{Failure, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Player, Tally};

pub use self::hosts::Handler;

choreography! {
    pub protocol FanOut(Coordinator, W1, W2, W3, W4) {
        loop {
            Coordinator -> W1, W2, W3, W4: Task(u64);
            W1 -> Coordinator: Found(u64);
            W2 -> Coordinator: Found(u64);
            W3 -> Coordinator: Found(u64);
            W4 -> Coordinator: Found(u64);
        }
    }
}

const WORKERS: usize = 4;

pub struct Fan;

impl Workload for Fan {
    const LAP: u64 = 2 * WORKERS as u64;
    const ON_THEIR_WAY: u64 = 2 * WORKERS as u64;

    type Plain = Crew;
    type Handler = dyn Handler;
    type Typed = TypedCrew;
    type Objects = ObjectCrew;
    type Effects = Counter;

    fn handler(counter: &Counter) -> &Self::Handler {
        counter
    }

    fn image() -> &'static CodeImage {
        &fan_out::IMAGE
    }

    fn open(host: &mut impl SessionHost) {
        let [a, b, c, d, e] = array::from_fn(|_| Player::default());
        fan_out::Roles { coordinator: a, w1: b, w2: c, w3: d, w4: e }
            .open_detached(host)
            .expect("room");
    }
}

fn queues<T>() -> [VecDeque<T>; WORKERS] {
    array::from_fn(|_| VecDeque::with_capacity(4))
}

/// D1.
pub struct Crew {
    tasks: [VecDeque<u64>; WORKERS],
    found: [VecDeque<u64>; WORKERS],
    coordinator: Tally,
    workers: [Tally; WORKERS],
}

impl Default for Crew {
    fn default() -> Self {
        Self {
            tasks: queues(),
            found: queues(),
            coordinator: Tally::default(),
            workers: [Tally::default(); WORKERS],
        }
    }
}

impl Plain for Crew {
    fn lap(&mut self) {
        for tasks in &mut self.tasks {
            tasks.push_back(self.coordinator.take());
        }
        for (worker, tally) in self.workers.iter_mut().enumerate() {
            if let Some(task) = self.tasks[worker].pop_front() {
                tally.add(task);
                self.found[worker].push_back(tally.take());
            }
        }
        for found in &mut self.found {
            if let Some(found) = found.pop_front() {
                self.coordinator.add(found);
            }
        }
    }

    fn audit(&self) -> Audit {
        self.coordinator.audit() + self.workers.into_iter().map(Tally::audit).sum()
    }
}

/// D2.
#[derive(Default)]
pub struct TypedCrew(Machine);

impl Typed<dyn Handler> for TypedCrew {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler) -> Result<(), Failure> {
        self.0.lap(&mut handler)
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectCrew(Machine, RoleObjects);

impl Objects for ObjectCrew {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1)
    }
}

/// What travels.
enum Message {
    Task(u64),
    Found(u64),
}

#[derive(Clone, Copy)]
enum CoordinatorState {
    SendTask(usize),
    AwaitFound(usize),
}

#[derive(Clone, Copy)]
enum WorkerState {
    AwaitTask,
    SendFound,
}

struct Machine {
    to_workers: [VecDeque<Message>; WORKERS],
    to_coordinator: [VecDeque<Message>; WORKERS],
    coordinator: CoordinatorState,
    workers: [WorkerState; WORKERS],
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            to_workers: queues(),
            to_coordinator: queues(),
            coordinator: CoordinatorState::SendTask(0),
            workers: [WorkerState::AwaitTask; WORKERS],
        }
    }
}

impl Machine {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host) -> Result<(), Failure> {
        while self.step_coordinator(host)? {}
        for worker in 0..WORKERS {
            while self.step_worker(worker, host)? {}
        }
        Ok(())
    }

    #[inline(always)]
    fn step_coordinator(&mut self, host: &mut impl Host) -> Result<bool, Failure> {
        use CoordinatorState::{AwaitFound, SendTask};
        match self.coordinator {
            SendTask(worker) => {
                self.to_workers[worker].push_back(Message::Task(host.task(worker)?));
                let next = worker + 1;
                self.coordinator = if next < WORKERS { SendTask(next) } else { AwaitFound(0) };
                Ok(true)
            }
            AwaitFound(worker) => match self.to_coordinator[worker].pop_front() {
                Some(Message::Found(found)) => {
                    host.on_found(worker, found)?;
                    let next = worker + 1;
                    self.coordinator = if next < WORKERS { AwaitFound(next) } else { SendTask(0) };
                    Ok(true)
                }
                Some(Message::Task(_)) => unreachable!("workers give no tasks"),
                None => Ok(false),
            },
        }
    }

    #[inline(always)]
    fn step_worker(&mut self, worker: usize, host: &mut impl Host) -> Result<bool, Failure> {
        match self.workers[worker] {
            WorkerState::AwaitTask => match self.to_workers[worker].pop_front() {
                Some(Message::Task(task)) => {
                    host.on_task(worker, task)?;
                    self.workers[worker] = WorkerState::SendFound;
                    Ok(true)
                }
                Some(Message::Found(_)) => unreachable!("the coordinator finds nothing"),
                None => Ok(false),
            },
            WorkerState::SendFound => {
                self.to_coordinator[worker].push_back(Message::Found(host.found(worker)?));
                self.workers[worker] = WorkerState::AwaitTask;
                Ok(true)
            }
        }
    }
}

impl fan_out::Coordinator for Player {
    fn task(&mut self) -> HandlerResult<u64> {
        Ok(self.take())
    }

    fn on_found(&mut self, found: u64) -> HandlerResult<()> {
        self.add(found);
        Ok(())
    }
}

/// What each of the workers does.
macro_rules! workers {
    ($($role:ident)*) => {$(
        impl fan_out::$role for Player {
            fn on_task(&mut self, task: u64) -> HandlerResult<()> {
                self.add(task);
                Ok(())
            }

            fn found(&mut self) -> HandlerResult<u64> {
                Ok(self.take())
            }
        }
    )*};
}

workers! { W1 W2 W3 W4 }
