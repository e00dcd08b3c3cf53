//! What instructions mean.
//!
//! A [`Visit`] gives turns to the roles of one session. Each instruction first finds out what it
//! does and asks whoever plays the role; then `commit` writes it down. One that blocks only notes
//! where it waits. Nothing here knows why this session and this role run now: that is the
//! scheduler's business.

mod choose;
mod commit;
mod host;
mod receive;
mod send;

use telltale_types::{LabelId, RoleId};

use crate::channel::Buffers;
use crate::coroutine::{Coro, HALTED, HOLDS};
use crate::effect::Context;
use crate::heap::Heap;
use crate::layout::Loaded;
use crate::link::{Code, Op};
use crate::trace::{Stamp, Tag, Trace};
use crate::{Cause, header, ready};

pub(crate) use choose::Held;
pub(crate) use host::Host;

/// One session while its roles act.
pub(crate) struct Visit<'a, H> {
    pub(crate) block: &'a mut [u64],
    pub(crate) loaded: &'a Loaded,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) held: &'a mut Held,
    pub(crate) trace: &'a mut Trace,
    pub(crate) stamp: Stamp,
    pub(crate) cx: Context<'a>,
    pub(crate) host: H,
}

/// How much a visit may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// How many instructions may be executed.
    pub(crate) instructions: u32,
    /// How many turns may be given.
    pub(crate) turns: usize,
}

/// What the program counter does after an instruction.
enum Step {
    /// Control goes there.
    To(u32),
    /// The role waits, at the same instruction.
    Wait,
    /// The role waits for room; its answer is kept.
    Hold,
}

impl<H: Host> Visit<'_, H> {
    /// Gives turns to the roles that can act, until none can or the budget is used.
    ///
    /// A function of its own, so that the compiler knows what a call of the handler cannot change.
    #[inline(never)]
    pub(crate) fn run<const TRACE: bool>(&mut self, budget: &mut Budget) -> Result<(), Box<Cause>> {
        let words = ready::words(self.loaded.roles);
        let mut from = header::turn(self.block);
        while budget.instructions > 0 && budget.turns > 0 {
            let Some(role) = ready::next(self.block, words, from) else { break };
            budget.turns -= 1;
            if !self.turn::<TRACE>(role, &mut budget.instructions)? {
                continue;
            }
            // It could go on, so the others come first now.
            from = if role.index() + 1 < self.loaded.roles { role.0 + 1 } else { 0 };
            header::set_turn(self.block, from);
        }
        Ok(())
    }

    /// Runs one role until it cannot go on. Says whether it is still ready.
    #[inline(always)]
    fn turn<const TRACE: bool>(
        &mut self,
        role: RoleId,
        instructions: &mut u32,
    ) -> Result<bool, Box<Cause>> {
        self.cx.role = role;
        let place = self.loaded.roles_at + role.index();
        let coro = Coro::from_word(self.block[place]);
        self.cx.count = coro.count;
        let mut pc = coro.pc();
        if coro.has(HOLDS) {
            match self.send_held::<TRACE>() {
                Some(target) => pc = target,
                None => return Ok(self.wait(place, coro)),
            }
        }
        let loaded = self.loaded;
        let ops: &[Op] = &loaded.linked.ops;
        while *instructions > 0 {
            let op = &ops[pc as usize];
            let step = match op.code {
                Code::SendCell => self.send_cell::<TRACE>(op),
                Code::RecvCell => self.receive_cell::<TRACE>(op),
                Code::Halt => return Ok(self.halt::<TRACE>(place, pc)),
                _ => self.less_often::<TRACE>(op),
            };
            match step {
                Ok(Step::To(next)) => {
                    pc = next;
                    *instructions -= 1;
                }
                Ok(Step::Wait) => return Ok(self.wait(place, Coro::at(pc, self.cx.count))),
                Ok(Step::Hold) => {
                    return Ok(self.wait(place, Coro::at(pc, self.cx.count).with(HOLDS)));
                }
                Err(cause) => return self.fail(place, pc, cause),
            }
        }
        self.block[place] = Coro::at(pc, self.cx.count).to_word();
        Ok(true)
    }

    /// Instructions that have no place in the innermost loop.
    #[inline(never)]
    fn less_often<const TRACE: bool>(&mut self, op: &Op) -> Result<Step, Box<Cause>> {
        match op.code {
            Code::SendRing => self.send_ring::<TRACE>(op),
            Code::RecvRing => self.receive_ring::<TRACE>(op),
            Code::Choose => self.choose::<TRACE>(op),
            Code::OfferCell | Code::OfferRing => self.offer_one::<TRACE>(op),
            Code::OfferMany => self.offer_many::<TRACE>(op),
            Code::Trap => Err(Cause::OutOfProgram.into()),
            _ => Err(Cause::BadInstruction.into()),
        }
    }

    #[inline]
    fn wait(&mut self, place: usize, coro: Coro) -> bool {
        self.block[place] = coro.to_word();
        ready::clear(self.block, self.cx.role);
        false
    }

    fn halt<const TRACE: bool>(&mut self, place: usize, pc: u32) -> bool {
        self.block[place] = Coro::at(pc, self.cx.count).with(HALTED).to_word();
        ready::clear(self.block, self.cx.role);
        header::halted(self.block);
        if TRACE {
            self.trace.push(self.stamp, Tag::Halted, self.cx.role, RoleId(0), LabelId(0));
        }
        false
    }

    #[cold]
    fn fail(&mut self, place: usize, pc: u32, cause: Box<Cause>) -> Result<bool, Box<Cause>> {
        self.block[place] = Coro::at(pc, self.cx.count).to_word();
        Err(cause)
    }
}
