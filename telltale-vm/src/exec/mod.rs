//! What instructions mean.
//!
//! A [`Visit`] gives turns to the roles of one session. Each instruction first finds out what it does,
//! with the block of the session read-only (`send`, `receive`, `choose`), and then `commit` writes it down;
//! one that blocks only notes where it waits. Nothing here knows why this session and this role
//! run now: that is the scheduler's business.

mod choose;
mod commit;
mod receive;
mod send;

use telltale_bytecode::{Branch, Instr, Pc, SetId, Via};
use telltale_types::{LabelId, RoleId};

use crate::channel::Buffers;
use crate::coroutine::{Coro, HALTED, HOLDS};
use crate::effect::{Context, EffectHandler};
use crate::heap::Heap;
use crate::layout::Loaded;
use crate::roles::Cast;
use crate::trace::{Stamp, Tag, Trace};
use crate::{Cause, HandlerResult, Picked, Value, header, ready};

pub(crate) use choose::Held;

/// Whoever answers for the roles: the handler of the VM, or the role objects of the session.
pub(crate) trait Host {
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value>;

    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()>;

    fn choose(
        &mut self,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked>;
}

impl Host for &dyn EffectHandler {
    #[inline]
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        (**self).send(cx, to, label)
    }

    #[inline]
    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        (**self).receive(cx, from, label, value)
    }

    #[inline]
    fn choose(&mut self, cx: &Context<'_>, _: SetId, branches: &[Branch]) -> HandlerResult<Picked> {
        (**self).choose(cx, branches)
    }
}

impl Host for &mut dyn Cast {
    #[inline]
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        (**self).send(cx.role, to, label)
    }

    #[inline]
    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        (**self).receive(cx.role, from, label, value)
    }

    #[inline]
    fn choose(&mut self, cx: &Context<'_>, set: SetId, _: &[Branch]) -> HandlerResult<Picked> {
        (**self).choose(cx.role, set)
    }
}

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
        let code = self.loaded.image.programs.code();
        while *instructions > 0 {
            *instructions -= 1;
            let Some(&instr) = code.get(pc as usize) else {
                return self.fail(place, pc, Cause::OutOfProgram);
            };
            let step = match instr {
                Instr::Send { via: Via::OWN, to, label, next, .. } => {
                    self.send::<TRACE>(to, label, next.from(Pc(pc)))
                }
                Instr::Recv { via: Via::OWN, from, label, next, .. } => {
                    self.receive::<TRACE>(from, label, next.from(Pc(pc)))
                }
                Instr::Offer { via: Via::OWN, set, targets } => self.offer::<TRACE>(set, targets),
                Instr::Choose { via: Via::OWN, set, targets } => self.choose::<TRACE>(set, targets),
                Instr::Jmp { target } => Ok(Step::To(self.start() + target.0)),
                Instr::Halt => return Ok(self.halt::<TRACE>(place, pc)),
                _ => Err(Box::new(Cause::BadInstruction)),
            };
            match step {
                Ok(Step::To(next)) => pc = next,
                Ok(Step::Wait) => return Ok(self.wait(place, Coro::at(pc, self.cx.count))),
                Ok(Step::Hold) => {
                    return Ok(self.wait(place, Coro::at(pc, self.cx.count).with(HOLDS)));
                }
                Err(cause) => return self.fail(place, pc, *cause),
            }
        }
        self.block[place] = Coro::at(pc, self.cx.count).to_word();
        Ok(true)
    }

    /// Where the program of the role starts.
    fn start(&self) -> u32 {
        self.loaded.image.programs.start(self.cx.role)
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
    fn fail(&mut self, place: usize, pc: u32, cause: Cause) -> Result<bool, Box<Cause>> {
        self.block[place] = Coro::at(pc, self.cx.count).to_word();
        Err(Box::new(cause))
    }
}
