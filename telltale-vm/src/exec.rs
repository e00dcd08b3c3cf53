//! What instructions mean.
//!
//! A [`Slice`] lets the roles of one session have turns. An instruction that sends first makes sure
//! that there is room and asks whoever plays the role, then `commit` puts the message into its channel;
//! one that receives lets `commit` take the message, then tells. One that blocks only notes where it
//! waits. Nothing here knows why this session and this role run now: that is the
//! scheduler's business. (A session that nothing disturbs does not need any of this: see `perform`.)

mod assembled;
mod choose;
mod commit;
mod drain;
mod receive;
mod send;

use telltale_types::{LabelId, RoleId};

use crate::effect::Context;
use crate::machine::deferred::Deferred;
use crate::machine::drive::Drive;
use crate::memory::channel::Buffers;
use crate::memory::coroutine::{Coro, DRAINS, HALTED, HOLDS, PAUSED, PENDING};
use crate::memory::heap::{Heap, Word};
use crate::memory::{header, ready, registers};
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Op};
use crate::roles::host::Host;
use crate::trace::store::{Tag, Trace};
use crate::{Cause, HandlerError, Kind, Value};

pub(crate) use choose::PendingChoices;

/// What the visits of a round have in common: whatever of the machine is not a session.
pub(crate) struct RunContext<'a> {
    pub(crate) drive: &'a Drive<'a>,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) pending_choices: &'a mut PendingChoices,
    pub(crate) deferred: &'a mut Deferred,
    pub(crate) trace: &'a mut Trace,
    /// Payloads that have lost their place, and with them perhaps an endpoint.
    pub(crate) orphans: &'a mut Vec<Word>,
}

/// One session while its roles act.
pub(crate) struct Slice<'a, 's, H> {
    pub(crate) block: &'a mut [u64],
    pub(crate) loaded: &'s Loaded,
    pub(crate) stage: &'a mut RunContext<'s>,
    /// Who acts, and where.
    pub(crate) cx: &'a mut Context<'s>,
    pub(crate) host: H,
    /// The ready bits of the first 64 roles. Those in the block are out of date meanwhile.
    pub(crate) ready: u64,
    /// The place in the block of the role that acts.
    pub(crate) place: usize,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// How a turn ended that did not end as most do.
    pub(crate) end: Result<Step, Box<Cause>>,
}

/// Why a visit ends early, by the doing of the role that acts.
pub(crate) enum Stop {
    /// Its session has gone wrong.
    Fault(Box<Cause>),
    /// It has come to an instruction that concerns another session. It is not ready until the machine
    /// has executed it.
    Outside,
}

impl From<Box<Cause>> for Stop {
    fn from(cause: Box<Cause>) -> Self {
        Self::Fault(cause)
    }
}

/// Where control goes, as one number: a place in the code, or that the turn ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Goto(u32);

impl Goto {
    /// The role waits, at the same instruction.
    const WAIT: Self = Self(u32::MAX);
    /// The turn ends as [`Slice::end`] says.
    const END: Self = Self(u32::MAX - 1);
    /// The turn is over, and all that is to be said about its role has been written down.
    const OVER: Self = Self(u32::MAX - 2);

    #[inline]
    fn leads_on(self) -> bool {
        self.0 < Self::OVER.0
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

impl<H> Slice<'_, '_, H> {
    /// A role can act.
    #[inline]
    pub(crate) fn wake(&mut self, role: RoleId) {
        match ready::bit(role) {
            Some(bit) => self.ready |= bit,
            None => ready::set(self.block, role),
        }
    }

    /// A role cannot act.
    #[inline]
    pub(crate) fn rest(&mut self, role: RoleId) {
        match ready::bit(role) {
            Some(bit) => self.ready &= !bit,
            None => ready::clear(self.block, role),
        }
    }

    pub(crate) fn is_ready(&self, role: RoleId) -> bool {
        match ready::bit(role) {
            Some(bit) => self.ready & bit != 0,
            None => ready::contains(self.block, role),
        }
    }

    /// The next role that can act, going round from `from` on.
    #[inline(always)]
    pub(crate) fn next_ready(&mut self, from: u8) -> Option<RoleId> {
        if self.loaded.roles <= ready::WORD {
            return ready::next_in_word(self.ready, from);
        }
        self.write_ready();
        ready::next(self.block, ready::words(self.loaded.roles), from)
    }

    /// Writes the ready bits back into the block.
    #[inline]
    pub(crate) fn write_ready(&mut self) {
        ready::set_first_word(self.block, self.ready);
    }
}

impl<H: Host> Slice<'_, '_, H> {
    /// Runs one role until it cannot go on or nothing is left to execute. It is still ready then, or not.
    #[inline(never)]
    pub(crate) fn turn<const TRACE: bool>(&mut self, role: RoleId) -> Result<(), Stop> {
        self.place = self.loaded.roles_at + role.index();
        let coro = Coro::from_word(self.block[self.place]);
        self.cx.role = role;
        self.cx.word = coro.to_word();
        let mut pc = coro.pc();
        if coro.is_marked() {
            self.cx.at = pc;
            match self.marked_turn::<TRACE>(coro)? {
                Some(target) => pc = target,
                None => return Ok(()),
            }
        }
        let ops: &[Op] = &self.loaded.linked.ops;
        while self.left > 0 {
            let op = &ops[pc as usize];
            self.cx.at = pc;
            let goto = self.step::<TRACE>(op);
            if goto.leads_on() {
                pc = goto.0;
                self.left -= 1;
                continue;
            }
            if goto == Goto::OVER {
                self.left -= 1;
                return Ok(());
            }
            if goto == Goto::WAIT {
                self.wait(Coro::at(self.cx.at, self.cx.count()));
                return Ok(());
            }
            return self.leave::<TRACE>();
        }
        self.block[self.place] = Coro::at(pc, self.cx.count()).to_word();
        Ok(())
    }

    /// Any instruction.
    #[inline]
    fn step<const TRACE: bool>(&mut self, op: &Op) -> Goto {
        match op.code {
            Code::Send => self.send::<TRACE>(&op.exchange),
            Code::Recv => self.receive::<TRACE>(&op.exchange),
            Code::Choose => self.choose::<TRACE>(op),
            Code::Offer => self.offer_one::<TRACE>(op),
            Code::OfferMany => self.offer_many::<TRACE>(op),
            Code::Halt => self.halt::<TRACE>(),
            Code::SendSpecial => self.send_special::<TRACE>(&op.exchange),
            Code::Assembled => self.assembled::<TRACE>(),
            Code::Trap => self.goto(Err(Cause::OutOfProgram.into())),
        }
    }

    /// What the loop of a turn sees, as a step.
    fn ended(&mut self, goto: Goto) -> Result<Step, Box<Cause>> {
        match goto {
            Goto::WAIT => Ok(Step::Wait),
            Goto::OVER => Ok(Step::Halt),
            Goto::END => std::mem::replace(&mut self.end, Ok(Step::Wait)),
            Goto(next) => Ok(Step::To(next)),
        }
    }

    /// A step as the loop of a turn sees it.
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
    fn marked_turn<const TRACE: bool>(&mut self, coro: Coro) -> Result<Option<u32>, Box<Cause>> {
        if coro.has(HALTED | PENDING | PAUSED) {
            self.wait(coro);
            return Ok(None);
        }
        if coro.has(HOLDS) {
            let Some(target) = self.send_held::<TRACE>() else {
                self.wait(coro);
                return Ok(None);
            };
            let coro = coro.without(HOLDS).moved_to(target, self.cx.count());
            self.block[self.place] = coro.to_word();
        }
        if coro.has(DRAINS) {
            self.drain::<TRACE>()?;
            return Ok(None);
        }
        Ok(Some(Coro::from_word(self.block[self.place]).pc()))
    }

    #[inline]
    fn wait(&mut self, coro: Coro) {
        self.block[self.place] = coro.to_word();
        self.rest(self.cx.role);
    }

    /// The end of a turn whose role neither waits for a message nor has used up what is left.
    fn leave<const TRACE: bool>(&mut self) -> Result<(), Stop> {
        let here = Coro::at(self.cx.at, self.cx.count());
        let coro = match self.ended(Goto::END) {
            Ok(Step::Yield(next)) => {
                self.block[self.place] = Coro::at(next, self.cx.count()).to_word();
                return Ok(());
            }
            Ok(Step::Outside) => {
                self.wait(here);
                return Err(Stop::Outside);
            }
            Ok(Step::Halt) => {
                self.halt::<TRACE>();
                return Ok(());
            }
            Ok(Step::To(_) | Step::Wait) => here,
            Ok(Step::Hold) => here.with(HOLDS),
            Ok(Step::Pend(next)) => {
                Coro::at(next.unwrap_or(self.cx.at), self.cx.count()).with(PENDING)
            }
            Err(cause) => {
                self.block[self.place] = here.to_word();
                return Err(cause.into());
            }
        };
        self.wait(coro);
        Ok(())
    }

    #[inline(never)]
    fn halt<const TRACE: bool>(&mut self) -> Goto {
        self.block[self.place] = Coro::at(self.cx.at, self.cx.count()).to_word();
        self.rest(self.cx.role);
        note_halted::<TRACE>(self.block, self.place, self.cx.role, self.stage.trace);
        if self.loaded.registers > 0 {
            for place in self.loaded.registers_of(self.cx.role) {
                self.stage.orphans.extend(registers::clear(self.block, place));
            }
        }
        Goto::OVER
    }

    /// Drops a payload that nobody gets, but not silently if it is an endpoint.
    fn discard(&mut self, value: Value) {
        if value.kind() == Kind::Endpoint {
            let word = self.stage.heap.encode(value);
            self.stage.orphans.push(word);
        }
    }

    /// What a handler that gives no answer makes of the role: it waits, or its session faults.
    #[cold]
    pub(crate) fn no_answer(error: HandlerError, then: Option<u32>) -> Result<Step, Box<Cause>> {
        if error.is_pending() { Ok(Step::Pend(then)) } else { Err(Cause::Handler(error).into()) }
    }
}

/// A role, whose word is at a place in the block, is done. Its ready bit is left to the caller.
#[inline]
pub(crate) fn note_halted<const TRACE: bool>(
    block: &mut [u64],
    place: usize,
    role: RoleId,
    trace: &mut Trace,
) {
    block[place] |= Coro::bit(HALTED);
    header::halted(block);
    if TRACE {
        trace.push(Tag::Halted, role, RoleId(0), LabelId(0));
    }
}
