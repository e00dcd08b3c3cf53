//! Who answers for the roles of a session: the handler of the run, or its role objects.

use std::any::Any;
use std::fmt;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::effect::{Context, EffectHandler};
use crate::quietly::drop_quietly;
use crate::roles::objects::RoleObjects;
use crate::roles::transfer::{Choosing, Receiving, Sending};
use crate::scripted::run::{End, RunLoop};
use crate::{HandlerError, HandlerResult, Outcome, Picked, Value};

/// Answers for the role that acts.
pub(crate) enum Host<'a> {
    /// The handler of the run.
    Handler(&'a dyn EffectHandler),
    /// The role objects of the session.
    Objects(&'a mut dyn ErasedObjects),
    /// Nobody: a program in a session with role objects acts through an endpoint, and these objects play the roles of
    /// their own session only. Payloads must be in registers.
    Nobody,
}

impl Host<'_> {
    /// Whether payloads are of the types of their messages because the compiler has seen to it.
    #[inline]
    pub(crate) fn is_typed(&self) -> bool {
        matches!(self, Self::Objects(_))
    }

    #[inline]
    pub(crate) fn send(
        &mut self,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value> {
        match self {
            Self::Handler(handler) => handler.send(cx, to, label),
            Self::Objects(objects) => objects.send(cx, to, label),
            Self::Nobody => Err(nobody()),
        }
    }

    #[inline]
    pub(crate) fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        match self {
            Self::Handler(handler) => handler.receive(cx, from, label, value),
            Self::Objects(objects) => objects.receive(cx, from, label, value),
            Self::Nobody => Err(nobody()),
        }
    }

    /// The branches are those of the set.
    #[inline]
    pub(crate) fn choose(
        &mut self,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked> {
        match self {
            Self::Handler(handler) => handler.choose(cx, branches),
            Self::Objects(objects) => objects.choose(cx, set),
            Self::Nobody => Err(nobody()),
        }
    }

    pub(crate) fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        match self {
            Self::Handler(handler) => handler.invoke(cx, effect, argument),
            Self::Objects(objects) => objects.invoke(cx, effect, argument),
            Self::Nobody => Err(nobody()),
        }
    }
}

#[cold]
fn nobody() -> HandlerError {
    HandlerError::msg("role objects cannot answer for a role of another session")
}

/// Role objects of any type.
pub(crate) trait ErasedObjects: Any + Send {
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value>;

    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()>;

    fn choose(&mut self, cx: &Context<'_>, set: SetId) -> HandlerResult<Picked>;

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value>;

    /// How sessions with role objects of this type follow their schedules.
    fn runner(&self) -> Runner;

    /// Drops the objects one by one, each under a net of its own.
    fn discard(self: Box<Self>);
}

/// The role objects of a session, and how it ended.
pub(crate) struct SessionObjects {
    pub(crate) objects: Box<dyn ErasedObjects>,
    pub(crate) outcome: Option<Outcome>,
}

impl SessionObjects {
    /// Drops them quietly.
    pub(crate) fn discard(self) {
        self.objects.discard();
        drop_quietly(self.outcome);
    }
}

impl fmt::Debug for SessionObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionObjects({:?})", self.outcome)
    }
}

impl<O: RoleObjects> ErasedObjects for O {
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.message(cx.role, to, label, Sending)
    }

    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.message(from, cx.role, label, Receiving { cx, label, value })
    }

    fn choose(&mut self, cx: &Context<'_>, set: SetId) -> HandlerResult<Picked> {
        self.choice(cx.role, set, Choosing)
    }

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        RoleObjects::invoke(self, cx.role, effect, argument)
    }

    fn runner(&self) -> Runner {
        |run_loop| run_loop.by_objects::<O>()
    }

    fn discard(self: Box<Self>) {
        RoleObjects::discard(*self);
    }
}

/// Lets sessions with role objects of one type follow their schedules.
pub(crate) type Runner = fn(RunLoop<'_, '_>) -> End;
