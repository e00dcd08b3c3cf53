//! Crowds by hand, in the manner of D2; the ring is that of the workloads.

use std::array;
use std::collections::VecDeque;
use std::hint::black_box;

use crate::contender::Contender;
use crate::tally::Counter;
use crate::workload::ring::Handler;
use crate::workload::{CAPACITY, Failure, Typed};

/// A state machine with a handler behind `&dyn`.
pub(super) struct ByHand<T> {
    machine: T,
    /// How many messages a lap has.
    lap: u64,
    on_their_way: u64,
    handler: Counter,
}

impl<T: Typed<dyn Handler>> ByHand<T> {
    pub(super) fn new(lap: usize, on_their_way: u64) -> Self {
        Self { machine: T::default(), lap: lap as u64, on_their_way, handler: Counter::default() }
    }
}

impl<T: Typed<dyn Handler>> Contender for ByHand<T> {
    fn exchange(&mut self, messages: u64) {
        let handler: &dyn Handler = black_box(&self.handler);
        for _ in 0..messages.div_ceil(self.lap) {
            self.machine.lap(handler).expect("no failures");
        }
    }

    fn sent(&self) -> u64 {
        self.handler.sent()
    }

    fn end(self: Box<Self>) {
        self.handler.audit().check("a crowd by hand", self.on_their_way);
    }
}

/// What travels.
enum Message {
    Hop(u64),
}

#[derive(Clone, Copy)]
enum SenderState {
    SendHop,
}

#[derive(Clone, Copy)]
enum CollectorState {
    AwaitHop(usize),
}

/// So many send to one, who takes from each in turn.
pub(super) struct TypedGather<const SENDERS: usize> {
    queues: [VecDeque<Message>; SENDERS],
    senders: [SenderState; SENDERS],
    collector: CollectorState,
}

impl<const SENDERS: usize> Default for TypedGather<SENDERS> {
    fn default() -> Self {
        Self {
            queues: array::from_fn(|_| VecDeque::with_capacity(4)),
            senders: [SenderState::SendHop; SENDERS],
            collector: CollectorState::AwaitHop(0),
        }
    }
}

impl<const SENDERS: usize> Typed<dyn Handler> for TypedGather<SENDERS> {
    /// Each sends once; that is less to remember than sending until there is no room.
    #[inline(never)]
    fn lap(&mut self, handler: &dyn Handler) -> Result<(), Failure> {
        for sender in 0..SENDERS {
            self.step_sender(sender, handler)?;
        }
        while self.step_collector(handler)? {}
        Ok(())
    }
}

impl<const SENDERS: usize> TypedGather<SENDERS> {
    #[inline(always)]
    fn step_sender(&mut self, sender: usize, handler: &dyn Handler) -> Result<bool, Failure> {
        match self.senders[sender] {
            SenderState::SendHop if self.queues[sender].len() < CAPACITY => {
                self.queues[sender].push_back(Message::Hop(handler.hop()?));
                Ok(true)
            }
            SenderState::SendHop => Ok(false),
        }
    }

    #[inline(always)]
    fn step_collector(&mut self, handler: &dyn Handler) -> Result<bool, Failure> {
        let CollectorState::AwaitHop(sender) = self.collector;
        match self.queues[sender].pop_front() {
            Some(Message::Hop(hop)) => {
                handler.on_hop(hop)?;
                let next = if sender + 1 == SENDERS { 0 } else { sender + 1 };
                self.collector = CollectorState::AwaitHop(next);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
