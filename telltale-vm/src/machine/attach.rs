//! Sessions that were resumed get their role objects.

use telltale_bytecode::CodeImage;

use crate::memory::header;
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
use crate::roles::players::Players;
use crate::{SessionId, VM, VMError};

impl VM {
    /// Gives a session of an image the role objects that it waits for.
    pub(crate) fn attach_objects(
        &mut self,
        session: SessionId,
        image: &CodeImage,
        objects: impl RoleObjects,
    ) -> Result<(), VMError> {
        self.attach_erased(session, image, SessionObjects::new(objects, None))
    }

    fn attach_erased(
        &mut self,
        session: SessionId,
        image: &CodeImage,
        objects: SessionObjects,
    ) -> Result<(), VMError> {
        let slot = self.slot_of(session)?;
        let block = self.run_queue.arena.block(slot);
        let cannot = |why| VMError::CannotAttach { session, why };
        let key = header::objects(block).checked_sub(1).ok_or_else(|| {
            cannot("it has none: they were taken back, or a handler plays its roles")
        })?;
        let awaited = &mut self.objects[key as usize];
        if !awaited.are_awaited() {
            return Err(cannot("it has its role objects"));
        }
        if self.images.get(header::image(block)).image.hash() != image.hash() {
            return Err(cannot("they play another protocol"));
        }
        let outside = objects.played_outside().map_or(Players::OBJECTS, |(players, _)| players);
        let before = self.outside.of(block);
        let before = before.map_or(Players::OBJECTS, |from| from.players);
        let is_as_before =
            outside.outside().eq(before.outside()) && outside.driven == before.driven;
        // One that has ended nobody plays any more.
        if header::is_running(block) && !is_as_before {
            return Err(cannot("other roles are played from outside than before"));
        }
        awaited.attach(objects);
        let block = self.run_queue.arena.block_mut(slot);
        if header::is_detached(block) {
            if header::attach(block) && header::is_running(block) {
                self.run_queue.push_attached(slot);
            }
            self.note_attached();
        }
        Ok(())
    }
}
