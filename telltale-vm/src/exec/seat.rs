//! A role of a session without coroutines: the holder of its endpoint takes its seat for one instruction.

use telltale_types::{LocalTypeR, RoleId, StateId};

use super::{Operand, Slice, Step};
use crate::memory::coroutine::{self, HOLDS, PAUSED};
use crate::program::op::{Choices, Code, Op};
use crate::program::typestate;

/// An instruction, linked for the session that it acts on, and compared with one state of the local type.
#[derive(Debug)]
pub(crate) struct SeatOp {
    op: Op,
    choices: Choices,
    /// Whether that state allows it.
    is_allowed: bool,
    /// The state behind it, if that is the same whatever happens.
    target: Option<StateId>,
}

impl SeatOp {
    pub(crate) fn new(op: Op, choices: Choices, local: &LocalTypeR, state: StateId) -> Self {
        let allowed = typestate::allows(local, state, &op, choices.exchanges(&op));
        let (is_allowed, target) = (allowed.is_ok(), allowed.unwrap_or(None));
        Self { op, choices, is_allowed, target }
    }
}

impl Slice<'_, '_> {
    /// Executes one instruction in place of a role. Gives what becomes of the holder, and what is left for the
    /// register that lent the payload or waits for one.
    ///
    /// The word of the role is that of a coroutine whose program counter is its type state, so that `commit` moves it.
    pub(crate) fn act_in_seat(
        &mut self,
        role: RoleId,
        seat: &SeatOp,
        operand: Operand,
    ) -> (Step, Operand) {
        // Such a session has no lanes: its coroutines are its roles.
        self.coro = role;
        self.word_at = self.loaded.roles_at + role.index();
        self.state_at = self.word_at;
        self.is_watched = true;
        self.cx.actor.role = role;
        self.cx.word = coroutine::read(self.block, self.word_at).to_word();
        self.operand = operand;
        let step = self.seated(seat);
        let coro = coroutine::read(self.block, self.word_at).counting(self.cx.count_in_word());
        let coro = if matches!(step, Step::Hold) { coro.with(HOLDS) } else { coro };
        coroutine::write(self.block, self.word_at, coro);
        self.write_ready();
        (step, std::mem::replace(&mut self.operand, Operand::Host))
    }

    fn seated(&mut self, seat: &SeatOp) -> Step {
        let coro = coroutine::read(self.block, self.word_at);
        if coro.has(PAUSED) {
            return Step::Wait;
        }
        if coro.has(HOLDS) {
            let Some(next) = self.send_held() else { return Step::Wait };
            let coro = coroutine::read(self.block, self.word_at);
            coroutine::write(self.block, self.word_at, coro.without(HOLDS));
            return Step::Next(next);
        }
        let SeatOp { op, choices, is_allowed, target } = seat;
        let (exchanges, branches) = (choices.exchanges(op), choices.branches(op));
        if !is_allowed
            && let Err(cause) =
                typestate::allows(self.local_type(), self.type_state(), op, exchanges)
        {
            return Step::Fault(cause);
        }
        self.target = *target;
        match op.code {
            Code::Choose => self.choose(op.set, exchanges, branches),
            Code::Offer => self.offer_one(&op.exchange, exchanges),
            Code::OfferMany => self.offer_many(exchanges),
            _ => self.unguarded(op),
        }
    }
}
