//! The registers of a role that acts outside of its session.

use telltale_bytecode::Reg;
use telltale_types::RoleId;

use super::Member;
use crate::error::Wrong;
use crate::memory::heap::{Heap, Word};
use crate::memory::registers;
use crate::program::loaded::Loaded;
use crate::quietly::drop_quietly;
use crate::value::{Endpoint, Large};
use crate::{Cause, Kind, Value};

/// Where the registers of a role are, and what their payloads are kept in.
pub(super) struct Registers<'a> {
    pub(super) block: &'a mut [u64],
    pub(super) loaded: &'a Loaded,
    pub(super) role: RoleId,
    pub(super) heap: &'a mut Heap,
    pub(super) orphans: &'a mut Vec<Word>,
}

impl Registers<'_> {
    /// Where a register is in the block.
    pub(super) fn place(&self, reg: Reg) -> Result<usize, Wrong> {
        self.loaded.register(self.role, reg).ok_or_else(|| Cause::BadInstruction.into())
    }

    /// The session and the role of the endpoint in a register.
    pub(super) fn endpoint(&self, reg: Reg) -> Result<Member, Wrong> {
        let word = registers::read(self.block, self.place(reg)?);
        let word = word.ok_or_else(|| Cause::EmptyRegister { register: reg.0 })?;
        if let Some(Large::Endpoint(Endpoint { session, role })) = self.heap.look_at(word) {
            return Ok((*session, *role));
        }
        let found = Kind::from_number(word.kind);
        Err(Cause::NotAnEndpoint { register: reg.0, found }.into())
    }

    /// The same, and the register is empty then.
    pub(super) fn take_endpoint(&mut self, reg: Reg) -> Result<Member, Wrong> {
        let endpoint = self.endpoint(reg)?;
        let place = self.place(reg)?;
        if let Some(word) = registers::clear(self.block, place) {
            drop_quietly(self.heap.decode(word));
        }
        Ok(endpoint)
    }

    /// What a register lends to an instruction that sends.
    pub(super) fn take(&mut self, reg: Reg) -> Result<Value, Wrong> {
        let place = self.place(reg)?;
        let word = registers::take(self.block, place);
        Ok(self.heap.decode(word.ok_or_else(|| Cause::EmptyRegister { register: reg.0 })?))
    }

    /// Fills a register. What was in it becomes an orphan.
    pub(super) fn fill(&mut self, reg: Reg, value: Value) -> Result<(), Wrong> {
        let place = self.place(reg)?;
        let word = self.heap.encode(value);
        self.orphans.extend(registers::put(self.block, place, word));
        Ok(())
    }
}
