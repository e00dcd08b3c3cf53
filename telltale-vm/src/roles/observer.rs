//! Who stands between the machine and those who play the roles, if anybody does: whoever writes down what they are asked
//! and what they answer, or compares it.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::roles::host::Host;
use crate::{Context, HandlerResult, Outcome, Picked, SessionId, Value};

/// An observer, or none.
#[derive(Clone, Copy, Default)]
#[expect(missing_debug_implementations, reason = "nobody sees it")]
pub struct Observer<'a>(pub(crate) Option<&'a dyn Observe>);

/// Asks the host in place of the machine. What it gives is the answer.
pub(crate) trait Observe {
    fn send(
        &self,
        host: Host<'_>,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value>;

    fn receive(
        &self,
        host: Host<'_>,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()>;

    /// The branches are those of the set.
    fn choose(
        &self,
        host: Host<'_>,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked>;

    fn invoke(
        &self,
        host: Host<'_>,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value>;

    /// A session has ended, in this run or before it.
    fn ended(&self, session: SessionId, outcome: &Outcome);
}
