//! The one way from the machine to what only parallel parts need.
//!
//! As with programs [written by hand](super::by_hand), it is a pointer that is set where such protocols can come in, and
//! not a call: so the linker leaves all of it out of programs that play others only. What `choreography!` generates for
//! a protocol with parallel parts brings it along ([`RoleObjects::PARALLEL`](crate::generated::RoleObjects::PARALLEL)).

use std::fmt;

use telltale_bytecode::{CodeImage, Image, Instr};
use telltale_types::{GlobalType, RoleId, StateId};

use crate::exec::{Slice, Step, fork};
use crate::memory::channel::Plan;
use crate::memory::coroutine::{Actor, CoroId};
use crate::program::lanes::Lanes;
use crate::program::link::{Linker, OwnChannels};
use crate::program::loaded::Loaded;
use crate::program::loaded::Plans;
use crate::program::op::{Linked, Op};
use crate::program::schedule::{ScheduleStep, StepKind, arms};
use crate::trace::store::Trace;

/// Links and executes what roles do at once.
pub(crate) trait Parallel: fmt::Debug + Send + Sync {
    /// See [`Lanes::of`].
    fn lanes(&self, image: &CodeImage) -> Option<Lanes>;

    /// See [`Lanes::note_channels`].
    fn note_channels(&self, lanes: &mut Lanes, image: &CodeImage, plans: &Plans);

    /// Which channels are those of a role's instructions, if it forks.
    fn channels(&self, image: &Image, role: RoleId) -> Option<Box<OwnChannels>>;

    /// Links an instruction, if it is a `Fork`: the lanes go behind those of others.
    fn link(
        &self,
        linker: &Linker<'_>,
        lanes: &Lanes,
        instr: Instr,
        starts: &mut Vec<(CoroId, u32)>,
    ) -> Option<Op>;

    /// The arms of a global type, for [`Parallel::settle`].
    fn arms(&self, global: &GlobalType) -> telltale_types::Lanes;

    /// See [`arms::settle`].
    fn settle(
        &self,
        global: &GlobalType,
        arms: &telltale_types::Lanes,
        states: &mut Vec<StateId>,
        turn: &mut usize,
    );

    /// See [`arms::forked`].
    fn forked(&self, linked: &Linked, pcs: &mut [u32]) -> Option<(CoroId, StepKind)>;

    /// `Fork` and `Join`, by turns.
    fn execute(&self, slice: &mut Slice<'_, '_>, op: &Op) -> Step;

    /// See [`Slice::lanes_are_over`].
    fn are_over(&self, slice: &mut Slice<'_, '_>) -> bool;

    /// See [`Slice::is_others_turn`].
    fn is_others_turn(&self, slice: &mut Slice<'_, '_>, op: &Op) -> bool;

    /// See [`Slice::ask_lanes_again`].
    fn ask_again(&self, slice: &mut Slice<'_, '_>);

    /// See [`Slice::wake_lane`].
    fn wake(&self, slice: &mut Slice<'_, '_>, role: RoleId, plan: Plan);

    /// See [`fork::follow`].
    fn follow(&self, block: &mut [u64], loaded: &Loaded, step: &ScheduleStep, trace: &mut Trace);
}

/// All of it.
pub(crate) const FULL: &dyn Parallel = &Full;

/// What a machine needs for the parallel parts of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct ParallelParts(pub(crate) &'static dyn Parallel);

/// For protocols that have some.
pub const PARALLEL: ParallelParts = ParallelParts(FULL);

#[derive(Debug)]
struct Full;

impl Parallel for Full {
    fn lanes(&self, image: &CodeImage) -> Option<Lanes> {
        Lanes::of(image)
    }

    fn note_channels(&self, lanes: &mut Lanes, image: &CodeImage, plans: &Plans) {
        lanes.note_channels(image, plans);
    }

    fn channels(&self, image: &Image, role: RoleId) -> Option<Box<OwnChannels>> {
        let lanes = image.lanes(role)?;
        Some(Box::new(move |at, direction, peer| lanes.channel(at, direction, peer)))
    }

    fn link(
        &self,
        linker: &Linker<'_>,
        lanes: &Lanes,
        instr: Instr,
        starts: &mut Vec<(CoroId, u32)>,
    ) -> Option<Op> {
        let Instr::Fork { first, count, targets } = instr else { return None };
        let role = linker.program;
        let coro = |nth: u8| lanes.coro_of(Actor { role, lane: first + nth });
        Some(linker.fork(coro, count, targets, starts))
    }

    fn arms(&self, global: &GlobalType) -> telltale_types::Lanes {
        global.lanes()
    }

    fn settle(
        &self,
        global: &GlobalType,
        arms: &telltale_types::Lanes,
        states: &mut Vec<StateId>,
        turn: &mut usize,
    ) {
        arms::settle(global, arms, states, turn);
    }

    fn forked(&self, linked: &Linked, pcs: &mut [u32]) -> Option<(CoroId, StepKind)> {
        arms::forked(linked, pcs)
    }

    fn execute(&self, slice: &mut Slice<'_, '_>, op: &Op) -> Step {
        slice.fork_or_join(op)
    }

    fn are_over(&self, slice: &mut Slice<'_, '_>) -> bool {
        slice.lanes_are_over()
    }

    fn is_others_turn(&self, slice: &mut Slice<'_, '_>, op: &Op) -> bool {
        slice.is_others_turn(op)
    }

    fn ask_again(&self, slice: &mut Slice<'_, '_>) {
        slice.ask_lanes_again();
    }

    fn wake(&self, slice: &mut Slice<'_, '_>, role: RoleId, plan: Plan) {
        slice.wake_lane(role, plan);
    }

    fn follow(&self, block: &mut [u64], loaded: &Loaded, step: &ScheduleStep, trace: &mut Trace) {
        fork::follow(block, loaded, step, trace);
    }
}
