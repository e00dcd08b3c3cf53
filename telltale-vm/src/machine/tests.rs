//! Conversations that are longer than a count in a role's word.

use std::collections::BTreeSet;
use std::sync::Mutex;

use telltale_types::{GlobalTerm, Label, LabelId, RoleId};

use crate::memory::coroutine::Actor;
use crate::memory::header;
use crate::{Branch, Context, EffectHandler, HandlerResult, Picked, Policy, VM, VMConfig, Value};

/// Remembers the count and the seed of every effect.
#[derive(Default)]
struct Remembers(Mutex<Vec<(RoleId, u64, u64)>>);

impl Remembers {
    fn note(&self, cx: &Context<'_>) {
        let effect = (cx.role(), cx.count(), cx.seed());
        self.0.lock().expect("nobody panics").push(effect);
    }
}

impl EffectHandler for Remembers {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        self.note(cx);
        Ok(Value::Unit)
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        self.note(cx);
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

/// The effects of an endless session whose roles have had nearly 2³² of them.
fn effects(policy: Policy) -> Vec<(RoleId, u64, u64)> {
    let again = GlobalTerm::send("B", "A", Label::new("y"), GlobalTerm::var("t"));
    let term = GlobalTerm::mu("t", GlobalTerm::send("A", "B", Label::new("x"), again));
    let image = crate::testing::image(&term.close().expect("it is closed")).expect("it projects");
    let mut vm = VM::new(VMConfig { policy, ..VMConfig::default() });
    let session = vm.load_choreography(&image).expect("there is room");
    let roles_at = vm.loaded_at(session.slot()).roles_at;
    let block = vm.run_queue.arena.block_mut(session.slot());
    assert_eq!(header::ordinal(block), 0);
    for word in &mut block[roles_at..roles_at + 2] {
        *word |= u64::from(u32::MAX - 5) << 32;
    }
    let handler = Remembers::default();
    vm.run(&handler, 40).expect("no session faults");
    let views: Vec<u64> = vm.coroutines().map(|role| role.effects()).collect();
    assert!(views.iter().all(|&effects| effects > 1 << 32), "{policy:?}: {views:?}");
    vm.cancel(session, "enough").expect("it runs");
    assert_eq!(vm.wraps.count(session, Actor::of(RoleId(0)), 0), 0, "its end is the end of it");
    handler.0.into_inner().expect("nobody panics")
}

#[test]
fn counts_and_seeds_go_on() {
    let on_script = effects(Policy::Cooperative);
    for role in [RoleId(0), RoleId(1)] {
        let counts = on_script.iter().filter(|effect| effect.0 == role).map(|effect| effect.1);
        let expected: Vec<u64> = (u64::from(u32::MAX - 5)..).take(counts.clone().count()).collect();
        assert_eq!(counts.collect::<Vec<_>>(), expected);
    }
    let seeds: BTreeSet<u64> = on_script.iter().map(|effect| effect.2).collect();
    assert_eq!(seeds.len(), on_script.len());
    let mut by_turns = effects(Policy::RoundRobin);
    let mut same = on_script;
    by_turns.sort_unstable();
    same.sort_unstable();
    let known = by_turns.iter().all(|effect| same.contains(effect));
    assert!(known, "what a role is asked does not depend on turns");
}

/// Whoever was there to be told of what ends has gone: nothing is kept for him.
#[cfg(feature = "serde")]
#[test]
fn what_has_ended_is_kept_for_observers_only() {
    let term = GlobalTerm::send("A", "B", Label::new("x"), GlobalTerm::end());
    let image = crate::testing::image(&term.close().expect("it is closed")).expect("it projects");
    let (mut vm, handler) = (VM::default(), Remembers::default());
    let recorder = crate::recording::Recorder::new(&handler);
    vm.run(&recorder, 10).expect("nobody faults");
    let cancelled = vm.load_choreography(&image).expect("there is room");
    vm.cancel(cancelled, "it ends between two runs").expect("it is running");
    assert_eq!(vm.ended.as_ref().map(Vec::len), Some(1));
    for _ in 0..3 {
        vm.load_choreography(&image).expect("there is room");
        vm.run(&handler, 10).expect("nobody faults");
        assert!(vm.ended.is_none());
    }
}
