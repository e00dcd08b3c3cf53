//! Role objects in a machine with threads.

use telltale_bytecode::CodeImage;

use super::ThreadedVM;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects};
use crate::roles::play::not_from_outside;
use crate::roles::players::Players;
use crate::roles::session::SessionHost;
use crate::{
    HandlerError, HandlerResult, LabelId, Outcome, RoleId, SessionId, SetId, VMError, Value,
};

/// Role objects in a box that stays with its worker and is used again and again.
///
/// A box that one thread has allocated and another gives back costs both of them: they meet in the allocator, and what
/// lay side by side is scattered.
#[derive(Debug)]
pub(super) struct Kept<O> {
    objects: Option<O>,
    /// Those of two sessions that lie side by side may be with two threads, which would slow each other down if they wrote to
    /// one cache line. (An alignment would do as well, but the allocator takes much longer for memory that has to be
    /// aligned.)
    _distance: [u8; DISTANCE],
}

/// A cache line.
const DISTANCE: usize = 64;

impl<O> Kept<O> {
    pub(super) fn new(objects: O) -> Self {
        Self { objects: Some(objects), _distance: [0; DISTANCE] }
    }
}

impl SessionHost for ThreadedVM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        not_from_outside(image, objects.players())?;
        self.open(|vm| vm.open_session(image, Kept::new(objects), owned))
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let taken = self.worker_of_mut(session).take_session(session);
        let (outcome, kept): (_, Kept<C>) =
            taken.map_err(|error| self.not_opened(session, error))?;
        // Objects that were taken before are stale already.
        let objects = kept.objects.ok_or(VMError::StaleSession { session })?;
        Ok((outcome, objects))
    }
}

/// Nobody asks an empty box.
impl<O: RoleObjects> RoleObjects for Kept<O> {
    #[inline]
    fn message<V: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: V,
    ) -> V::Done {
        match &mut self.objects {
            Some(objects) => objects.message(from, to, label, visitor),
            None => visitor.fail(gone()),
        }
    }

    #[inline]
    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done {
        match &mut self.objects {
            Some(objects) => objects.choice(role, set, visitor),
            None => visitor.fail(gone()),
        }
    }

    fn players(&self) -> Players {
        self.objects.as_ref().map_or(Players::OBJECTS, O::players)
    }

    fn discard(mut self) {
        self.clear();
    }

    fn clear(&mut self) -> bool {
        if let Some(objects) = self.objects.take() {
            objects.discard();
        }
        true
    }

    fn invoke(
        &mut self,
        role: RoleId,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        match &mut self.objects {
            Some(objects) => objects.invoke(role, effect, argument),
            None => Err(gone()),
        }
    }
}

#[cold]
fn gone() -> HandlerError {
    HandlerError::msg("the role objects are gone")
}
