//! What instructions mean, for every kind of program.
//!
//! A [`Slice`] lets the roles of one session have turns. There is one text for each instruction: programs that were
//! compiled, programs that were written by hand and instructions that act through an endpoint in a register execute
//! the same `send`, `receive`, `offer`, `choose` and `halt`. Where a program is not verified, a [guard](guard) in front
//! compares with the local type first.
//!
//! An instruction that sends makes sure that there is room, asks the role's [`Host`] for the payload, and `commit` puts
//! the message into its channel; one that receives lets `commit` take the message, then tells the host. One that blocks
//! only notes where it waits. Why this session and this role run now is the scheduler's business. (A session on its
//! script needs none of this: see `scripted`.)

mod choose;
mod commit;
mod direct;
mod drain;
pub(crate) mod fork;
mod guard;
mod operand;
mod outside;
mod receive;
mod register_ops;
mod seat;
mod send;
mod wait;

use telltale_types::{LabelId, RoleId, StateId};

use crate::effect::Context;
use crate::error::Wrong;
use crate::memory::channel::Buffers;
use crate::memory::coroutine::{
    self, Coro, CoroId, DRAINS, FORKED, HALTED, HOLDS, OUTSIDE, PAUSED, PENDING, UNANSWERED,
};
use crate::memory::deferred::Deferred;
use crate::memory::heap::{Heap, Word};
use crate::memory::ready::Roles;
use crate::memory::{header, ready, registers};
use crate::outside::Seat;
use crate::program::loaded::Loaded;
use crate::program::op::{Code, Op};
use crate::roles::host::Host;
use crate::scheduler::awaited::Awaited;
use crate::trace::store::{Tag, Trace};
use crate::{Cause, EffectHandler, HandlerError, Kind, Network, Value};

pub(crate) use choose::PendingChoices;
pub(crate) use direct::{Direct, Taken};
pub(crate) use guard::inside;
pub(crate) use operand::Operand;
pub(crate) use outside::{Called, has_a_move};
pub(crate) use seat::SeatOp;

/// What the slices of a run share: the parts of the machine that are not sessions.
pub(crate) struct RunContext<'a> {
    pub(crate) handler: &'a dyn EffectHandler,
    pub(crate) network: Option<&'a dyn Network>,
    pub(crate) heap: &'a mut Heap,
    pub(crate) buffers: &'a mut Buffers,
    pub(crate) pending_choices: &'a mut PendingChoices,
    pub(crate) deferred: &'a mut Deferred,
    pub(crate) trace: &'a mut Trace,
    /// Payloads that have lost their place. Some may be endpoints, which the machine gives up after the slice: a
    /// slice sees one session only.
    pub(crate) orphans: &'a mut Vec<Word>,
    /// Roles that are played from outside and could act now.
    pub(crate) woken: &'a mut Vec<Seat>,
}

/// One session while its roles act.
pub(crate) struct Slice<'a, 's> {
    pub(crate) block: &'a mut [u64],
    pub(crate) loaded: &'s Loaded,
    pub(crate) run: &'a mut RunContext<'s>,
    /// Who acts, and where.
    pub(crate) cx: &'a mut Context<'s>,
    pub(crate) host: Host<'a>,
    /// The ready bits of the first 64 roles. Those in the block are out of date until `write_ready`.
    pub(crate) ready: u64,
    /// The coroutine that acts.
    pub(crate) coro: CoroId,
    /// Where its word is in the block.
    pub(crate) word_at: usize,
    /// Where its type state is, if it is guarded; 0, which is never a type state, otherwise.
    pub(crate) state_at: usize,
    /// Where its type state goes with the instruction, if the guard has found out already.
    target: Option<StateId>,
    /// Where the payload of the instruction comes from, or goes to.
    pub(crate) operand: Operand,
    /// How many instructions may still be executed.
    pub(crate) left: u32,
    /// Whether there is a network or a guard, which have a say in what is sent.
    is_watched: bool,
    /// Who waits for whom, if the policy asks.
    pub(crate) awaited: Option<Awaited>,
}

/// What becomes of a role after an instruction.
pub(crate) enum Step {
    /// Control goes there.
    Next(u32),
    /// The role waits at the same instruction; whatever removes the cause wakes it.
    Wait,
    /// The role's turn is over, but it stays ready.
    Yield(u32),
    /// The role is done.
    Halt,
    /// The role waits for what it does at once.
    Fork,
    /// One of these things is done.
    Join,
    /// The role waits for room; its answer is kept in [`PendingChoices`].
    Hold,
    /// The role waits at the same instruction for its handler, and is asked again.
    Pend,
    /// The role has been told something, and waits for its handler before it continues there.
    Told(u32),
    /// The instruction concerns another session; the machine executes it between slices.
    Outside,
    /// The session has gone wrong.
    Fault(Wrong),
}

/// Why a session that has not used up its slice stops acting.
pub(crate) enum Exit {
    /// All roles are at one place of the schedule: it follows its schedule again.
    OnScript,
    /// Nobody in it can act.
    Idle,
    /// It has ended while it was in the queue.
    Ended,
    /// A role has come to an instruction that concerns another session. It is not ready until the
    /// machine has executed that.
    Outside(RoleId),
    /// A coroutine has gone wrong.
    Fault(CoroId, Wrong),
    /// It can still act, but there are orphans to give up.
    Orphans,
}

impl From<Cause> for Step {
    #[cold]
    fn from(cause: Cause) -> Self {
        Self::Fault(cause.into())
    }
}

impl<'a, 's> Slice<'a, 's> {
    /// A session whose roles may execute `left` instructions.
    pub(crate) fn new(
        block: &'a mut [u64],
        loaded: &'s Loaded,
        run: &'a mut RunContext<'s>,
        cx: &'a mut Context<'s>,
        host: Host<'a>,
        left: u32,
    ) -> Self {
        let ready = ready::first_word(block);
        let (word_at, state_at, operand) = (0, 0, Operand::Host);
        let is_watched = loaded.is_guarded || run.network.is_some();
        let awaited = None;
        Self {
            block,
            loaded,
            run,
            cx,
            host,
            ready,
            coro: RoleId(0),
            word_at,
            state_at,
            target: None,
            operand,
            left,
            is_watched,
            awaited,
        }
    }

    /// A coroutine can act.
    #[inline]
    pub(crate) fn wake(&mut self, coro: CoroId) {
        match ready::bit(coro) {
            Some(bit) => self.ready |= bit,
            None => ready::set(self.block, coro),
        }
    }

    /// A coroutine cannot act.
    #[inline]
    pub(crate) fn rest(&mut self, coro: CoroId) {
        match ready::bit(coro) {
            Some(bit) => self.ready &= !bit,
            None => ready::clear(self.block, coro),
        }
    }

    /// The coroutines that can act.
    #[inline(always)]
    pub(crate) fn ready_roles(&mut self) -> Roles {
        self.write_ready();
        Roles::ready(self.block, self.loaded.coroutines)
    }

    /// The next coroutine that can act, going round from `from` on.
    #[inline(always)]
    pub(crate) fn next_ready(&mut self, from: u8) -> Option<CoroId> {
        if self.loaded.coroutines <= ready::WORD {
            return ready::next_in_word(self.ready, from);
        }
        self.write_ready();
        ready::next(self.block, ready::words(self.loaded.coroutines), from)
    }

    /// Writes the ready bits back into the block.
    #[inline]
    pub(crate) fn write_ready(&mut self) {
        ready::set_first_word(self.block, self.ready);
    }

    /// Runs one coroutine until it waits, yields, halts or nothing is left to execute. Its ready bit says whether it
    /// can still act.
    #[inline(never)]
    pub(crate) fn turn(&mut self, coro: CoroId) -> Result<(), Exit> {
        self.coro = coro;
        self.word_at = self.loaded.roles_at + coro.index();
        self.cx.actor = self.loaded.actor_of(coro);
        self.state_at = self.loaded.state_at(self.cx.actor.role);
        let coro = coroutine::read(self.block, self.word_at);
        self.cx.word = coro.to_word();
        let mut pc = coro.pc();
        if coro.is_marked() {
            self.cx.at = pc;
            match self.marked_turn(coro)? {
                Some(target) => pc = target,
                None => return Ok(()),
            }
        }
        let ops: &[Op] = &self.loaded.linked.ops;
        while self.left > 0 {
            self.cx.at = pc;
            let op = &ops[pc as usize];
            match self.execute(op) {
                Step::Next(next) => {
                    pc = next;
                    self.left -= 1;
                    if self.loaded.parallel().is_some_and(|lanes| lanes.is_others_turn(self, op)) {
                        break;
                    }
                }
                Step::Wait => {
                    self.wait(Coro::at(pc, self.cx.count_in_word()));
                    return Ok(());
                }
                step => return self.leave(step),
            }
        }
        coroutine::write(self.block, self.word_at, Coro::at(pc, self.cx.count_in_word()));
        Ok(())
    }

    /// Any instruction. The most frequent ones come first, and in this place.
    #[inline(always)]
    fn execute(&mut self, op: &Op) -> Step {
        if op.is_guarded {
            self.by_hand(op)
        } else if op.code == Code::Recv {
            self.receive(&op.exchange)
        } else if op.code == Code::Send {
            self.send(&op.exchange)
        } else {
            self.unguarded(op)
        }
    }

    /// An instruction with a guard, which only programs written by hand have.
    fn by_hand(&mut self, op: &Op) -> Step {
        match self.loaded.by_hand {
            Some(by_hand) => by_hand.guarded(self, op),
            None => self.unguarded(op),
        }
    }

    /// The most frequent ones are here for those who come with a guard, or are being closed: there is one text of each, and
    /// receiving is an offer of one branch.
    #[inline(never)]
    fn unguarded(&mut self, op: &Op) -> Step {
        let linked = &self.loaded.linked;
        match op.code {
            Code::Send => self.send(&op.exchange),
            Code::Recv => self.offer_one(&op.exchange, std::slice::from_ref(&op.exchange)),
            Code::Choose => self.choose(op.set, linked.exchanges(op), linked.branches(op)),
            Code::Offer => self.offer_one(&op.exchange, linked.exchanges(op)),
            Code::OfferMany => self.offer_many(linked.exchanges(op)),
            Code::Halt => Step::Halt,
            Code::Fork | Code::Join => match self.loaded.parallel() {
                Some(parallel) => parallel.execute(self, op),
                None => Cause::BadInstruction.into(),
            },
            Code::Registers => match self.loaded.by_hand {
                Some(by_hand) => by_hand.register_op(self, op.exchange.next),
                // Compiled programs have jumps only.
                None => Step::Next(op.exchange.next),
            },
            Code::Outside => Step::Outside,
            Code::Invalid => Cause::BadInstruction.into(),
            Code::Trap => Cause::OutOfProgram.into(),
        }
    }

    /// The start of a turn of a role with marks. Gives where it continues, if it does.
    #[cold]
    fn marked_turn(&mut self, coro: Coro) -> Result<Option<u32>, Exit> {
        if coro.has(HALTED | PENDING | PAUSED) {
            self.wait(coro);
            return Ok(None);
        }
        if coro.has(OUTSIDE) {
            if let Some(directs) = self.loaded.directs.get() {
                (directs.code.name)(self, self.coro);
            }
            return Ok(None);
        }
        if coro.has(FORKED) && !self.loaded.parallel().is_some_and(|lanes| lanes.are_over(self)) {
            self.wait(coro);
            return Ok(None);
        }
        let coro = coroutine::read(self.block, self.word_at);
        if coro.has(HOLDS) {
            let Some(target) = self.send_held() else {
                self.wait(coro);
                return Ok(None);
            };
            let coro = coro.without(HOLDS).moved_to(target, self.cx.count_in_word());
            coroutine::write(self.block, self.word_at, coro);
        }
        if coro.has(DRAINS) {
            self.drain()?;
            return Ok(None);
        }
        Ok(Some(coroutine::read(self.block, self.word_at).pc()))
    }

    #[inline]
    fn wait(&mut self, coro: Coro) {
        coroutine::write(self.block, self.word_at, coro);
        self.rest(self.coro);
    }

    /// The end of a turn whose role neither waits for a message nor has used up what is left.
    fn leave(&mut self, step: Step) -> Result<(), Exit> {
        let here = Coro::at(self.cx.at, self.cx.count_in_word());
        let at = |place| Coro::at(place, here.count);
        match step {
            Step::Next(next) | Step::Yield(next) => {
                coroutine::write(self.block, self.word_at, at(next));
                self.left = self.left.saturating_sub(1);
            }
            Step::Wait => self.wait(here),
            Step::Hold => self.wait(here.with(HOLDS)),
            Step::Pend => self.wait(here.with(PENDING)),
            Step::Told(then) => {
                self.wait(at(then).with(UNANSWERED));
                if let Some(lanes) = self.loaded.parallel() {
                    lanes.ask_again(self);
                }
            }
            Step::Halt => self.halt(),
            Step::Fork | Step::Join => {
                self.left = self.left.saturating_sub(1);
                self.rest(self.coro);
            }
            Step::Outside => {
                self.wait(here);
                return Err(Exit::Outside(self.cx.actor.role));
            }
            Step::Fault(cause) => {
                coroutine::write(self.block, self.word_at, here);
                return Err(Exit::Fault(self.coro, cause));
            }
        }
        Ok(())
    }

    /// The role is done; what its registers hold becomes orphans.
    #[inline(never)]
    fn halt(&mut self) {
        self.left = self.left.saturating_sub(1);
        coroutine::write(self.block, self.word_at, Coro::at(self.cx.at, self.cx.count_in_word()));
        self.rest(self.coro);
        note_halted(self.block, self.word_at, self.coro);
        self.run.trace.push_if(Tag::Halted, self.cx.actor.role, RoleId(0), LabelId(0));
        for at in self.loaded.registers_of(self.cx.actor.role) {
            self.run.orphans.extend(registers::clear(self.block, at));
        }
    }

    /// Drops a payload that nobody gets. What is not a scalar is dropped between slices: it may be an endpoint.
    pub(crate) fn discard(&mut self, value: Value) {
        let word = self.run.heap.encode(value);
        if Kind::from_number(word.kind) >= Kind::Text {
            self.run.orphans.push(word);
        }
    }

    /// What becomes of a role whose handler gives no answer: if it is pending, the role waits; otherwise its session faults.
    #[cold]
    pub(crate) fn no_answer(error: HandlerError) -> Step {
        if error.is_pending() { Step::Pend } else { Cause::from(error).into() }
    }

    /// What becomes of a role whose handler answers with an error to what it has been told: if it is pending, the role
    /// waits before it continues at `then`; otherwise its session faults.
    #[cold]
    pub(crate) fn told(error: HandlerError, then: u32) -> Step {
        if error.is_pending() { Step::Told(then) } else { Cause::from(error).into() }
    }
}

/// The coroutine whose word is at this place of the block is done. Its ready bit is left to the caller.
#[inline]
pub(crate) fn note_halted(block: &mut [u64], at: usize, coro: CoroId) {
    debug_assert!(!coroutine::read(block, at).has(HALTED), "coroutine {coro} halts once");
    coroutine::mark(block, at, HALTED);
    header::halted(block);
}
