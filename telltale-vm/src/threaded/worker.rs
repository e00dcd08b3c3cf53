//! A machine, and how far it has come in a run.

use std::time::Instant;

use crate::{EffectHandler, Network, Progress, SessionId, VM, VMError};

/// What one thread works on lies apart from what others do: two threads that write to the same cache line slow
/// each other down.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Worker {
    pub(super) vm: VM,
    /// How many rounds are left of the run.
    pub(super) rounds: usize,
    /// What was asked of it from outside and could not be done, in this run or since.
    pub(super) refusals: Vec<(SessionId, VMError)>,
}

/// What was asked of a worker from outside.
pub(super) struct Request {
    pub(super) session: SessionId,
    /// Does it. Without a machine, it gives up what it has brought.
    pub(super) act: Box<Act>,
}

type Act = dyn FnOnce(Option<&mut VM>) -> Result<(), VMError> + Send;

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({})", self.session)
    }
}

/// What all turns of a run have in common.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) handler: &'a dyn EffectHandler,
    pub(super) network: Option<&'a dyn Network>,
}

impl Worker {
    pub(super) fn new(vm: VM) -> Self {
        Self { vm, rounds: 0, refusals: Vec::new() }
    }

    /// Whether its sessions can act in this run.
    pub(super) fn can_act(&self) -> bool {
        self.rounds > 0 && self.vm.progress() == Progress::OutOfFuel
    }

    /// Lets its sessions act until the time is over, which is looked at after about so many slices.
    ///
    /// The fewer sessions can act, the more rounds these are. So a session that is longer than the others has its slices
    /// in one go, while other threads see to the rest.
    pub(super) fn turn(&mut self, call: Call<'_>, slices: usize, end: Instant) {
        while self.can_act() {
            let rounds = (slices / self.vm.ready_sessions()).clamp(1, self.rounds);
            self.rounds -= self.vm.give_rounds(call.handler, call.network, rounds);
            if Instant::now() >= end {
                break;
            }
        }
    }

    /// Does what was asked.
    pub(super) fn answer(&mut self, requests: Vec<Request>) {
        for Request { session, act } in requests {
            if let Err(error) = act(Some(&mut self.vm)) {
                self.refusals.push((session, error));
            }
        }
    }
}
