//! Whoever answers for the roles of a session: the handler of the VM, or its role objects.

use std::any::Any;
use std::fmt;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use super::transfer::{Choosing, Receiving, Sending};
use crate::effect::{Context, EffectHandler};
use crate::roles::objects::RoleObjects;
use crate::scripted::run::{End, RunLoop};
use crate::{HandlerResult, Outcome, Picked, Value};

/// Answers for the role that acts.
pub(crate) trait Host {
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value>;

    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()>;

    /// The branches are those of the set.
    fn choose(
        &mut self,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked>;

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value>;
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

    /// How casts of this type perform.
    fn runner(&self) -> Runner;
}

/// The role objects of a session, and how it ended.
pub(crate) struct SessionObjects {
    pub(crate) cast: Box<dyn ErasedObjects>,
    pub(crate) outcome: Option<Outcome>,
}

impl fmt::Debug for SessionObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Company({:?})", self.outcome)
    }
}

impl<C: RoleObjects> ErasedObjects for C {
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
        |run_loop| run_loop.by_objects::<C>()
    }
}

/// Lets casts of one type perform their sessions.
pub(crate) type Runner = fn(RunLoop<'_, '_>) -> End;

impl Host for &dyn EffectHandler {
    #[inline]
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        (**self).send(cx, to, label)
    }

    #[inline]
    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        (**self).receive(cx, from, label, value)
    }

    #[inline]
    fn choose(&mut self, cx: &Context<'_>, _: SetId, branches: &[Branch]) -> HandlerResult<Picked> {
        (**self).choose(cx, branches)
    }

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        (**self).invoke(cx, effect, argument)
    }
}

impl Host for &mut dyn ErasedObjects {
    #[inline]
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        (**self).send(cx, to, label)
    }

    #[inline]
    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        (**self).receive(cx, from, label, value)
    }

    #[inline]
    fn choose(&mut self, cx: &Context<'_>, set: SetId, _: &[Branch]) -> HandlerResult<Picked> {
        (**self).choose(cx, set)
    }

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        (**self).invoke(cx, effect, argument)
    }
}
