//! Role objects in a machine with threads.

use telltale_bytecode::CodeImage;

use super::ThreadedVM;
use crate::roles::by_handler::RoleSet;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects};
use crate::roles::session::SessionHost;
use crate::{HandlerResult, LabelId, Outcome, RoleId, SessionId, SetId, VMError, Value};

/// Role objects with a distance to others: those of two sessions that lie side by side may be with two threads, which
/// would slow each other down if they wrote to one cache line.
///
/// It is not an alignment, because the allocator takes much longer for memory that has to be aligned.
#[derive(Debug)]
pub(super) struct Apart<T> {
    objects: T,
    _distance: [u8; DISTANCE],
}

/// A cache line.
const DISTANCE: usize = 64;

impl<T> Apart<T> {
    pub(super) fn new(objects: T) -> Self {
        Self { objects, _distance: [0; DISTANCE] }
    }
}

impl SessionHost for ThreadedVM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.open(|vm| vm.open_session(image, Apart::new(objects), owned))
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let taken = self.worker_of_mut(session).take_session(session);
        let (outcome, apart): (_, Apart<C>) =
            taken.map_err(|error| self.not_opened(session, error))?;
        Ok((outcome, apart.objects))
    }
}

impl<C: RoleObjects> RoleObjects for Apart<C> {
    #[inline]
    fn message<V: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: V,
    ) -> V::Done {
        self.objects.message(from, to, label, visitor)
    }

    #[inline]
    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done {
        self.objects.choice(role, set, visitor)
    }

    fn by_handler(&self) -> RoleSet {
        self.objects.by_handler()
    }

    fn discard(self) {
        self.objects.discard();
    }

    fn invoke(
        &mut self,
        role: RoleId,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        self.objects.invoke(role, effect, argument)
    }
}
