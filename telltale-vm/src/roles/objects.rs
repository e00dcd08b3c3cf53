//! The role objects of one session, as the VM sees them.
//!
//! A cast says for each message which of its objects gives the payload and which takes it. How the payload
//! gets from the one to the other is the VM's business: a *carrier* takes it there at once while the
//! session performs its script, and half of the way, as a [`Value`](crate::Value), when it does not.

use std::any::Any;

use telltale_bytecode::SetId;
use telltale_types::{LabelId, RoleId};

use crate::machine::drop_quietly;
use crate::{HandlerError, HandlerResult, Value};

/// The role objects of one session. The macro implements it.
///
/// ```
/// use telltale_vm::{Carrier, Cast, ChoiceCarrier, HandlerError, LabelId, RoleId, SetId};
///
/// /// `A→B:Number(u64)`, over and over: how far `A` has counted, and what `B` has heard.
/// struct Counting {
///     a: u64,
///     b: Vec<u64>,
/// }
///
/// impl Cast for Counting {
///     fn message<C: Carrier>(
///         &mut self,
///         _from: RoleId,
///         _to: RoleId,
///         _label: LabelId,
///         carrier: C,
///     ) -> C::Done {
///         let give = |count: &mut u64| {
///             *count += 1;
///             Ok(*count)
///         };
///         let take = |heard: &mut Vec<u64>, number| {
///             heard.push(number);
///             Ok(())
///         };
///         carrier.carry(&mut self.a, give, &mut self.b, take)
///     }
///
///     fn choice<C: ChoiceCarrier>(&mut self, _role: RoleId, _set: SetId, carrier: C) -> C::Done {
///         carrier.fail(HandlerError::msg("nobody decides anything"))
///     }
/// }
/// ```
pub trait RoleObjects: Any + Send + Sized {
    /// Gives the message to the carrier, once: who gives its payload, and who takes it.
    fn message<C: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: C,
    ) -> C::Done;

    /// Asks `role` which of the branches of a set it takes, and gives the first message of that branch to
    /// the carrier.
    fn choice<C: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: C) -> C::Done;

    /// Drops the objects one by one with [`discard`], so that one that panics does not keep the others.
    fn discard(self) {
        discard(self);
    }

    /// Performs a named effect.
    ///
    /// # Errors
    ///
    /// Role objects that were generated know no effects.
    fn invoke(
        &mut self,
        role: RoleId,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        let _ = (role, argument);
        Err(HandlerError::msg(format!("the role objects do not know effect `{effect}`")))
    }
}

/// Drops an object that nobody takes back. What it panics with is dropped as well.
pub fn discard<T>(object: T) {
    drop_quietly(object);
}

/// Carries a message from the role object that gives it to the one that takes it, or one half of that way.
pub trait MessageVisitor: Sized {
    /// What has come of it.
    type Done;

    /// `give` asks `giver` for the payload, `take` hands it to `taker`.
    fn transfer<G, T, P: Send + 'static>(
        self,
        sender: &mut G,
        send: impl FnOnce(&mut G) -> HandlerResult<P>,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// The same for a message that nobody gives, because it always comes of a choice.
    fn deliver<T, P: 'static>(
        self,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// No role object gives or takes this message.
    fn fail(self, error: HandlerError) -> Self::Done;

    /// [`MessageVisitor::carry`] for a message without payload.
    #[inline(always)]
    fn transfer_signal<G, T>(
        self,
        sender: &mut G,
        send: impl FnOnce(&mut G) -> HandlerResult<()>,
        receiver: &mut T,
        take: impl FnOnce(&mut T) -> HandlerResult<()>,
    ) -> Self::Done {
        self.transfer(sender, send, receiver, |receiver, ()| take(receiver))
    }

    /// [`MessageVisitor::hand`] for a message without payload.
    #[inline(always)]
    fn deliver_signal<T>(
        self,
        receiver: &mut T,
        take: impl FnOnce(&mut T) -> HandlerResult<()>,
    ) -> Self::Done {
        self.deliver(receiver, |receiver, ()| take(receiver))
    }
}

/// Carries the first message of a branch, which has been given with the decision.
pub trait ChoiceVisitor: Sized {
    /// What has come of it.
    type Done;

    /// The branch is the one with this number; `take` hands its payload to `taker`.
    fn transfer<T, P: Send + 'static>(
        self,
        branch: usize,
        payload: P,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// Nothing has been chosen.
    fn fail(self, error: HandlerError) -> Self::Done;

    /// [`ChoiceVisitor::carry`] for a message without payload.
    #[inline(always)]
    fn transfer_signal<T>(
        self,
        branch: usize,
        receiver: &mut T,
        take: impl FnOnce(&mut T) -> HandlerResult<()>,
    ) -> Self::Done {
        self.transfer(branch, (), receiver, |receiver, ()| take(receiver))
    }
}
