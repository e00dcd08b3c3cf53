//! Sessions in which the handler of the run plays some of the roles, and role objects the others.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::roles::host::{ErasedObjects, Host};
use crate::roles::observer::{Observe, Observer};
use crate::{Context, EffectHandler, HandlerResult, Picked, Value};

/// In place of a role object: the handler of the run plays this role.
///
/// It implements the traits of all roles, so that some roles of a session can be objects while a handler answers for
/// the others: a role in a test, for example, against a scripted rest.
///
/// ```
/// # #[cfg(feature = "macros")] mod doc {
/// # use telltale_vm::{Branch, Context, HandlerResult, LabelId, Picked, RoleId, Value, choreography};
/// use telltale_vm::{ByHandler, EffectHandler};
/// # choreography! { pub protocol Count(Client, Server) { Client -> Server: Word(String); Server -> Client: Letters(u64); } }
///
/// struct Server { letters: u64 }
///
/// impl count::Server for Server {
///     fn on_word(&mut self, word: String) -> HandlerResult<()> {
///         self.letters = word.len() as u64;
///         Ok(())
///     }
///     fn letters(&mut self) -> HandlerResult<u64> {
///         Ok(self.letters)
///     }
/// }
///
/// /// Plays the client.
/// struct Client;
///
/// impl EffectHandler for Client {
///     fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
///         Ok(Value::text("tea"))
///     }
///     fn receive(&self, cx: &Context<'_>, _: RoleId, label: LabelId, value: Value) -> HandlerResult<()> {
///         assert_eq!(cx.unpack::<u64>(label, value)?, 3);
///         Ok(())
///     }
///     fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
///         Err("the client decides nothing".into())
///     }
/// }
///
/// # pub fn main() -> Result<(), telltale_vm::VMError> {
/// let roles = count::Roles { client: ByHandler, server: Server { letters: 0 } };
/// let roles = roles.play_with(&Client)?;
/// assert_eq!(roles.server.letters, 3);
/// # Ok(())
/// # }
/// # }
/// # #[cfg(feature = "macros")]
/// # fn main() -> Result<(), telltale_vm::VMError> { doc::main() }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByHandler;

/// Some roles of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleSet([u64; 4]);

impl RoleSet {
    /// None of them.
    pub const NONE: Self = Self([0; 4]);

    /// Adds a role if it `is_in`.
    #[must_use]
    pub fn with(mut self, role: RoleId, is_in: bool) -> Self {
        self.0[role.index() / 64] |= u64::from(is_in) << (role.index() % 64);
        self
    }

    /// Whether no role is in it.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(crate) fn contains(self, role: RoleId) -> bool {
        self.0[role.index() / 64] >> (role.index() % 64) & 1 == 1
    }

    /// The first role in it.
    pub(crate) fn first(self) -> Option<RoleId> {
        (0..=u8::MAX).map(RoleId).find(|role| self.contains(*role))
    }
}

/// Role objects, some of which are only there to say that the handler plays.
pub(crate) struct Mixed {
    pub(crate) objects: Box<dyn ErasedObjects>,
    pub(crate) by_handler: RoleSet,
}

impl Mixed {
    /// Whoever answers for the roles of the session.
    pub(crate) fn host<'a>(&'a mut self, handler: &'a dyn EffectHandler) -> MixedHost<'a> {
        MixedHost::with_objects(&mut *self.objects, self.by_handler, handler)
    }
}

/// Answers for the role that acts: its object, or the handler of the run.
pub(crate) struct MixedHost<'a> {
    /// The objects, and who has none.
    objects: Option<(&'a mut dyn ErasedObjects, RoleSet)>,
    /// Who stands in front of the objects.
    observer: Observer<'a>,
    handler: &'a dyn EffectHandler,
}

impl<'a> MixedHost<'a> {
    /// These objects play the roles that the handler does not play.
    pub(crate) fn with_objects(
        objects: &'a mut dyn ErasedObjects,
        by_handler: RoleSet,
        handler: &'a dyn EffectHandler,
    ) -> Self {
        Self { objects: Some((objects, by_handler)), observer: handler.observer(), handler }
    }

    /// The handler plays all roles.
    pub(crate) fn without_objects(handler: &'a dyn EffectHandler) -> Self {
        Self { objects: None, observer: Observer::default(), handler }
    }

    /// Whether an object plays the role: then the compiler has seen to the types of its payloads.
    pub(crate) fn is_typed(&self, role: RoleId) -> bool {
        self.objects.as_ref().is_some_and(|(_, by_handler)| !by_handler.contains(role))
    }

    /// The objects, if one of them plays the role, or else the handler; and who stands in front of them. (The handler does
    /// that itself.)
    fn player(&mut self, role: RoleId) -> (Host<'_>, Option<&dyn Observe>) {
        match &mut self.objects {
            Some((objects, by_handler)) if !by_handler.contains(role) => {
                (Host::Objects(&mut **objects), self.observer.0)
            }
            _ => (Host::Handler(self.handler), None),
        }
    }

    pub(crate) fn send(
        &mut self,
        cx: &Context<'_>,
        to: RoleId,
        label: LabelId,
    ) -> HandlerResult<Value> {
        match self.player(cx.actor.role) {
            (mut player, None) => player.send(cx, to, label),
            (player, Some(observer)) => observer.send(player, cx, to, label),
        }
    }

    pub(crate) fn receive(
        &mut self,
        cx: &Context<'_>,
        from: RoleId,
        label: LabelId,
        value: Value,
    ) -> HandlerResult<()> {
        match self.player(cx.actor.role) {
            (mut player, None) => player.receive(cx, from, label, value),
            (player, Some(observer)) => observer.receive(player, cx, from, label, value),
        }
    }

    /// The branches are those of the set.
    pub(crate) fn choose(
        &mut self,
        cx: &Context<'_>,
        set: SetId,
        branches: &[Branch],
    ) -> HandlerResult<Picked> {
        match self.player(cx.actor.role) {
            (mut player, None) => player.choose(cx, set, branches),
            (player, Some(observer)) => observer.choose(player, cx, set, branches),
        }
    }

    pub(crate) fn invoke(
        &mut self,
        cx: &Context<'_>,
        effect: &str,
        argument: Option<&Value>,
    ) -> HandlerResult<Value> {
        match self.player(cx.actor.role) {
            (mut player, None) => player.invoke(cx, effect, argument),
            (player, Some(observer)) => observer.invoke(player, cx, effect, argument),
        }
    }
}
