//! The role objects of one session, as the VM sees them.
//!
//! Role objects name, for each message, the method that gives its payload and the method that takes it. How the
//! payload gets from one to the other is up to a *visitor*: on the script it is moved straight across; off the script
//! one visitor sends it as a [`Value`](crate::Value), and another receives it later.

use std::any::Any;

use telltale_bytecode::{CodeImage, SetId};
use telltale_types::{LabelId, RoleId};

use crate::program::parallel::ParallelParts;
use crate::quietly::drop_quietly;
use crate::roles::players::Players;
use crate::{HandlerError, HandlerResult, Value};

/// Takes payloads that have been given for several receivers: who has given them, their label, and one for each receiver.
pub type GivenSink<'a> = dyn FnMut((RoleId, LabelId), &[Value]) + 'a;

/// The role objects of one session. The macro implements it.
///
/// ```
/// use telltale_vm::generated::{ChoiceVisitor, MessageVisitor, RoleObjects};
/// use telltale_vm::{HandlerError, LabelId, RoleId, SetId};
///
/// /// `A→B:Number(u64)`, over and over: how far `A` has counted, and what `B` has received.
/// struct Counting {
///     a: u64,
///     b: Vec<u64>,
/// }
///
/// impl RoleObjects for Counting {
///     fn message<V: MessageVisitor>(
///         &mut self,
///         _from: RoleId,
///         _to: RoleId,
///         _label: LabelId,
///         visitor: V,
///     ) -> V::Done {
///         let send = |count: &mut u64| {
///             *count += 1;
///             Ok(*count)
///         };
///         let take = |received: &mut Vec<u64>, number| {
///             received.push(number);
///             Ok(())
///         };
///         visitor.transfer(&mut self.a, send, &mut self.b, take)
///     }
///
///     fn choice<V: ChoiceVisitor>(&mut self, _role: RoleId, _set: SetId, visitor: V) -> V::Done {
///         visitor.fail(HandlerError::msg("the protocol has no choice"))
///     }
/// }
/// ```
pub trait RoleObjects: Any + Send + Sized {
    /// What the machine needs for the parallel parts of the protocol, if it has some. Objects that were not generated need
    /// not say so: where they come in, the machine expects any protocol.
    const PARALLEL: Option<ParallelParts> = None;

    /// Calls the visitor once, with the object that sends the message and the one that receives it.
    fn message<V: MessageVisitor>(
        &mut self,
        from: RoleId,
        to: RoleId,
        label: LabelId,
        visitor: V,
    ) -> V::Done;

    /// Asks `role` which branch of a set it takes, and calls the visitor with the first message of that branch.
    fn choice<V: ChoiceVisitor>(&mut self, role: RoleId, set: SetId, visitor: V) -> V::Done;

    /// The image of their protocol, if `choreography!` has made both.
    fn image() -> Option<&'static CodeImage> {
        None
    }

    /// Who plays the roles. The objects of those that somebody else plays are not asked.
    fn players(&self) -> Players {
        Players::OBJECTS
    }

    /// Drops the objects one by one with [`discard`], so that one that panics does not keep the others.
    fn discard(self) {
        discard(self);
    }

    /// Drops the objects as [`RoleObjects::discard`] does, and says whether this can be used for others. If not, nothing
    /// has happened.
    fn clear(&mut self) -> bool {
        false
    }

    /// The payloads that have been given for several receivers, by who has given them and their labels: copies for those that
    /// have not got theirs.
    #[doc(hidden)]
    fn given(&self, to: &mut GivenSink<'_>) {
        let _ = to;
    }

    /// Puts such payloads back.
    #[doc(hidden)]
    fn put_given(&mut self, member: (RoleId, LabelId), payloads: Vec<Value>) {
        drop((member, payloads));
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

/// Moves a message from the role object that sends it to the one that receives it, or one half of that way.
pub trait MessageVisitor: Sized {
    /// The result.
    type Done;

    /// `send` asks `sender` for the payload, `take` gives it to `receiver`.
    fn transfer<G, T, P: Send + 'static>(
        self,
        sender: &mut G,
        send: impl FnOnce(&mut G) -> HandlerResult<P>,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// The same for a message without a sending method: its payload always comes with a choice.
    fn deliver<T, P: 'static>(
        self,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// No role object sends or receives this message.
    fn fail(self, error: HandlerError) -> Self::Done;

    /// [`MessageVisitor::transfer`] for a message without payload.
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

    /// [`MessageVisitor::deliver`] for a message without payload.
    #[inline(always)]
    fn deliver_signal<T>(
        self,
        receiver: &mut T,
        take: impl FnOnce(&mut T) -> HandlerResult<()>,
    ) -> Self::Done {
        self.deliver(receiver, |receiver, ()| take(receiver))
    }
}

/// Moves the first message of a branch; its payload came with the decision.
pub trait ChoiceVisitor: Sized {
    /// The result.
    type Done;

    /// The branch has this number; `take` gives its payload to `receiver`.
    fn transfer<T, P: Send + 'static>(
        self,
        branch: usize,
        payload: P,
        receiver: &mut T,
        take: impl FnOnce(&mut T, P) -> HandlerResult<()>,
    ) -> Self::Done;

    /// Nothing has been chosen.
    fn fail(self, error: HandlerError) -> Self::Done;

    /// [`ChoiceVisitor::transfer`] for a message without payload.
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
