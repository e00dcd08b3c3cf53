//! One half of the way of a message between role objects: a session off its script has channels in between,
//! and what is in a channel is a value.

use telltale_types::LabelId;

use crate::cast::{Carrier, ChoiceCarrier};
use crate::effect::Context;
use crate::{HandlerError, HandlerResult, Picked, Value, pack};

/// From the giver into a value.
pub(super) struct Giving;

impl Carrier for Giving {
    type Done = HandlerResult<Value>;

    #[inline]
    fn carry<G, T, P: Send + 'static>(
        self,
        giver: &mut G,
        give: impl FnOnce(&mut G) -> HandlerResult<P>,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        give(giver).map(pack)
    }

    fn hand<T, P: 'static>(
        self,
        _: &mut T,
        _: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        Err(nobody_gives())
    }

    fn fail(self, error: HandlerError) -> Self::Done {
        Err(error)
    }
}

/// From a value to the taker.
pub(super) struct Taking<'c, 'x> {
    pub(super) cx: &'c Context<'x>,
    pub(super) label: LabelId,
    pub(super) value: Value,
}

impl Carrier for Taking<'_, '_> {
    type Done = HandlerResult<()>;

    #[inline]
    fn carry<G, T, P: Send + 'static>(
        self,
        _: &mut G,
        _: impl FnOnce(&mut G) -> HandlerResult<P>,
        taker: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        self.hand(taker, take)
    }

    #[inline]
    fn hand<T, P: 'static>(
        self,
        taker: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done {
        take(taker, self.cx.unpack(self.label, self.value)?)
    }

    fn fail(self, error: HandlerError) -> Self::Done {
        Err(error)
    }
}

/// From the role that decides into a value.
pub(super) struct Picking;

impl ChoiceCarrier for Picking {
    type Done = HandlerResult<Picked>;

    #[inline]
    fn carry<T, P: Send + 'static>(
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

/// The answer to a question that no session of the protocol asks.
#[cold]
pub(super) fn nobody_gives() -> HandlerError {
    HandlerError::msg("no role object gives this message; it only comes of a choice")
}
