//! Sessions in which the handler of the run plays some of the roles, and role objects the others.

use telltale_bytecode::{Branch, SetId};
use telltale_types::{LabelId, RoleId};

use crate::roles::host::{ErasedObjects, Host};
use crate::roles::observer::{Observe, Observer};
use crate::roles::players::{Players, RoleSet};
use crate::{Context, EffectHandler, HandlerResult, Picked, Value};

/// Role objects, some of which are only there to say who else plays.
pub(crate) struct Mixed {
    pub(crate) objects: Box<dyn ErasedObjects>,
    pub(crate) players: Players,
}

impl Mixed {
    /// Whoever answers for the roles of the session.
    pub(crate) fn host<'a>(&'a mut self, handler: &'a dyn EffectHandler) -> MixedHost<'a> {
        MixedHost::with_objects(&mut *self.objects, self.players.by_handler, handler)
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
