//! Memory is given back when what has needed it is over.

use telltale_conformance::by_hand::moody::Moody;
use telltale_conformance::by_hand::parts::GAME;
use telltale_conformance::image::images;
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerError, HandlerResult, LabelId, Picked, Progress,
    Recording, RoleId, SessionStatus, VM, VMConfig, Value, WhenFull,
};

/// How many sessions there are.
const SESSIONS: usize = 40;

/// How many messages each of them has on their way at once.
const BURST: u64 = 2_000;

const STREAM: &str = "protocol Stream(A, B) {
    loop { choice at A { A -> B: More(u64); } or { A -> B: Over; break; } }
}";

/// Sends a burst, and then has no answer. All of it is received but for the last messages.
struct Burst;

impl EffectHandler for Burst {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Err(HandlerError::msg("there are only choices"))
    }

    fn receive(&self, cx: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        if cx.count() + 2 >= BURST { Err(HandlerError::pending()) } else { Ok(()) }
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        if cx.count() >= BURST {
            return Err(HandlerError::pending());
        }
        let more = |branch: &Branch| cx.label(branch.label).name == "More";
        let branch = branches.iter().position(more).unwrap_or(usize::MAX);
        Ok(Picked { branch, value: Value::Uint(1) })
    }
}

#[test]
fn a_burst_that_is_over_takes_no_memory() {
    let image = images(STREAM).remove(0).1.expect("the protocol projects");
    let (when_full, recording) = (WhenFull::Resize, Recording::Off);
    let mut vm = VM::new(VMConfig { when_full, recording, ..VMConfig::default() });
    let mut of_one = 0;
    let mut after = 0;
    for _ in 0..SESSIONS {
        let session = vm.load_choreography(&image).expect("there is room");
        vm.pause("B");
        vm.run(&Burst, 1_000).expect("there is room");
        let queued = vm.session(session).expect("it is running").queued("A", "B");
        assert_eq!(queued, Some(BURST as usize));
        if of_one == 0 {
            of_one = vm.session_memory();
        }
        vm.resume("B");
        vm.run(&Burst, 1_000).expect("nothing goes wrong");
        let queued = vm.session(session).expect("it is running").queued("A", "B");
        assert!(queued.is_some_and(|queued| (1..3).contains(&queued)), "{queued:?}");
        after = vm.session_memory();
    }
    assert_eq!(vm.progress(), Progress::Waiting);
    assert!(after < 3 * of_one, "{after} bytes, and {of_one} when there was one session");
}

#[test]
fn a_session_that_never_runs_leaves_nothing() {
    let mut vm = VM::new(VMConfig { recording: Recording::Off, ..VMConfig::default() });
    let open_and_cancel = |vm: &mut VM| {
        let session = vm.load_choreography(&GAME).expect("there is room");
        vm.cancel(session, "not this one").expect("it is running");
    };
    open_and_cancel(&mut vm);
    let memory = vm.session_memory();
    (0..5_000).for_each(|_| open_and_cancel(&mut vm));
    assert_eq!((vm.progress(), vm.session_memory()), (Progress::Complete, memory));
    let game = vm.load_choreography(&GAME).expect("there is room");
    vm.run(&Moody::calm(1), 100).expect("nothing goes wrong");
    assert!(vm.status(game).is_ok_and(SessionStatus::has_ended));
}
