//! Everywhere a value can be when something happens to its session.

use telltale_bytecode::{Hop, ImmKind, Instr, Reg, Slot, Via};
use telltale_conformance::by_hand::program::{EFFECT, assembler};
use telltale_conformance::image::images;
use telltale_conformance::ways::Way;
use telltale_types::{LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::{
    ChannelMode, Message, Recording, SendDecision, SessionId, VM, VMConfig, WhenFull,
};

use crate::giver::Giver;

/// A session in which values are held.
pub(crate) struct Held {
    pub(crate) vm: VM,
    pub(crate) session: SessionId,
    pub(crate) giver: Giver,
}

/// Makes a handler's values be in some place.
pub(crate) type Place = fn(Giver) -> Held;

/// All of them.
pub(crate) const PLACES: [(&str, Place); 19] = [
    ("in a channel", |giver| in_channel(THREE, giver, 64)),
    ("in a channel for one", |giver| in_channel(ONE, giver, 1)),
    ("in a channel that grows", |giver| with_channels(giver, WhenFull::Resize, ChannelMode::Fifo)),
    ("lost for lack of room", |giver| with_channels(giver, WhenFull::Drop, ChannelMode::Fifo)),
    ("replaced by a newer one", |giver| {
        with_channels(giver, WhenFull::Block, ChannelMode::LatestValue)
    }),
    ("without room", |giver| with_channels(giver, WhenFull::Error, ChannelMode::Fifo)),
    ("in an answer that waits for room", |giver| in_channel(CHOICES, giver, 1)),
    ("lost by the network", |giver| with_network(giver, SendDecision::Drop)),
    ("deferred by the network", |giver| with_network(giver, SendDecision::Defer)),
    ("injected", injected),
    ("of the wrong kind", of_the_wrong_kind),
    ("in a branch that is not there", in_no_branch),
    ("in a register", |giver| by_hand(giver, &[TAKE, WAIT, Instr::Halt])),
    ("lent to an effect", |giver| by_hand(giver, &[TAKE, LEND, Instr::Halt])),
    ("written over", |giver| by_hand(giver, &[TAKE, OVERWRITE, WAIT, Instr::Halt])),
    ("the result of an effect", |giver| by_hand(giver, &[TAKE, WAIT, RESULT, Instr::Halt])),
    ("taken on the way out of the program", |giver| by_hand(giver, &[TAKE])),
    ("in a session that is played by guests", |giver| through_endpoints(giver, Way::WithGuests)),
    ("in a session that is played alone", |giver| through_endpoints(giver, Way::Alone)),
];

const ONE: &str = "protocol One(A, B) { A -> B: M(Any); B -> A: N; }";
const THREE: &str = "protocol Three(A, B) { A -> B: M(Any); A -> B: M(Any); A -> B: M(Any); }";
const CHOICES: &str = "protocol Choices(A, B) {
    choice at A { A -> B: M(Any); } or { A -> B: N(Any); }
    choice at A { A -> B: M(Any); } or { A -> B: N(Any); }
}";

const NEXT: Hop = Hop::NEXT;
const R0: Reg = Reg(0);
const TAKE: Instr = Instr::Recv {
    via: Via::OWN,
    from: RoleId(0),
    value: Slot::reg(R0),
    label: LabelId(0),
    next: NEXT,
};
const WAIT: Instr =
    Instr::Invoke { effect: EFFECT, argument: Slot::HANDLER, result: Slot::HANDLER, next: NEXT };
const LEND: Instr =
    Instr::Invoke { effect: EFFECT, argument: Slot::reg(R0), result: Slot::HANDLER, next: NEXT };
const RESULT: Instr =
    Instr::Invoke { effect: EFFECT, argument: Slot::HANDLER, result: Slot::reg(R0), next: NEXT };
const OVERWRITE: Instr = Instr::LoadImm { into: R0, kind: ImmKind::Unit, bits: 0 };

fn image(text: &str) -> CodeImage {
    images(text).remove(0).1.expect("the protocol projects")
}

/// Runs a session until nobody can act.
fn held(config: VMConfig, image: &CodeImage, paused: &str, giver: Giver) -> Held {
    let mut vm = VM::new(config);
    vm.pause(paused);
    let session = vm.load_choreography(image).expect("there is room");
    // It may have faulted.
    drop(vm.run(&giver, 100));
    Held { vm, session, giver }
}

fn in_channel(text: &str, giver: Giver, capacity: u16) -> Held {
    // Without a trace, faults are forgotten in the next run.
    let config = VMConfig { capacity, recording: Recording::Off, ..VMConfig::default() };
    held(config, &image(text), "B", giver)
}

fn with_channels(giver: Giver, when_full: WhenFull, mode: ChannelMode) -> Held {
    let config = VMConfig { capacity: 1, when_full, mode, ..VMConfig::default() };
    held(config, &image(THREE), "B", giver)
}

fn with_network(mut giver: Giver, decision: SendDecision) -> Held {
    giver.network = Some(decision);
    held(VMConfig::default(), &image(THREE), "nobody", giver)
}

fn injected(giver: Giver) -> Held {
    let Held { mut vm, session, giver } = in_channel(ONE, giver, 64);
    let (from, to, label) = (RoleId(1), RoleId(0), LabelId(0));
    let message = Message { from, to, lane: 0, label, value: giver.payload() };
    vm.pause("A");
    vm.inject(session, message).expect("there is room");
    Held { vm, session, giver }
}

fn of_the_wrong_kind(mut giver: Giver) -> Held {
    giver.gives_wrong = true;
    held(VMConfig::default(), &image("protocol P(A, B) { A -> B: M(u64); }"), "nobody", giver)
}

fn in_no_branch(mut giver: Giver) -> Held {
    giver.branch = 7;
    held(VMConfig::default(), &image(CHOICES), "nobody", giver)
}

/// One value is sent, and its receiver has a program of its own.
fn by_hand(mut giver: Giver, receiver: &[Instr]) -> Held {
    let image = image("protocol P(A, B) { A -> B: M(Any); }");
    let mut asm = assembler(&image);
    asm.effect("wait").expect("one effect");
    let (_, sender) = image.programs.iter().next().expect("there are two roles");
    asm.program("A", sender.iter().copied()).expect("the role is there");
    asm.program("B", receiver.iter().copied()).expect("the role is there");
    giver.is_late = true;
    held(VMConfig::default(), &asm.finish().expect("an image"), "nobody", giver)
}

/// Values are queued in another session than the one that is ended.
fn through_endpoints(giver: Giver, way: Way) -> Held {
    let inner = image(THREE);
    let mut vm = VM::new(VMConfig::default());
    vm.provide(&inner);
    let session = vm.load_choreography(&way.image(&inner)).expect("there is room");
    // The seats are handed out, and something is sent.
    for _ in 0..6 {
        drop(vm.run(&giver, 1));
        vm.pause("Guest1");
    }
    Held { vm, session, giver }
}
