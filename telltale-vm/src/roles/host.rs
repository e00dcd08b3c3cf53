//! Who answers for the roles of a session: the handler of the run, or its role objects.

use std::any::{Any, TypeId};
use std::fmt;

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::effect::{Context, EffectHandler};
use crate::quietly::drop_quietly;
#[cfg(feature = "serde")]
use crate::roles::awaited::Awaited;
use crate::roles::by_handler::{Mixed, MixedHost};
#[cfg(feature = "serde")]
use crate::roles::objects::GivenSink;
use crate::roles::objects::RoleObjects;
use crate::roles::players::{Players, RoleSet};
use crate::roles::transfer::{Choosing, Receiving, Sending};
use crate::scripted::run::{End, RunLoop};
use crate::{HandlerError, HandlerResult, Outcome, Picked, Value};

/// Answers for the role that acts.
pub(crate) enum Host<'a> {
    /// The handler of the run.
    Handler(&'a dyn EffectHandler),
    /// The role objects of the session.
    Objects(&'a mut dyn ErasedObjects),
    /// Both, each for some of the roles.
    Mixed(MixedHost<'a>),
    /// Nobody: a program in a session with role objects acts through an endpoint, and these objects play the roles of
    /// their own session only. Payloads must be in registers.
    Nobody,
}

impl Host<'_> {
    /// Whether what the role sends is of the type of its message, and what it gets is compared with that type, because
    /// the compiler has seen to it.
    #[inline]
    pub(crate) fn is_typed(&self, role: RoleId) -> bool {
        match self {
            Self::Objects(_) => true,
            Self::Mixed(mixed) => mixed.is_typed(role),
            Self::Handler(_) | Self::Nobody => false,
        }
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
            Self::Mixed(mixed) => mixed.send(cx, to, label),
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
            Self::Mixed(mixed) => mixed.receive(cx, from, label, value),
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
            Self::Mixed(mixed) => mixed.choose(cx, set, branches),
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
            Self::Mixed(mixed) => mixed.invoke(cx, effect, argument),
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

    /// The payloads that have been given for several receivers and wait beside the objects.
    #[cfg(feature = "serde")]
    fn given(&self, to: &mut GivenSink<'_>);

    /// Puts such payloads back.
    #[cfg(feature = "serde")]
    fn put_given(&mut self, given: Given, payloads: Vec<Value>);

    /// Drops the objects one by one, each under a net of its own. Gives the box if it can be filled again.
    fn discard(self: Box<Self>) -> Option<Box<dyn ErasedObjects>>;
}

/// A payload that is given for several receivers: who gives it, and its label.
#[cfg(feature = "serde")]
pub(crate) type Given = (RoleId, LabelId);

/// The role objects of a session, and how it ended.
pub(crate) struct SessionObjects {
    objects: Objects,
    pub(crate) outcome: Option<Outcome>,
}

/// Who plays a session with role objects.
enum Objects {
    /// They play all roles.
    All(Box<dyn ErasedObjects>),
    /// Somebody else plays some of the roles.
    Some(Box<Mixed>),
}

const _: () = assert!(size_of::<SessionObjects>() <= 40);

impl SessionObjects {
    /// Those of a session that begins, in this box if they fit.
    pub(crate) fn new<O: RoleObjects>(objects: O, spare: Option<Box<dyn ErasedObjects>>) -> Self {
        let players = objects.players();
        let objects: Box<dyn ErasedObjects> =
            match spare.map(|spare| (spare as Box<dyn Any>).downcast()) {
                Some(Ok(mut spare)) => {
                    *spare = objects;
                    spare
                }
                Some(Err(_)) | None => Box::new(objects),
            };
        let objects = if players == Players::OBJECTS {
            Objects::All(objects)
        } else {
            Objects::Some(Box::new(Mixed { objects, players }))
        };
        Self { objects, outcome: None }
    }

    /// Who plays the roles, if some of them are played from outside, and the first of those.
    pub(crate) fn played_outside(&self) -> Option<(Players, RoleId)> {
        match &self.objects {
            Objects::All(_) => None,
            Objects::Some(mixed) => Some((mixed.players, mixed.players.first_outside()?)),
        }
    }

    /// Of which type they are.
    pub(crate) fn type_id(&self) -> TypeId {
        let erased: &dyn Any = self.erased();
        erased.type_id()
    }

    /// The objects.
    pub(crate) fn erased(&self) -> &dyn ErasedObjects {
        match &self.objects {
            Objects::All(objects) => &**objects,
            Objects::Some(mixed) => &*mixed.objects,
        }
    }

    /// The objects, and how the session has ended.
    pub(crate) fn into_parts(self) -> (Box<dyn Any>, Option<Outcome>) {
        let objects = match self.objects {
            Objects::All(objects) => objects,
            Objects::Some(mixed) => mixed.objects,
        };
        (objects, self.outcome)
    }

    /// The objects, if they are of this type and play all roles.
    #[inline(always)]
    pub(crate) fn all<O: RoleObjects>(&mut self) -> Option<&mut O> {
        match &mut self.objects {
            Objects::All(objects) => (&mut **objects as &mut dyn Any).downcast_mut(),
            Objects::Some(_) => None,
        }
    }

    /// Whether somebody else plays some of the roles.
    pub(crate) fn are_mixed(&self) -> bool {
        matches!(self.objects, Objects::Some(_))
    }

    /// Whoever answers for the roles, with the handler for those that have no object.
    pub(crate) fn mixed<'a>(&'a mut self, handler: &'a dyn EffectHandler) -> MixedHost<'a> {
        match &mut self.objects {
            Objects::All(objects) => {
                MixedHost::with_objects(&mut **objects, RoleSet::NONE, handler)
            }
            Objects::Some(mixed) => mixed.host(handler),
        }
    }

    /// Whoever answers for the roles. If the run is watched, there may be an observer in front of them.
    pub(crate) fn host<'a>(
        &'a mut self,
        handler: &'a dyn EffectHandler,
        is_watched: bool,
    ) -> Host<'a> {
        if is_watched {
            return Host::Mixed(self.mixed(handler));
        }
        match &mut self.objects {
            Objects::All(objects) => Host::Objects(&mut **objects),
            Objects::Some(mixed) => Host::Mixed(mixed.host(handler)),
        }
    }

    /// How sessions like this follow their schedules.
    pub(crate) fn runner(&self) -> Runner {
        match &self.objects {
            Objects::All(objects) => objects.runner(),
            Objects::Some(_) => |run_loop, handler| run_loop.by_both(handler),
        }
    }

    /// Drops them quietly. Gives their box if it can be filled again.
    pub(crate) fn discard(self) -> Option<Box<dyn ErasedObjects>> {
        drop_quietly(self.outcome);
        match self.objects {
            Objects::All(objects) => objects.discard(),
            Objects::Some(mixed) => mixed.objects.discard(),
        }
    }
}

#[cfg(feature = "serde")]
impl SessionObjects {
    /// Those of a session that waits for them.
    pub(crate) fn awaited() -> Self {
        Self { objects: Objects::All(Box::new(Awaited::default())), outcome: None }
    }

    /// Whether the session waits for its objects.
    pub(crate) fn are_awaited(&self) -> bool {
        self.type_id() == TypeId::of::<Awaited>()
    }

    /// The session has its objects.
    pub(crate) fn attach(&mut self, attached: Self) {
        let awaited = std::mem::replace(&mut self.objects, attached.objects);
        if let Objects::All(awaited) = awaited
            && let Ok(awaited) = (awaited as Box<dyn Any>).downcast::<Awaited>()
        {
            for (given, payloads) in awaited.given {
                self.put_given(given, payloads);
            }
        }
    }

    /// What waits beside them.
    pub(crate) fn given(&self, to: &mut GivenSink<'_>) {
        self.erased().given(to);
    }

    /// This waits beside them.
    pub(crate) fn put_given(&mut self, given: Given, payloads: Vec<Value>) {
        match &mut self.objects {
            Objects::All(objects) => objects.put_given(given, payloads),
            Objects::Some(mixed) => mixed.objects.put_given(given, payloads),
        }
    }

    /// The objects, if they are of this type.
    pub(crate) fn peek<O: RoleObjects>(&self) -> Option<&O> {
        let erased: &dyn Any = self.erased();
        erased.downcast_ref()
    }
}

impl fmt::Debug for dyn ErasedObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErasedObjects")
    }
}

impl fmt::Debug for SessionObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionObjects({:?})", self.outcome)
    }
}

impl<O: RoleObjects> ErasedObjects for O {
    fn send(&mut self, cx: &Context<'_>, to: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.message(cx.actor.role, to, label, Sending)
    }

    fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        self.message(from, cx.actor.role, label, Receiving { cx, label, value })
    }

    fn choose(&mut self, cx: &Context<'_>, set: SetId) -> HandlerResult<Picked> {
        self.choice(cx.actor.role, set, Choosing)
    }

    fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        RoleObjects::invoke(self, cx.actor.role, effect, argument)
    }

    fn runner(&self) -> Runner {
        |run_loop, handler| run_loop.by_objects::<O>(handler)
    }

    #[cfg(feature = "serde")]
    fn given(&self, to: &mut GivenSink<'_>) {
        RoleObjects::given(self, to);
    }

    #[cfg(feature = "serde")]
    fn put_given(&mut self, given: Given, payloads: Vec<Value>) {
        RoleObjects::put_given(self, given, payloads);
    }

    fn discard(mut self: Box<Self>) -> Option<Box<dyn ErasedObjects>> {
        if self.clear() {
            return Some(self);
        }
        RoleObjects::discard(*self);
        None
    }
}

/// Lets sessions with role objects of one type follow their schedules; the handler plays roles that have none.
pub(crate) type Runner = fn(RunLoop<'_, '_>, &dyn EffectHandler) -> End;
