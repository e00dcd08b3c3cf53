//! Whoever answers for the roles of a session: the handler of the VM, or its role objects.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::effect::{Context, EffectHandler};
use crate::roles::Cast;
use crate::{HandlerResult, Picked, Value};

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

impl Host for &mut dyn Cast {
    #[inline]
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        (**self).send(cx.role, to, label)
    }

    #[inline]
    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        (**self).receive(cx.role, from, label, value)
    }

    #[inline]
    fn choose(&mut self, cx: &Context<'_>, set: SetId, _: &[Branch]) -> HandlerResult<Picked> {
        (**self).choose(cx.role, set)
    }

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        (**self).invoke(cx.role, effect, argument)
    }
}
