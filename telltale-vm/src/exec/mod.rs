//! What instructions mean.
//!
//! A [`Visit`] lets the roles of one session have turns. Each instruction first finds out what it
//! does and asks whoever plays the role; then `commit` writes it down. One that blocks only notes
//! where it waits. Nothing here knows why this session and this role run now: that is the
//! scheduler's business.

mod choose;
mod commit;
mod drain;
mod host;
mod receive;
mod send;

use telltale_types::{LabelId, RoleId};

use crate::channel::Buffers;
use crate::coroutine::{Coro, DRAINS, HALTED, HOLDS, PAUSED, PENDING};
use crate::deferred::Deferred;
use crate::effect::{Context, Network};
use crate::heap::Heap;
use crate::layout::Loaded;
use crate::link::{Code, Op};
use crate::trace::{Stamp, Tag, Trace};
use crate::{Cause, HandlerError, header, ready};

pub(crate) use choose::Held;
pub(crate) use host::Host;

/// One session while its roles act.
pub(crate) struct Visit<'a, H> {
    pub(crate) block: &'a mut [u64],
    pub(crate) loaded: &'a Loaded,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) held: &'a mut Held,
    pub(crate) deferred: &'a mut Deferred,
    pub(crate) trace: &'a mut Trace,
    pub(crate) stamp: Stamp,
    pub(crate) cx: Context<'a>,
    pub(crate) network: Option<&'a dyn Network>,
    pub(crate) host: H,
}

/// What the program counter does after an instruction.
enum Step {
    /// Control goes there.
    To(u32),
    /// The role waits, at the same instruction.
    Wait,
    /// The role waits for room; its answer is kept.
    Hold,
    /// The role waits for its handler: there, or at the same instruction.
    Pend(Option<u32>),
}

impl<H: Host> Visit<'_, H> {
    /// Runs one role until it cannot go on or has executed so many instructions. Says whether it
    /// is still ready.
    #[inline(always)]
    pub(crate) fn turn<const TRACE: bool>(
        &mut self,
        role: RoleId,
        instructions: &mut u32,
    ) -> Result<bool, Box<Cause>> {
        self.cx.role = role;
        let place = self.loaded.roles_at + role.index();
        let coro = Coro::from_word(self.block[place]);
        self.cx.count = coro.count;
        let mut pc = coro.pc();
        if coro.is_marked() {
            match self.marked_turn::<TRACE>(place, coro, instructions)? {
                Some(target) => pc = target,
                None => return Ok(false),
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
                other => return self.leave(place, pc, other),
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
            Code::SendSpecial => self.send_special::<TRACE>(op),
            Code::Choose => self.choose::<TRACE>(op),
            Code::OfferCell | Code::OfferRing => self.offer_one::<TRACE>(op),
            Code::OfferMany => self.offer_many::<TRACE>(op),
            Code::Trap => Err(Cause::OutOfProgram.into()),
            _ => Err(Cause::BadInstruction.into()),
        }
    }

    /// The start of a turn of a role with marks. Gives where it goes on, if it does.
    #[cold]
    fn marked_turn<const TRACE: bool>(
        &mut self,
        place: usize,
        coro: Coro,
        instructions: &mut u32,
    ) -> Result<Option<u32>, Box<Cause>> {
        if coro.has(HALTED | PENDING | PAUSED) {
            self.wait(place, coro);
            return Ok(None);
        }
        if coro.has(HOLDS) {
            let Some(target) = self.send_held::<TRACE>() else {
                self.wait(place, coro);
                return Ok(None);
            };
            let coro = coro.without(HOLDS).moved_to(target, self.cx.count);
            self.block[place] = coro.to_word();
        }
        if coro.has(DRAINS) {
            self.drain::<TRACE>(place, instructions)?;
            return Ok(None);
        }
        Ok(Some(Coro::from_word(self.block[place]).pc()))
    }

    #[inline]
    fn wait(&mut self, place: usize, coro: Coro) -> bool {
        self.block[place] = coro.to_word();
        ready::clear(self.block, self.cx.role);
        false
    }

    /// The end of a turn that is neither used up nor waiting for a message.
    #[cold]
    fn leave(
        &mut self,
        place: usize,
        pc: u32,
        step: Result<Step, Box<Cause>>,
    ) -> Result<bool, Box<Cause>> {
        let here = Coro::at(pc, self.cx.count);
        let coro = match step {
            Ok(Step::To(next)) => Coro::at(next, self.cx.count),
            Ok(Step::Wait) => here,
            Ok(Step::Hold) => here.with(HOLDS),
            Ok(Step::Pend(next)) => Coro::at(next.unwrap_or(pc), self.cx.count).with(PENDING),
            Err(cause) => {
                self.block[place] = here.to_word();
                return Err(cause);
            }
        };
        Ok(self.wait(place, coro))
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

    /// What a handler that gives no answer makes of the role: it waits, or its session faults.
    #[cold]
    fn no_answer(error: HandlerError, then: Option<u32>) -> Result<Step, Box<Cause>> {
        if error.is_pending() { Ok(Step::Pend(then)) } else { Err(Cause::Handler(error).into()) }
    }
}
