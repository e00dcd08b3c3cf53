//! What a machine does for the `ThreadedVM` whose worker it is.

use telltale_bytecode::CodeImage;

use super::numbers::Numbers;
use super::rounds::Call;
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
use crate::scheduler::{self, Turns};
use crate::session::VmTag;
use crate::{EffectHandler, Network, SessionId, SimClock, VM, VMConfig, VMError};

impl VM {
    /// One of several machines whose sessions have the same tag and are numbered in one series.
    pub(crate) fn numbered(config: VMConfig, tag: VmTag, numbers: Numbers) -> Self {
        let give_turns = scheduler::by(config.policy);
        let mut vm = Self::with_tag(config, tag, give_turns);
        vm.numbers = numbers;
        vm.expect_all_images();
        vm
    }

    /// Sets the simulated clock.
    pub(crate) fn set_clock(&mut self, clock: SimClock) {
        self.run_queue.clock = clock;
        self.trace.set_tick(clock.now());
    }

    /// How many sessions can act.
    pub(crate) fn ready_sessions(&self) -> usize {
        self.run_queue.ready()
    }

    /// Runs up to so many rounds, and gives how many it were. Faults wait for a report.
    pub(crate) fn give_rounds<'a>(
        &mut self,
        handler: &'a dyn EffectHandler,
        network: Option<&'a dyn Network>,
        rounds: usize,
    ) -> usize {
        let before = self.clock().now();
        let call = Call { handler, network, by_turns: false };
        self.rounds(call, rounds, &mut Turns { left: usize::MAX });
        (self.clock().now() - before) as usize
    }

    /// [`VM::load_choreography`] for a session whose number was given away before.
    pub(crate) fn load_early(
        &mut self,
        session: SessionId,
        image: &CodeImage,
    ) -> Result<(), VMError> {
        self.open_early(session, image, 0, false)
    }

    /// Opens a session with role objects, whose number was given away before.
    pub(crate) fn open_session_early(
        &mut self,
        session: SessionId,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<(), VMError> {
        let key = self.objects.insert(SessionObjects::new(objects, self.spare.pop()));
        let opened = self.open_early(session, image, key as u32 + 1, owned);
        if opened.is_err() {
            self.spare.extend(self.objects.remove(key).discard());
        }
        opened
    }

    fn open_early(
        &mut self,
        session: SessionId,
        image: &CodeImage,
        objects: u32,
        owned: bool,
    ) -> Result<(), VMError> {
        let opened = self.open_as(Some(session.ordinal()), image, objects, owned, true)?;
        self.numbers.note_early(session.ordinal(), opened.slot());
        Ok(())
    }
}
