//! The turns of a session that is being closed.

use telltale_bytecode::Instr;

use super::{Exit, Slice, Step};
use crate::memory::coroutine::{self, Coro, DRAINS};
use crate::program::op::{Code, Op};

impl Slice<'_, '_> {
    /// Receives what is on its way. A role that would send, or ask for an effect, is done.
    ///
    /// It waits for no handler: a pending answer to a received message counts as an answer.
    pub(super) fn drain(&mut self) -> Result<(), Exit> {
        let ops = &*self.loaded.linked.ops;
        while self.left > 0 {
            let coro = coroutine::read(self.block, self.word_at);
            let op = &ops[coro.pc() as usize];
            self.cx.at = coro.pc();
            if !self.only_receives(op) {
                self.halt();
                return Ok(());
            }
            let next = match if op.is_guarded { self.by_hand(op) } else { self.unguarded(op) } {
                Step::Next(next) | Step::Yield(next) | Step::Told(next) => next,
                Step::Wait => {
                    self.wait(coro);
                    return Ok(());
                }
                step => return self.leave(step),
            };
            self.left -= 1;
            coroutine::write(
                self.block,
                self.word_at,
                Coro::at(next, self.cx.count_in_word()).with(DRAINS),
            );
        }
        Ok(())
    }

    /// Whether an instruction can be executed without sending or asking.
    fn only_receives(&self, op: &Op) -> bool {
        let instr = || self.loaded.image.programs.code()[self.cx.at as usize];
        match op.code {
            Code::Recv | Code::Offer | Code::OfferMany | Code::Fork | Code::Join => true,
            Code::Registers => !matches!(instr(), Instr::Invoke { .. }),
            _ => false,
        }
    }
}
