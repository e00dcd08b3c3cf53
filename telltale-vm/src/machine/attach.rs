//! Sessions that were resumed get their role objects.

use telltale_bytecode::CodeImage;

use crate::memory::header;
use crate::roles::host::SessionObjects;
use crate::roles::objects::RoleObjects;
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
        if objects.played_outside().is_some() {
            return Err(cannot(
                "a role would be played from outside, which has not been so before",
            ));
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
