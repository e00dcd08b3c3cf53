//! The turns of a session that is being closed.

use telltale_bytecode::{Instr, Via};

use super::{Slice, Step};
use crate::Cause;
use crate::memory::coroutine::{Coro, DRAINS};
use crate::program::op::Code;
use crate::roles::host::Host;

impl<H: Host> Slice<'_, '_, H> {
    /// Whether an instruction of a program written by hand can be executed without sending.
    fn may_drain(&self) -> bool {
        match self.loaded.image.programs.code()[self.cx.at as usize] {
            Instr::Recv { via, .. } | Instr::Offer { via, .. } => via == Via::OWN,
            Instr::LoadImm { .. } | Instr::Mov { .. } | Instr::Jmp { .. } | Instr::Yield => true,
            _ => false,
        }
    }

    /// Receives what is on its way. A role that would send is done.
    pub(super) fn drain<const TRACE: bool>(&mut self) -> Result<(), Box<Cause>> {
        let ops = &*self.loaded.linked.ops;
        while self.left > 0 {
            let coro = Coro::from_word(self.block[self.place]);
            let op = &ops[coro.pc() as usize];
            self.cx.at = coro.pc();
            let goto = match op.code {
                Code::Recv | Code::Offer | Code::OfferMany => self.step::<TRACE>(op),
                Code::Assembled if self.may_drain() => self.step::<TRACE>(op),
                _ => {
                    self.halt::<TRACE>();
                    return Ok(());
                }
            };
            self.left -= 1;
            let next = match self.ended(goto)? {
                Step::To(next) | Step::Yield(next) | Step::Pend(Some(next)) => next,
                Step::Wait | Step::Halt | Step::Outside | Step::Hold | Step::Pend(None) => {
                    self.wait(coro);
                    return Ok(());
                }
            };
            self.block[self.place] = Coro::at(next, self.cx.count()).with(DRAINS).to_word();
        }
        Ok(())
    }
}
