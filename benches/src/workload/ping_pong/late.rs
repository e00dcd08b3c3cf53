//! Ping-pong whose answers come later, by hand: a role that has none waits until it is woken.

use std::collections::VecDeque;
use std::task::Poll;

use super::Message;
use crate::workload::Failure;

/// Plays both roles of all sessions. An answer may not be there yet.
pub trait LateHandler {
    fn ping(&self) -> Result<Poll<u64>, Failure>;
    fn on_ping(&self, ping: u64) -> Result<(), Failure>;
    fn pong(&self) -> Result<Poll<u64>, Failure>;
    fn on_pong(&self, pong: u64) -> Result<(), Failure>;
}

/// Who waits for an answer.
#[derive(Clone, Copy)]
pub enum Role {
    Alice,
    Bob,
}

/// Sessions by number, and those that can act.
#[derive(Default)]
pub struct LatePairs {
    sessions: Vec<Pair>,
    ready: VecDeque<usize>,
}

impl LatePairs {
    /// Opens a session; gives its number.
    pub fn open(&mut self) -> usize {
        self.sessions.push(Pair::default());
        self.ready.push_back(self.sessions.len() - 1);
        self.sessions.len() - 1
    }

    /// Lets sessions act until all wait for answers.
    ///
    /// # Errors
    ///
    /// When the handler gives up.
    #[inline(never)]
    pub fn run(&mut self, handler: &dyn LateHandler) -> Result<(), Failure> {
        while let Some(session) = self.ready.pop_front() {
            self.sessions[session].act(handler)?;
        }
        Ok(())
    }

    /// The answer of a role is there now. Gives whether somebody waits for it.
    #[inline(never)]
    pub fn wake(&mut self, session: usize, role: Role) -> bool {
        let Some(pair) = self.sessions.get_mut(session) else { return false };
        let waits = match (role, pair.alice, pair.bob) {
            (Role::Alice, AliceState::AwaitAnswer, _) => {
                pair.alice = AliceState::SendPing;
                true
            }
            (Role::Bob, _, BobState::AwaitAnswer) => {
                pair.bob = BobState::SendPong;
                true
            }
            _ => false,
        };
        if waits {
            self.ready.push_back(session);
        }
        waits
    }
}

#[derive(Clone, Copy)]
enum AliceState {
    SendPing,
    AwaitAnswer,
    AwaitPong,
}

#[derive(Clone, Copy)]
enum BobState {
    AwaitPing,
    SendPong,
    AwaitAnswer,
}

struct Pair {
    to_bob: VecDeque<Message<u64>>,
    to_alice: VecDeque<Message<u64>>,
    alice: AliceState,
    bob: BobState,
}

impl Default for Pair {
    fn default() -> Self {
        Self {
            to_bob: VecDeque::with_capacity(4),
            to_alice: VecDeque::with_capacity(4),
            alice: AliceState::SendPing,
            bob: BobState::AwaitPing,
        }
    }
}

impl Pair {
    /// Until both roles wait.
    fn act(&mut self, handler: &dyn LateHandler) -> Result<(), Failure> {
        while self.step_alice(handler)? || self.step_bob(handler)? {}
        Ok(())
    }

    #[inline(always)]
    fn step_alice(&mut self, handler: &dyn LateHandler) -> Result<bool, Failure> {
        match self.alice {
            AliceState::SendPing => match handler.ping()? {
                Poll::Ready(ping) => {
                    self.to_bob.push_back(Message::Ping(ping));
                    self.alice = AliceState::AwaitPong;
                    Ok(true)
                }
                Poll::Pending => {
                    self.alice = AliceState::AwaitAnswer;
                    Ok(false)
                }
            },
            AliceState::AwaitAnswer => Ok(false),
            AliceState::AwaitPong => match self.to_alice.pop_front() {
                Some(Message::Pong(pong)) => {
                    handler.on_pong(pong)?;
                    self.alice = AliceState::SendPing;
                    Ok(true)
                }
                Some(Message::Ping(_)) => unreachable!("Bob sends pongs"),
                None => Ok(false),
            },
        }
    }

    #[inline(always)]
    fn step_bob(&mut self, handler: &dyn LateHandler) -> Result<bool, Failure> {
        match self.bob {
            BobState::AwaitPing => match self.to_bob.pop_front() {
                Some(Message::Ping(ping)) => {
                    handler.on_ping(ping)?;
                    self.bob = BobState::SendPong;
                    Ok(true)
                }
                Some(Message::Pong(_)) => unreachable!("Alice sends pings"),
                None => Ok(false),
            },
            BobState::SendPong => match handler.pong()? {
                Poll::Ready(pong) => {
                    self.to_alice.push_back(Message::Pong(pong));
                    self.bob = BobState::AwaitPing;
                    Ok(true)
                }
                Poll::Pending => {
                    self.bob = BobState::AwaitAnswer;
                    Ok(false)
                }
            },
            BobState::AwaitAnswer => Ok(false),
        }
    }
}
