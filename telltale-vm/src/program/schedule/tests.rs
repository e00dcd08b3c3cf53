//! Schedules that are whole, and schedules that are not; sessions that leave their script and rejoin it.

use telltale_bytecode::{CodeImage, Pc};
use telltale_theory::oracle::{Shape, generate};
use telltale_types::{GlobalTerm, Label, LabelId, RoleId};

use super::StepKind;
use super::write::{LIMIT, step};
use crate::memory::coroutine::Coro;
use crate::memory::header;
use crate::program::loaded::Loaded;
use crate::program::parallel::FULL;
use crate::testing::image;
use crate::{
    Branch, Context, EffectHandler, HandlerResult, Picked, SessionId, VM, VMConfig, Value, WhenFull,
};

/// Sends nothing of interest.
struct Units;

impl EffectHandler for Units {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Unit)
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, _: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        Ok(Picked { branch: 0, value: Value::Unit })
    }
}

fn loaded(image: &CodeImage, config: &VMConfig) -> Loaded {
    let parallel = image.global_type.is_parallel().then_some(FULL);
    Loaded::new(image, config, None, parallel)
}

/// Whether some role may stop before it has come to its end.
fn may_rest(image: &CodeImage) -> bool {
    image.names().roles().any(|(role, _)| {
        (0..image.programs[role].len()).any(|pc| image.may_rest(role, Pc(pc as u32)))
    })
}

#[test]
fn the_script_of_a_protocol_is_whole() {
    let mut looked_at = 0;
    for seed in 0..3_000 {
        let Some(image) = image(&generate(seed, Shape::default())) else { continue };
        let Loaded { schedule, template, roles_at, roles, .. } =
            loaded(&image, &VMConfig::default());
        let start = &template[roles_at..][..roles];
        if image.global_type.len() > 1 {
            assert!(schedule.first_place().is_some() && schedule.place_of(start).is_some());
        }
        if !may_rest(&image) {
            looked_at += 1;
            let leaves = schedule.steps.iter().filter(|step| step.what == StepKind::Leave).count();
            assert_eq!(leaves, 1, "only place 0 leaves the schedule of {image}");
        }
    }
    assert!(looked_at > 300, "only {looked_at}");
}

#[test]
fn a_count_begins_anew_without_moving_its_role() {
    for (from, to) in [(3, 9), (9, 3), (4, 4), (0, (1 << 27) - 1)] {
        let last = Coro::at(from, u32::MAX).to_word();
        let next = Coro::from_word(last.wrapping_add(step(from, to)));
        assert_eq!(next, Coro::at(to, 0));
    }
}

#[test]
fn channels_that_lose_or_refuse_messages_have_no_script() {
    let send = |label, then| GlobalTerm::send("A", "B", Label::new(label), then);
    let image_of =
        |term: GlobalTerm| image(&term.close().expect("it is closed")).expect("it projects");
    let once = image_of(send("x", GlobalTerm::end()));
    let twice = image_of(send("x", send("y", GlobalTerm::end())));
    let has_script = |image, when_full| {
        let config = VMConfig { when_full, ..VMConfig::default() };
        loaded(image, &config).schedule.first_place().is_some()
    };
    for (when_full, may_fill) in [
        (WhenFull::Block, true),
        (WhenFull::Resize, true),
        (WhenFull::Drop, false),
        (WhenFull::Error, false),
    ] {
        assert!(has_script(&once, when_full), "one message always has room");
        assert_eq!(has_script(&twice, when_full), may_fill);
    }
}

#[test]
fn a_script_has_a_limit() {
    let roles: Vec<String> = (0..20).map(|at| format!("R{at}")).collect();
    let mut long = GlobalTerm::end();
    for step in (0..500).rev() {
        let (from, to) = (&roles[step % 20], &roles[(step + 1) % 20]);
        long = GlobalTerm::send(from, to, Label::new(format!("m{step}")), long);
    }
    let image = image(&long.close().expect("it is closed")).expect("it projects");
    let schedule = loaded(&image, &VMConfig::default()).schedule;
    assert!(schedule.pcs.len() <= LIMIT);
    let mut vm = VM::new(VMConfig::default());
    vm.load_choreography(&image).expect("there is room");
    vm.run(&Units, usize::MAX).expect("no session faults");
    assert_eq!(vm.open_sessions(), 0);
}

fn place(vm: &VM, session: SessionId) -> Option<u32> {
    header::place(vm.block_of(session).expect("it runs"))
}

#[test]
fn a_session_comes_back_to_its_script() {
    let pong = GlobalTerm::send("B", "A", Label::new("pong"), GlobalTerm::var("t"));
    let protocol = GlobalTerm::mu("t", GlobalTerm::send("A", "B", Label::new("ping"), pong));
    let image = image(&protocol.close().expect("it is closed")).expect("it projects");
    let mut vm = VM::new(VMConfig::default());
    let session = vm.load_choreography(&image).expect("there is room");
    vm.run(&Units, 1).expect("no session faults");
    assert!(place(&vm, session).is_some());
    vm.pause("A");
    assert_eq!(place(&vm, session), None);
    vm.resume("A");
    vm.run(&Units, 1).expect("no session faults");
    assert!(place(&vm, session).is_some());
    vm.step(&Units).expect("no session faults");
    assert_eq!(place(&vm, session), None);
}
