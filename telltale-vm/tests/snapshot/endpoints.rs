//! Programs written by hand, with registers, effects and endpoints: sessions that reach each other go together.

use std::collections::BTreeMap;

use telltale_bytecode::{Assembler, Hop, ImportId, Instr, Pc, Reg, Slot, Via};
use telltale_theory::oracle::with_payloads;
use telltale_types::{GlobalType, LabelId, RoleId};
use telltale_vm::loader::CodeImage;
use telltale_vm::snapshot::{Snapshot, SnapshotError};
use telltale_vm::{
    Branch, Context, EffectHandler, HandlerResult, Kind, Picked, Policy, Progress, VM, VMConfig,
    Value,
};

use super::relay::{assert_same, relay};
use crate::support::{image_of, protocol};

/// Answers with the count of the role, and with records for effects.
pub(super) struct Counting;

impl EffectHandler for Counting {
    fn send(&self, cx: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::Uint(cx.count()))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, branches: &[Branch]) -> HandlerResult<Picked> {
        let branch = usize::from(cx.count() < 6) % branches.len();
        Ok(Picked { branch, value: Value::text("chosen") })
    }

    fn invoke(&self, cx: &Context<'_>, _: &str, argument: Option<&Value>) -> HandlerResult<Value> {
        let kind = argument.map_or(Kind::Unit, Value::kind);
        let note = Value::record([
            ("count".to_owned(), Value::Uint(cx.count())),
            ("of".to_owned(), Value::text(format!("{kind}"))),
            ("half".to_owned(), Value::from(0.5)),
            ("sign".to_owned(), Value::from('ß')),
        ]);
        Ok(note)
    }
}

fn assembler(global: &GlobalType) -> Assembler {
    let locals: BTreeMap<_, _> =
        telltale_theory::project_all(global).expect("it projects").into_iter().collect();
    Assembler::new(&locals, global).expect("they are its projections")
}

const NEXT: Hop = Hop::NEXT;

fn reg(number: u8) -> Slot {
    Slot::reg(Reg(number))
}

fn send(via: Via, to: u8, value: Slot) -> Instr {
    Instr::Send { via, to: RoleId(to), value, label: LabelId(0), next: NEXT }
}

fn recv(via: Via, from: u8, value: Slot) -> Instr {
    Instr::Recv { via, from: RoleId(from), value, label: LabelId(0), next: NEXT }
}

/// What is spoken through endpoints: many messages, so that there may be no room.
fn inner() -> CodeImage {
    image_of(&format!("{}Q→P:n", "P→Q:n.".repeat(4)), "Any")
}

/// A host opens the inner protocol, keeps one endpoint and sends the other to a guest; both speak through theirs.
fn outer(inner: &CodeImage) -> CodeImage {
    let global = with_payloads(&protocol("Host→Guest:seat"), |_| "Endpoint");
    let mut asm = assembler(&global);
    asm.import("it", inner).expect("one import");
    asm.effect("note").expect("one effect");
    let note = Instr::Invoke {
        effect: telltale_bytecode::EffectId(0),
        argument: Slot::HANDLER,
        result: reg(3),
        next: NEXT,
    };
    let own = Via::OWN;
    let seat = |number| Via::reg(Reg(number));
    let mut host =
        vec![Instr::Open { import: ImportId(0), first: Reg(0) }, note, send(own, 1, reg(1))];
    host.extend([send(seat(0), 1, Slot::HANDLER); 3]);
    host.push(send(seat(0), 1, reg(3)));
    host.extend([recv(seat(0), 1, reg(2)), Instr::Close { endpoint: Reg(0) }, Instr::Halt]);
    let mut guest = vec![recv(own, 0, reg(5))];
    guest.extend([recv(seat(5), 0, reg(6)); 4]);
    guest.extend([send(seat(5), 0, reg(6)), Instr::Close { endpoint: Reg(5) }, Instr::Halt]);
    asm.program("Host", host).expect("a role");
    asm.program("Guest", guest).expect("a role");
    asm.finish().expect("an image")
}

fn configs() -> impl Iterator<Item = VMConfig> {
    Policy::ALL.into_iter().flat_map(|policy| {
        [(1, 1), (2, 2), (64, 64)].map(|(quantum, capacity)| VMConfig {
            policy,
            quantum,
            capacity,
            seed: 5,
            ..VMConfig::default()
        })
    })
}

fn machine(config: VMConfig, inner: &CodeImage, outer: &CodeImage) -> VM {
    let mut vm = VM::new(config);
    vm.provide(inner);
    for _ in 0..3 {
        vm.load_choreography(outer).expect("there is room");
    }
    vm
}

/// The protocol that is spoken through endpoints, and the programs that do.
pub(super) fn all_images() -> [CodeImage; 2] {
    let inner = inner();
    let outer = outer(&inner);
    [inner, outer]
}

/// Endpoints are in registers, and a role waits in a seat.
pub(super) fn in_the_middle() -> Snapshot {
    let [inner, outer] = all_images();
    let config = VMConfig { quantum: 3, capacity: 1, seed: 5, ..VMConfig::default() };
    let mut vm = machine(config, &inner, &outer);
    vm.run(&Counting, 2).expect("nobody faults");
    vm.snapshot().expect("no payload is a Rust value")
}

#[test]
fn at_every_step() {
    let images = all_images();
    let [inner, outer] = images.clone();
    for config in configs() {
        let mut vm = machine(config, &inner, &outer);
        let mut resumed = relay(&vm, &images);
        let mut calls = 0;
        while vm.progress() != Progress::Complete {
            for vm in [&mut vm, &mut resumed] {
                vm.step_round(&Counting, 1 + calls % 3).expect("nobody faults");
                if calls == 4 {
                    vm.pause("Guest");
                } else if calls == 9 {
                    vm.resume("Guest");
                }
            }
            assert_same(&resumed, &vm);
            resumed = relay(&resumed, &images);
            calls += 1;
            assert!(calls < 500, "it does not end: {vm}");
        }
        assert_eq!(vm.trace(), resumed.trace());
        assert_eq!(vm.open_sessions(), 0);
    }
}

#[test]
fn a_session_that_is_tied_to_others_does_not_go_alone() {
    let [inner, outer] = all_images();
    let mut vm = machine(VMConfig { quantum: 1, ..VMConfig::default() }, &inner, &outer);
    let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    vm.snapshot_session(sessions[0]).expect("it holds nothing yet");
    vm.run(&Counting, 1).expect("nobody faults");
    let tied = vm.snapshot_session(sessions[0]).expect_err("it holds endpoints");
    assert_eq!(
        tied.to_string(),
        "session #0 cannot be written down alone: it holds endpoints of other sessions; `VM::snapshot` takes all sessions",
    );
    let opened = vm.sessions().map(|session| session.id()).max().expect("it is running");
    let played = vm.snapshot_session(opened).expect_err("it is played");
    assert!(matches!(played, SnapshotError::NotAlone { .. }), "{played}");
    assert!(played.to_string().contains("its roles are played through endpoints"), "{played}");
    // An endpoint in a channel ties as well.
    let mut is_on_its_way = false;
    while vm.progress() != Progress::Complete {
        vm.step(&Counting).expect("nobody faults");
        let channel = vm.session(sessions[0]).ok().and_then(|view| view.queued("Host", "Guest"));
        if channel == Some(1) {
            is_on_its_way = true;
            assert!(vm.snapshot_session(sessions[0]).is_err());
        }
    }
    assert!(is_on_its_way);
}

/// Chooses the first branch.
struct First;

impl EffectHandler for First {
    fn send(&self, _: &Context<'_>, _: RoleId, _: LabelId) -> HandlerResult<Value> {
        Ok(Value::from(false))
    }

    fn receive(&self, _: &Context<'_>, _: RoleId, _: LabelId, _: Value) -> HandlerResult<()> {
        Ok(())
    }

    fn choose(&self, cx: &Context<'_>, _: &[Branch]) -> HandlerResult<Picked> {
        // Whose message it is can be seen.
        let value = if cx.role() == RoleId(0) { Value::Int(-1) } else { Value::text("Q") };
        Ok(Picked { branch: 0, value })
    }
}

/// Two roles choose through endpoints while there is no room: each keeps what it has chosen.
#[test]
fn what_two_roles_have_chosen_in_seats_is_kept_for_each() {
    let inner = image_of("P→R:m. Q→R:m. P→{R:m. Q→{R:m; R:n}; R:n. Q→{R:m; R:n}}", "Any");
    let names = inner.names();
    let [p, q, r] = ["P", "Q", "R"].map(|name| names.find_role(name).expect("a role").0);
    let label = |name| names.find_label(name).expect("a label");
    let global = with_payloads(&protocol("Host→Guest:seat. Host→Other:seat"), |_| "Endpoint");
    let mut asm = assembler(&global);
    asm.import("it", &inner).expect("one import");
    let own = Via::OWN;
    let branches = |asm: &mut Assembler, peer: u8, target: u32| {
        let branch = |name| (Branch { peer: RoleId(peer), label: label(name) }, Pc(target));
        asm.branches([branch("m"), branch("n")]).expect("a set")
    };
    // A jump is followed to the choice behind it.
    let (set, targets) = branches(&mut asm, r, 6);
    let via = Via::reg(Reg(p));
    let host = [
        Instr::Open { import: ImportId(0), first: Reg(0) },
        send(own, 1, reg(q)),
        send(own, 2, reg(r)),
        send(via, r, Slot::HANDLER),
        Instr::Jmp { target: Pc(5) },
        Instr::Choose { via, set, targets },
        Instr::Close { endpoint: Reg(p) },
        Instr::Halt,
    ];
    let (set, targets) = branches(&mut asm, r, 3);
    let via = Via::reg(Reg(5));
    let guest = [
        recv(own, 0, reg(5)),
        send(via, r, Slot::HANDLER),
        Instr::Choose { via, set, targets },
        Instr::Close { endpoint: Reg(5) },
        Instr::Halt,
    ];
    let of_p = branches(&mut asm, p, 4);
    let of_q = branches(&mut asm, q, 5);
    let other = [
        recv(own, 0, reg(5)),
        recv(via, p, Slot::HANDLER),
        recv(via, q, Slot::HANDLER),
        Instr::Offer { via, set: of_p.0, targets: of_p.1 },
        Instr::Offer { via, set: of_q.0, targets: of_q.1 },
        Instr::Close { endpoint: Reg(5) },
        Instr::Halt,
    ];
    asm.program("Host", host).expect("a role");
    asm.program("Guest", guest).expect("a role");
    asm.program("Other", other).expect("a role");
    let images = [inner.clone(), asm.finish().expect("an image")];
    for quantum in [1, 64] {
        let mut vm = VM::new(VMConfig { quantum, capacity: 1, ..VMConfig::default() });
        vm.provide(&inner);
        vm.load_choreography(&images[1]).expect("there is room");
        // Who makes room comes late.
        vm.pause("Other");
        let mut resumed = relay(&vm, &images);
        for call in 0..60 {
            for vm in [&mut vm, &mut resumed] {
                vm.step_round(&First, 2).expect("nobody faults");
                if call == 25 {
                    vm.resume("Other");
                }
            }
            assert_same(&resumed, &vm);
            resumed = relay(&resumed, &images);
        }
        assert_eq!(vm.progress(), Progress::Complete, "{vm}");
        assert_eq!(vm.trace(), resumed.trace());
    }
}
