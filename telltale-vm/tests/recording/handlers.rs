//! Handlers that are late, fail, panic and lose messages, and runs with them.

use std::sync::atomic::{AtomicUsize, Ordering};

use telltale_vm::loader::CodeImage;
use telltale_vm::recording::Recorder;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Network, ObsEvent,
    Picked, RoleId, SendDecision, VM, VMConfig, Value,
};

use super::purchase::{Store, text};
use crate::support;

pub(super) const CHAT: &str = "μt. A→{B:more. B→C:on. C→A:back. t; B:stop. B→C:stop}";

/// Values that its seed gives, late, failing or panicking at a call.
#[derive(Default)]
pub(super) struct Moody {
    pub(super) calls: AtomicUsize,
    pub(super) late: Vec<usize>,
    pub(super) fails: Option<usize>,
    pub(super) panics: Option<usize>,
    pub(super) loses: Option<usize>,
    pub(super) defers: Option<usize>,
    pub(super) sent: AtomicUsize,
}

impl Moody {
    fn mood(&self) -> HandlerResult<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(self.panics != Some(call), "panicked at {call}");
        if self.fails == Some(call) {
            return Err(format!("failed at {call}").into());
        }
        if self.late.contains(&call) { Err(HandlerError::pending()) } else { Ok(()) }
    }
}

impl EffectHandler for Moody {
    fn send(&self, cx: &Context<'_>, _: RoleId, label: LabelId) -> HandlerResult<Value> {
        self.mood()?;
        Ok(support::value_of(cx.label(label).payload, cx.seed()))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.mood()
    }
    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        self.mood()?;
        let branch = cx.seed() as usize % branches.len();
        let value = support::value_of(cx.label(branches[branch].label).payload, cx.seed());
        Ok(Picked { branch, value })
    }
    fn network(&self) -> Option<&dyn Network> {
        (self.loses.is_some() || self.defers.is_some()).then_some(self)
    }
}

impl Network for Moody {
    fn decide(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> SendDecision {
        let sent = Some(self.sent.fetch_add(1, Ordering::Relaxed));
        if sent == self.loses {
            SendDecision::Drop
        } else if sent == self.defers {
            SendDecision::Defer
        } else {
            SendDecision::Deliver
        }
    }
}

/// A run of two sessions, then, with what is done when nobody can act.
pub(super) fn recorded_run(
    config: &VMConfig,
    image: &CodeImage,
    moody: &Moody,
    mut idle: impl FnMut(&mut VM) -> bool,
) -> (Vec<ObsEvent>, String) {
    let recorder = Recorder::new(moody).with_config(config.clone());
    let mut vm = VM::new(config.clone());
    for _ in 0..2 {
        vm.load_choreography(image).expect("there is room");
    }
    loop {
        let _ = vm.run(&recorder, 40);
        if !idle(&mut vm) {
            break;
        }
    }
    (vm.trace(), text(recorder))
}

/// Wakes everybody who can be woken.
pub(super) fn wake_all(vm: &mut VM) -> bool {
    let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    let wakes = sessions.iter().flat_map(|&session| ["A", "B", "C"].map(|role| (session, role)));
    wakes.filter(|(session, role)| vm.wake(*session, role).is_ok()).count() > 0
}

pub(super) struct Cups;
impl EffectHandler for Cups {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::opaque(Store))
    }
    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }
    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Err("there is no choice".into())
    }
}
