//! Protocols, and what is going on in them when it is written down.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use telltale_bytecode::{Assembler, Hop, ImportId, Instr, Reg, Slot, Via};
use telltale_syntax::{Projected, analyse_str, project_all};
use telltale_vm::loader::CodeImage;
use telltale_vm::recording::Recorder;
use telltale_vm::snapshot::{SessionSnapshot, Snapshot};
use telltale_vm::{HandlerResult, NoHandler, Policy, Recording, VM, VMConfig, choreography};

use crate::anybody::Anybody;

choreography! {
    /// Payloads of all sorts, some of them for several receivers.
    #[serde]
    pub(crate) protocol Talk(A, B, C) {
        loop {
            choice Next at A {
                A -> B, C: More(u64);
                B -> C: Texts(Vec<String>);
                C -> A: Data(Vec<u8>);
            } or {
                A -> B, C: Stop(bool);
                break;
            }
        }
    }

    /// Roles do several things at once.
    pub(crate) protocol Beside(A, B, C) {
        par {
            loop {
                choice Again at A { A -> B: Say(u64); } or { A -> B: Leave; break; }
            }
        } and {
            A -> B: Other(String);
            B -> C: Sign(char);
            C -> A: Thanks;
        }
        B -> A, C: Bye(f64);
    }
}

/// The role objects of a session.
pub(crate) type Roles = talk::Roles<Counting, Counting, Counting>;

/// Plays a role of `Talk`, and counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counting {
    told: u64,
}

impl Counting {
    fn told(&mut self) {
        self.told = self.told.wrapping_add(1);
    }
}

impl talk::A for Counting {
    fn next(&mut self) -> HandlerResult<talk::Next> {
        Ok(if self.told < 3 { talk::Next::More(self.told) } else { talk::Next::Stop(true) })
    }
    fn on_data(&mut self, _: Vec<u8>) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
}

impl talk::B for Counting {
    fn on_more(&mut self, _: u64) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
    fn texts(&mut self) -> HandlerResult<Vec<String>> {
        Ok(vec![self.told.to_string()])
    }
    fn on_stop(&mut self, _: bool) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
}

impl talk::C for Counting {
    fn on_more(&mut self, _: u64) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
    fn on_texts(&mut self, _: Vec<String>) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
    fn data(&mut self) -> HandlerResult<Vec<u8>> {
        Ok(self.told.to_le_bytes().into())
    }
    fn on_stop(&mut self, _: bool) -> HandlerResult<()> {
        self.told();
        Ok(())
    }
}

/// New role objects.
pub(crate) fn roles() -> Roles {
    talk::Roles { a: Counting::default(), b: Counting::default(), c: Counting::default() }
}

/// All images: the two above, one that is spoken through endpoints, and the programs that do.
pub(crate) fn images() -> &'static [CodeImage] {
    static IMAGES: OnceLock<Vec<CodeImage>> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let inner = "protocol Inner(P, Q) { P -> Q: N(Any); P -> Q: N(Any); Q -> P: N(Any); }";
        let inner = projected(inner);
        let inner = CodeImage::try_from_local_types(&inner.locals, &inner.global);
        let inner = inner.expect("an image");
        let outer = projected("protocol Outer(Host, Guest) { Host -> Guest: Seat(Endpoint); }");
        let mut asm = Assembler::new(&outer.locals, &outer.global).expect("its projections");
        asm.import("it", &inner).expect("one import");
        through_endpoints(&mut asm);
        let outer = asm.finish().expect("an image");
        vec![talk::IMAGE.clone(), beside::IMAGE.clone(), inner, outer]
    })
}

/// The parts of a protocol.
fn projected(text: &str) -> Projected {
    let mut projected = project_all(&analyse_str(text));
    projected.pop().expect("one protocol").expect("it projects")
}

/// A host keeps one endpoint of another session and sends the other to its guest.
fn through_endpoints(asm: &mut Assembler) {
    let (label, next) = (telltale_vm::LabelId(0), Hop::NEXT);
    let role = telltale_vm::RoleId;
    let send = |via, value| Instr::Send { via, to: role(1), value, label, next };
    let recv = |via, from, value| Instr::Recv { via, from: role(from), value, label, next };
    let (host, guest) = (Via::reg(Reg(0)), Via::reg(Reg(2)));
    let (reg, given) = (|number| Slot::reg(Reg(number)), Slot::HANDLER);
    let close = |endpoint| Instr::Close { endpoint };
    let of_host = vec![
        Instr::Open { import: ImportId(0), first: Reg(0) },
        send(Via::OWN, reg(1)),
        send(host, given),
        send(host, given),
        recv(host, 1, given),
        close(Reg(0)),
        Instr::Halt,
    ];
    let of_guest = vec![
        recv(Via::OWN, 0, reg(2)),
        recv(guest, 0, reg(3)),
        recv(guest, 0, given),
        Instr::Send { via: guest, to: role(0), value: reg(3), label, next },
        close(Reg(2)),
        Instr::Halt,
    ];
    for (role, program) in [("Host", of_host), ("Guest", of_guest)] {
        asm.program(role, program).expect("a role");
    }
}

/// A machine with a session of each image, and one with role objects; after so many rounds.
fn machine(rounds: usize, quantum: u32, capacity: u16, policy: Policy) -> Snapshot {
    let recording = Recording::Last(40);
    let config = VMConfig { quantum, capacity, policy, recording, seed: 1, ..VMConfig::default() };
    let mut vm = VM::new(config);
    vm.provide(&images()[2]);
    for image in [0, 1, 3] {
        vm.load_choreography(&images()[image]).expect("there is room");
    }
    let session = roles().open(&mut vm).expect("there is room");
    let handlers = [Anybody::prompt(), Anybody::moody()];
    for _ in 0..rounds {
        drop(vm.run(&handlers[usize::from(quantum != 2)], 1));
    }
    vm.pause("C");
    let mut snapshot = vm.snapshot().expect("all payloads can be written down");
    // Where the session has ended, there is nothing to keep.
    drop(snapshot.keep_roles(&vm, session));
    snapshot
}

/// Machines at several moments, on their scripts and off them.
pub(crate) fn machines() -> [Snapshot; 4] {
    [
        machine(0, 64, 64, Policy::Cooperative),
        machine(3, 1, 1, Policy::Random),
        machine(5, 2, 1, Policy::ProgressAware),
        machine(6, 3, 2, Policy::RoundRobin),
    ]
}

/// Sessions that stand alone.
pub(crate) fn sessions() -> [SessionSnapshot; 2] {
    [0, 1].map(|image| {
        let config = VMConfig { quantum: 3, capacity: 1, ..VMConfig::default() };
        let mut vm = VM::new(config);
        let session = vm.load_choreography(&images()[image]).expect("there is room");
        drop(vm.run(&Anybody::moody(), 2));
        vm.snapshot_session(session).expect("it stands alone")
    })
}

/// Recordings: of role objects; of a handler that is late, with a network that keeps messages aside; of one that always answers; and
/// one that was cut off.
pub(crate) fn recordings() -> [String; 4] {
    let recorder = Recorder::new(&NoHandler);
    roles().play_with(&recorder).expect("they are complete");
    let objects = text(recorder);
    let [moody, prompt] = [Anybody::moody(), Anybody::prompt()].map(|handler| {
        let config = VMConfig { seed: 3, ..VMConfig::default() };
        let recorder = Recorder::new(&handler).with_config(config.clone());
        let mut vm = VM::new(config);
        for image in &images()[..2] {
            vm.load_choreography(image).expect("there is room");
        }
        for _ in 0..4 {
            drop(vm.run(&recorder, 20));
            deliver(&mut vm);
        }
        text(recorder)
    });
    let cut_off = prompt.split_inclusive('\n').take(12).collect();
    [objects, moody, prompt, cut_off]
}

fn text(recorder: Recorder<'_>) -> String {
    String::from_utf8(recorder.finish().expect("all can be written down")).expect("it is JSON")
}

/// Whoever waits is woken, and what is aside arrives.
pub(crate) fn deliver(vm: &mut VM) {
    let sessions: Vec<_> = vm.sessions().map(|session| session.id()).collect();
    let waits = vm
        .coroutines()
        .filter(|role| role.status() == telltale_vm::CoroStatus::AwaitsHandler)
        .map(|role| (role.session_id(), role.role().to_owned()));
    for (session, role) in waits.collect::<Vec<_>>() {
        // All lanes of a role are woken at once.
        drop(vm.wake(session, &role));
    }
    for session in sessions {
        for message in vm.take_deferred(session).unwrap_or_default() {
            drop(vm.inject(session, message));
        }
    }
}

/// What is tried begins with what is right.
#[cfg(test)]
mod tests {
    use telltale_vm::recording::{Recorded, Replay};

    use super::*;

    #[test]
    fn what_is_written_down_is_resumed() {
        for machine in machines() {
            machine.resume(images()).expect("it was written down today");
        }
        for session in sessions() {
            session.resume(&mut VM::default(), images()).expect("it was written down today");
        }
    }

    #[test]
    fn what_is_recorded_is_played_again() {
        for (nth, text) in recordings().iter().enumerate() {
            let recorded = Recorded::read_cut_off(text.as_bytes()).expect("it was written today");
            let mut vm = VM::new(recorded.config());
            for image in images().iter().take(recorded.sessions().len()) {
                vm.load_choreography(image).expect("there is room");
            }
            let played = Replay::new(&recorded).run(&mut vm);
            played.unwrap_or_else(|error| panic!("recording {nth}: {error}"));
        }
    }
}
