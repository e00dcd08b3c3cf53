//! Rings: a number goes from role to role and comes back to the first one.

use std::collections::VecDeque;

use telltale_vm::generated::SessionHost;
use telltale_vm::loader::CodeImage;
use telltale_vm::{HandlerResult, choreography};

use super::{Failure, Objects, Plain, Typed, Workload};
use crate::tally::{Audit, Counter, Player, Tally};

choreography! {
    pub protocol ThreeInARing(R0, R1, R2) {
        loop {
            R0 -> R1: Hop(u64);
            R1 -> R2: Hop(u64);
            R2 -> R0: Hop(u64);
        }
    }

    pub protocol TenInARing(R0, R1, R2, R3, R4, R5, R6, R7, R8, R9) {
        loop {
            R0 -> R1: Hop(u64);
            R1 -> R2: Hop(u64);
            R2 -> R3: Hop(u64);
            R3 -> R4: Hop(u64);
            R4 -> R5: Hop(u64);
            R5 -> R6: Hop(u64);
            R6 -> R7: Hop(u64);
            R7 -> R8: Hop(u64);
            R8 -> R9: Hop(u64);
            R9 -> R0: Hop(u64);
        }
    }
}

/// Implements the workload and the role objects of one of the rings.
macro_rules! ring {
    ($workload:ident, $protocol:ident, $count:literal: $($role:ident)*) => {
        pub struct $workload;

        impl Workload for $workload {
            const LAP: u64 = $count;
            const ON_THEIR_WAY: u64 = 1;

            type Plain = Ring<$count>;
            type Handler = dyn Handler;
            type Typed = TypedRing<$count>;
            type Objects = ObjectRing<$count>;
            type Effects = Counter;

            fn handler(counter: &Counter) -> &Self::Handler {
                counter
            }

            fn image() -> &'static CodeImage {
                &$protocol::IMAGE
            }

            fn open(host: &mut impl SessionHost) {
                $protocol::Roles { $($role: Player::default()),* }.open_detached(host).expect("room");
            }
        }
    };
}

macro_rules! players {
    ($protocol:ident: $($role:ident)*) => {$(
        impl $protocol::$role for Player {
            fn hop(&mut self) -> HandlerResult<u64> {
                Ok(self.take())
            }

            fn on_hop(&mut self, hop: u64) -> HandlerResult<()> {
                self.add(hop);
                Ok(())
            }
        }
    )*};
}

ring! { Ring3, three_in_a_ring, 3: r0 r1 r2 }
ring! { Ring10, ten_in_a_ring, 10: r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 }
players! { three_in_a_ring: R0 R1 R2 }
players! { ten_in_a_ring: R0 R1 R2 R3 R4 R5 R6 R7 R8 R9 }

/// D1. Each role's queue is the one to it.
pub struct Ring<const N: usize> {
    queues: [VecDeque<u64>; N],
    first_sends: bool,
    roles: [Tally; N],
}

impl<const N: usize> Default for Ring<N> {
    fn default() -> Self {
        let queues = std::array::from_fn(|_| VecDeque::with_capacity(4));
        Self { queues, first_sends: true, roles: [Tally::default(); N] }
    }
}

impl<const N: usize> Plain for Ring<N> {
    fn lap(&mut self) {
        if self.first_sends {
            self.queues[1].push_back(self.roles[0].take());
            self.first_sends = false;
        }
        for role in 1..N {
            if let Some(hop) = self.queues[role].pop_front() {
                self.roles[role].add(hop);
                self.queues[(role + 1) % N].push_back(self.roles[role].take());
            }
        }
        if let Some(hop) = self.queues[0].pop_front() {
            self.roles[0].add(hop);
            self.first_sends = true;
        }
    }

    fn audit(&self) -> Audit {
        self.roles.into_iter().map(Tally::audit).sum()
    }
}

/// D2.
#[derive(Default)]
pub struct TypedRing<const N: usize>(Machine<N>);

impl<const N: usize> Typed<dyn Handler> for TypedRing<N> {
    #[inline(never)]
    fn lap(&mut self, mut handler: &dyn Handler) -> Result<(), Failure> {
        self.0.lap(&mut handler)
    }
}

/// D2 with objects.
#[derive(Default)]
pub struct ObjectRing<const N: usize>(Machine<N>, RoleObjects<N>);

impl<const N: usize> Objects for ObjectRing<N> {
    #[inline(never)]
    fn lap(&mut self) -> Result<(), Failure> {
        self.0.lap(&mut self.1)
    }
}

/// What travels.
enum Message {
    Hop(u64),
}

#[derive(Clone, Copy)]
enum State {
    SendHop,
    AwaitHop,
}

struct Machine<const N: usize> {
    queues: [VecDeque<Message>; N],
    states: [State; N],
}

impl<const N: usize> Default for Machine<N> {
    fn default() -> Self {
        let queues = std::array::from_fn(|_| VecDeque::with_capacity(4));
        let mut states = [State::AwaitHop; N];
        states[0] = State::SendHop;
        Self { queues, states }
    }
}

impl<const N: usize> Machine<N> {
    #[inline(always)]
    fn lap(&mut self, host: &mut impl Host) -> Result<(), Failure> {
        for role in 0..N {
            while self.step(role, host)? {}
        }
        Ok(())
    }

    #[inline(always)]
    fn step(&mut self, role: usize, host: &mut impl Host) -> Result<bool, Failure> {
        match self.states[role] {
            State::SendHop => {
                let next = if role + 1 == N { 0 } else { role + 1 };
                self.queues[next].push_back(Message::Hop(host.hop(role)?));
                self.states[role] = State::AwaitHop;
                Ok(true)
            }
            State::AwaitHop => match self.queues[role].pop_front() {
                Some(Message::Hop(hop)) => {
                    host.on_hop(role, hop)?;
                    self.states[role] = State::SendHop;
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }
}

/// Where the state machine's payloads come from and go to.
trait Host {
    fn hop(&mut self, role: usize) -> Result<u64, Failure>;
    fn on_hop(&mut self, role: usize, hop: u64) -> Result<(), Failure>;
}

/// Plays all roles of all sessions.
pub trait Handler {
    fn hop(&self) -> Result<u64, Failure>;
    fn on_hop(&self, hop: u64) -> Result<(), Failure>;
}

impl Handler for Counter {
    fn hop(&self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_hop(&self, hop: u64) -> Result<(), Failure> {
        self.add(hop);
        Ok(())
    }
}

impl Host for &dyn Handler {
    fn hop(&mut self, _: usize) -> Result<u64, Failure> {
        Handler::hop(*self)
    }

    fn on_hop(&mut self, _: usize, hop: u64) -> Result<(), Failure> {
        Handler::on_hop(*self, hop)
    }
}

trait Role {
    fn hop(&mut self) -> Result<u64, Failure>;
    fn on_hop(&mut self, hop: u64) -> Result<(), Failure>;
}

struct RoleObjects<const N: usize>([Box<dyn Role>; N]);

impl<const N: usize> Default for RoleObjects<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Box::new(Player::default()) as Box<dyn Role>))
    }
}

impl Role for Player {
    fn hop(&mut self) -> Result<u64, Failure> {
        Ok(self.take())
    }

    fn on_hop(&mut self, hop: u64) -> Result<(), Failure> {
        self.add(hop);
        Ok(())
    }
}

impl<const N: usize> Host for RoleObjects<N> {
    fn hop(&mut self, role: usize) -> Result<u64, Failure> {
        self.0[role].hop()
    }

    fn on_hop(&mut self, role: usize, hop: u64) -> Result<(), Failure> {
        self.0[role].on_hop(hop)
    }
}
