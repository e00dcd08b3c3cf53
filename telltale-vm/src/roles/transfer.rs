//! Visitors that move a message half of the way between role objects: off the script there is a channel in between,
//! and what is in a channel is a value.

use telltale_types::LabelId;

use crate::effect::Context;
use crate::roles::objects::{ChoiceVisitor, MessageVisitor};
use crate::{HandlerError, HandlerResult, Picked, Value, pack};

/// From the sender into a value.
pub(super) struct Sending;

impl MessageVisitor for Sending {
    type Done = HandlerResult<Value>;

    #[inline]
    fn transfer<G, T, P: Send + 'static>(
        self,
        sender: &mut G,
        send: impl FnOnce(&mut G) -> HandlerResult<P>,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        send(sender).map(pack)
    }

    fn deliver<T, P: 'static>(
        self,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        Err(nobody_sends())
    }

    fn fail(self, error: HandlerError) -> Self::Done {
        Err(error)
    }
}

/// From a value to the receiver.
pub(super) struct Receiving<'c, 'x> {
    pub(super) cx: &'c Context<'x>,
    pub(super) label: LabelId,
    pub(super) value: Value,
}

impl MessageVisitor for Receiving<'_, '_> {
    type Done = HandlerResult<()>;

    #[inline]
    fn transfer<G, T, P: Send + 'static>(
        self,
        _: &mut G,
        _: impl FnOnce(&mut G) -> HandlerResult<P>,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        self.deliver(receiver, take)
    }

    #[inline]
    fn deliver<T, P: 'static>(
        self,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        take(receiver, self.cx.unpack(self.label, self.value)?)
    }

    fn fail(self, error: HandlerError) -> Self::Done {
        Err(error)
    }
}

/// From the role that decides into a value.
pub(super) struct Choosing;

impl ChoiceVisitor for Choosing {
    type Done = HandlerResult<Picked>;

    #[inline]
    fn transfer<T, P: Send + 'static>(
        self,
        branch: usize,
        payload: P,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        Ok(Picked { branch, value: pack(payload) })
    }

    fn fail(self, error: HandlerError) -> Self::Done {
        Err(error)
    }
}

/// The answer for a message that is only sent with a choice; the VM does not ask for it alone.
#[cold]
pub(crate) fn nobody_sends() -> HandlerError {
    HandlerError::msg("no role object sends this message; it is only sent with a choice")
}
