//! What instructions mean.
//!
//! A [`Visit`] lets the roles of one session have turns. An instruction that sends first makes sure
//! that there is room and asks whoever plays the role, then `commit` puts the message into its channel;
//! one that receives lets `commit` take the message, then tells. One that blocks only notes where it
//! waits. Nothing here knows why this session and this role run now: that is the
//! scheduler's business.

mod assembled;
mod choose;
mod commit;
mod drain;
mod host;
mod receive;
mod send;

use telltale_types::{LabelId, RoleId};

use crate::channel::{Buffers, Shape};
use crate::coroutine::{Coro, DRAINS, HALTED, HOLDS, PAUSED, PENDING};
use crate::deferred::Deferred;
use crate::effect::{Context, Network};
use crate::heap::{Heap, Word};
use crate::layout::Loaded;
use crate::link::{Code, Op};
use crate::trace::{Stamp, Tag, Trace};
use crate::{Cause, HandlerError, Kind, Value, header, ready, registers};

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
    /// The instruction that is being executed.
    pub(crate) at: u32,
    /// Payloads that have lost their place, and with them perhaps an endpoint.
    pub(crate) strays: &'a mut Vec<Word>,
    /// The role whose instruction concerns another session. It is not ready until the machine has
    /// executed it.
    pub(crate) outside: Option<RoleId>,
    /// How a turn ended that did not end as most do.
    pub(crate) end: Result<Step, Box<Cause>>,
}

/// Where control goes, as one number: a place in the code, or that the turn ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Goto(u32);

impl Goto {
    /// The role waits, at the same instruction.
    const WAIT: Self = Self(u32::MAX);
    /// The turn ends as [`Visit::end`] says.
    const END: Self = Self(u32::MAX - 1);

    #[inline]
    fn leads_on(self) -> bool {
        self.0 < Self::END.0
    }
}

/// What becomes of a role after an instruction.
pub(crate) enum Step {
    /// Control goes there.
    To(u32),
    /// The role waits, at the same instruction.
    Wait,
    /// The role's turn is over, but it stays ready.
    Yield(u32),
    /// The role is done.
    Halt,
    /// The instruction concerns another session; the machine executes it between turns.
    Outside,
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
            self.at = pc;
            match self.marked_turn::<TRACE>(place, coro, instructions)? {
                Some(target) => pc = target,
                None => return Ok(false),
            }
        }
        let loaded = self.loaded;
        let ops: &[Op] = &loaded.linked.ops;
        let mut left = *instructions;
        while left > 0 {
            let op = &ops[pc as usize];
            self.at = pc;
            let goto = self.step::<TRACE>(op);
            if goto.leads_on() {
                pc = goto.0;
                left -= 1;
                continue;
            }
            *instructions = left;
            if goto == Goto::WAIT {
                return Ok(self.wait(place, Coro::at(pc, self.cx.count)));
            }
            return self.leave::<TRACE>(place, pc, instructions);
        }
        *instructions = 0;
        self.block[place] = Coro::at(pc, self.cx.count).to_word();
        Ok(true)
    }

    /// Instructions that have no place in the innermost loop.
    #[inline(never)]
    fn less_often<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        let step = match op.code {
            Code::SendRing => return self.send::<TRACE>(op, op.plan(Shape::Ring)),
            Code::RecvRing => return self.receive::<TRACE>(op, op.plan(Shape::Ring)),
            Code::SendSpecial => self.send_special::<TRACE>(op),
            Code::Choose => self.choose::<TRACE>(op),
            Code::OfferCell | Code::OfferRing => self.offer_one::<TRACE>(op),
            Code::OfferMany => self.offer_many::<TRACE>(op),
            Code::Halt => Ok(Step::Halt),
            Code::Trap => Err(Cause::OutOfProgram.into()),
            Code::Assembled => self.assembled::<TRACE>(),
            Code::SendCell | Code::RecvCell => unreachable!("these are in the innermost loop"),
        };
        self.goto(step)
    }

    /// Writes down where the role is that acts, for whoever explains a panic.
    pub(crate) fn note_place(&mut self) {
        let place = self.loaded.roles_at + self.cx.role.index();
        self.block[place] = Coro::at(self.at, self.cx.count).to_word();
    }

    /// Any instruction.
    #[inline(always)]
    fn step<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        match op.code {
            Code::SendCell => self.send_cell::<TRACE>(op),
            Code::RecvCell => self.receive_cell::<TRACE>(op),
            _ => self.less_often::<TRACE>(op),
        }
    }

    /// What the innermost loop sees, as a step.
    fn ended(&mut self, goto: Goto) -> Result<Step, Box<Cause>> {
        match goto {
            Goto::WAIT => Ok(Step::Wait),
            Goto::END => std::mem::replace(&mut self.end, Ok(Step::Wait)),
            Goto(next) => Ok(Step::To(next)),
        }
    }

    /// A step as the innermost loop sees it.
    fn goto(&mut self, step: Result<Step, Box<Cause>>) -> Goto {
        match step {
            Ok(Step::To(pc)) => Goto(pc),
            Ok(Step::Wait) => Goto::WAIT,
            end => {
                self.end = end;
                Goto::END
            }
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

    /// The end of a turn whose role neither waits for a message nor has used its budget.
    fn leave<const TRACE: bool>(
        &mut self,
        place: usize,
        pc: u32,
        instructions: &mut u32,
    ) -> Result<bool, Box<Cause>> {
        let here = Coro::at(pc, self.cx.count);
        let coro = match self.ended(Goto::END) {
            Ok(Step::Yield(next)) => {
                self.block[place] = Coro::at(next, self.cx.count).to_word();
                return Ok(true);
            }
            Ok(Step::Outside) => {
                // The visit ends here, so that the machine can execute the instruction.
                self.outside = Some(self.cx.role);
                *instructions = 0;
                here
            }
            Ok(Step::Halt) => return Ok(self.halt::<TRACE>(place, pc)),
            Ok(Step::To(_) | Step::Wait) => here,
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
        for place in self.loaded.registers_of(self.cx.role) {
            self.strays.extend(registers::clear(self.block, place));
        }
        if TRACE {
            self.trace.push(self.stamp, Tag::Halted, self.cx.role, RoleId(0), LabelId(0));
        }
        false
    }

    /// Drops a payload that nobody gets, but not silently if it is an endpoint.
    fn discard(&mut self, value: Value) {
        if value.kind() == Kind::Endpoint {
            let word = self.heap.lower(value);
            self.strays.push(word);
        }
    }

    /// What a handler that gives no answer makes of the role: it waits, or its session faults.
    #[cold]
    fn no_answer(error: HandlerError, then: Option<u32>) -> Result<Step, Box<Cause>> {
        if error.is_pending() { Ok(Step::Pend(then)) } else { Err(Cause::Handler(error).into()) }
    }
}
