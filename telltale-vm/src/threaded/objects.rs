//! Role objects in a machine with threads.

use telltale_bytecode::CodeImage;

use super::ThreadedVM;
use crate::roles::by_handler::RoleSet;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor, RoleObjects};
use crate::roles::session::SessionHost;
use crate::{HandlerResult, LabelId, Outcome, RoleId, SessionId, SetId, VMError, Value};

/// Role objects on cache lines of their own: those of two sessions that lie side by side may be with two threads.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Apart<T>(pub(super) T);

impl SessionHost for ThreadedVM {
    fn open_session(
        &mut self,
        image: &CodeImage,
        objects: impl RoleObjects,
        owned: bool,
    ) -> Result<SessionId, VMError> {
        self.open(|vm| vm.open_session(image, Apart(objects), owned))
    }

    fn take_session<C: RoleObjects>(
        &mut self,
        session: SessionId,
    ) -> Result<(Outcome, C), VMError> {
        let taken = self.worker_of_mut(session).take_session(session);
        let (outcome, Apart(objects)) = taken.map_err(|error| self.not_opened(session, error))?;
        Ok((outcome, objects))
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
        self.0.message(from, to, label, visitor)
    }

    #[inline]
    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done {
        self.0.choice(role, set, visitor)
    }

    fn by_handler(&self) -> RoleSet {
        self.0.by_handler()
    }

    fn discard(self) {
        self.0.discard();
    }

    fn invoke(
        &mut self,
        role: RoleId,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        self.0.invoke(role, effect, argument)
    }
}
