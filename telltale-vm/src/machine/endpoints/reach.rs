//! The one way from the loops of the machine to instructions that concern other sessions.
//!
//! It is a pointer that is set with the first image that programs can open ([`VM::provide`]), and not a call: so the
//! linker leaves all of it out of programs that have no such images.

use std::fmt;

use telltale_bytecode::Instr;
use telltale_types::RoleId;

use super::held::Registers;
use crate::error::Wrong;
use crate::exec::Exit;
use crate::machine::slices::Slices;
use crate::memory::arena::Slot;
use crate::memory::coroutine;
use crate::memory::header;
use crate::program::link::endpoint_of;
use crate::scheduler::Turns;
use crate::{Cause, SessionId, VM};

/// Executes instructions that concern other sessions, and sees to endpoints.
pub(in crate::machine) trait Reach: fmt::Debug + Sync {
    /// The slice of a session has come to an instruction that concerns another session.
    fn slice(&self, slices: &mut Slices<'_>, role: RoleId, turns: &mut Turns) -> Result<(), Exit>;

    /// A turn has ended at such an instruction that needs the whole machine.
    fn act(&self, vm: &mut VM, slot: Slot, role: RoleId);

    /// The holder of an endpoint has ended.
    fn give_up(&self, vm: &mut VM, session: SessionId, role: RoleId);

    /// Wakes the holder that waits in the seat of a role. Says whether there was one.
    fn wake_waiter(&self, vm: &mut VM, session: SessionId, role: RoleId, answered: bool) -> bool;

    /// Looks for sessions that nobody can reach.
    fn collect(&self, vm: &mut VM);
}

/// All of it.
pub(super) const FULL: &dyn Reach = &Full;

#[derive(Debug)]
struct Full;

impl Reach for Full {
    fn slice(&self, slices: &mut Slices<'_>, role: RoleId, turns: &mut Turns) -> Result<(), Exit> {
        slices.slice_outside(role, turns)
    }

    fn act(&self, vm: &mut VM, slot: Slot, role: RoleId) {
        vm.act_outside(slot, role);
    }

    fn give_up(&self, vm: &mut VM, session: SessionId, role: RoleId) {
        vm.give_up(session, role, "its holder has ended");
    }

    fn wake_waiter(&self, vm: &mut VM, session: SessionId, role: RoleId, answered: bool) -> bool {
        let VM { endpoints, run_queue, images, .. } = vm;
        endpoints.wake_waiter(run_queue, images, (session, role), answered)
    }

    fn collect(&self, vm: &mut VM) {
        vm.collect();
    }
}

impl VM {
    /// Sees to an instruction that concerns another session, and the machine.
    pub(in crate::machine) fn reach_outside(&mut self, slot: Slot, role: RoleId) {
        if let Some(reach) = self.endpoints.reach {
            return reach.act(self, slot, role);
        }
        let cause = self.out_of_reach(slot, role);
        self.run_queue.leave(slot);
        self.fault_of_role(slot, role, cause.into_cause());
    }

    /// What is wrong with such an instruction where programs can open no image, and so hold no endpoint.
    fn out_of_reach(&mut self, slot: Slot, role: RoleId) -> Wrong {
        let block = self.run_queue.arena.block_mut(slot);
        let loaded = self.images.get(header::image(block));
        let at = coroutine::read(block, loaded.roles_at + role.index()).pc();
        let reg = match loaded.image.programs.code()[at as usize] {
            Instr::Open { import, .. } => {
                let name = loaded.image.import(import).map(|(name, _)| name.to_owned());
                return name
                    .map_or(Cause::BadInstruction, |name| Cause::ImageNotProvided { name })
                    .into();
            }
            Instr::Close { endpoint } => Some(endpoint),
            instr => endpoint_of(instr).map(|(reg, _)| reg),
        };
        let Some(reg) = reg else { return Cause::BadInstruction.into() };
        let (heap, orphans) = (&mut self.heap, &mut self.orphans);
        let held = Registers { block, loaded, role, heap, orphans }.endpoint(reg);
        held.map_or_else(|cause| cause, |_| Cause::SessionEnded { register: reg.0 }.into())
    }
}
